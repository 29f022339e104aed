// SPDX-License-Identifier: BSL-1.0

#include "isat/election/shared_file_system.hpp"

#include <doctest/doctest.h>

#include <cstdint>
#include <initializer_list>
#include <linux/magic.h>

using isat::election::is_shared_file_system;

TEST_CASE("file systems that machines share are told from those of one host") {
  struct row {
    const char* name;
    std::uint32_t magic;
    bool shared;
  };
  for (const row& each : {row{"NFS", NFS_SUPER_MAGIC, true},       row{"SMB", SMB_SUPER_MAGIC, true},
                          row{"SMB 1", 0xff534d42, true},          row{"SMB 2", 0xfe534d42, true},
                          row{"OpenAFS", AFS_SUPER_MAGIC, true},   row{"kAFS", AFS_FS_MAGIC, true},
                          row{"Coda", CODA_SUPER_MAGIC, true},     row{"Ceph", 0x00c36400, true},
                          row{"GFS2", 0x01161970, true},           row{"OCFS2", 0x7461636f, true},
                          row{"Lustre", 0x0bd00bd0, true},         row{"9P", V9FS_MAGIC, true},
                          row{"FUSE, virtiofs", 0x65735546, true}, row{"tmpfs", TMPFS_MAGIC, false},
                          row{"ext4", EXT4_SUPER_MAGIC, false},    row{"XFS", 0x58465342, false},
                          row{"Btrfs", BTRFS_SUPER_MAGIC, false},  row{"overlayfs", OVERLAYFS_SUPER_MAGIC, false},
                          row{"ramfs", RAMFS_MAGIC, false},        row{"none", 0, false}}) {
    CAPTURE(each.name);
    CHECK(is_shared_file_system(each.magic) == each.shared);
  }
}
