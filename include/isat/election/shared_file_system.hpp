// SPDX-License-Identifier: BSL-1.0

// Which file systems may be mounted by several machines at once. Links and names work there as on any other, so that
// leases seem to be kept; but a lock is often known to one machine only, and then a live process looks dead to the
// others. file_store asks this before it begins. It refuses to tell whether a given mount is in fact shared.
#pragma once

#include <cstdint>

namespace isat::inline v0::election {

/// True for the number that statfs() gives for a file system of machines: of a network, of a cluster, or lent to
/// virtual machines by their host.
constexpr bool is_shared_file_system(std::uint32_t magic) noexcept {
  switch (magic) {
    case 0x00006969:  // NFS
    case 0x0000517b:  // SMB, smbfs
    case 0xff534d42:  // SMB 1, cifs
    case 0xfe534d42:  // SMB 2 and later, cifs
    case 0x0000564c:  // NCP
    case 0x5346414f:  // AFS, OpenAFS
    case 0x6b414653:  // AFS, kAFS
    case 0x73757245:  // Coda
    case 0x00c36400:  // Ceph
    case 0x01161970:  // GFS2
    case 0x7461636f:  // OCFS2
    case 0x0bd00bd0:  // Lustre
    case 0x19830326:  // BeeGFS
    case 0x47504653:  // GPFS
    case 0x01021997:  // 9P: virtual machines, sandboxes
    case 0x65735546:  // FUSE: sshfs, GlusterFS, virtiofs and more
    case 0x786f4256:  // VirtualBox shared folders
    case 0xbacbacbc:  // VMware shared folders
      return true;
    default:
      return false;
  }
}

}  // namespace isat::inline v0::election
