// SPDX-License-Identifier: BSL-1.0

#include "failure.hpp"
#include "privileges.hpp"

#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <linux/capability.h>
#include <linux/if_packet.h>
#include <string_view>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace speakerd {

namespace {

constexpr std::uint32_t net_raw = CAP_TO_MASK(CAP_NET_RAW);

/// Version 3 of the interface has two words; CAP_NET_RAW is in the first.
using capability_words = std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3>;

bool read_capabilities(capability_words& words) noexcept {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  return ::syscall(SYS_capget, &header, words.data()) == 0;
}

bool write_capabilities(const capability_words& words) noexcept {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  return ::syscall(SYS_capset, &header, words.data()) == 0;
}

[[noreturn]] void give_up(std::string_view what) {
  throw failure{exit_code::os, fmt::format("cannot drop privileges: {}: {}", what, std::strerror(errno))};
}

/// The bounding set shrinks only with CAP_SETPCAP; without it there is nothing in it that could be gained either, for
/// no_new_privs is set.
void shrink_bounding_set() noexcept {
  for (unsigned long capability = 0; ::prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0; ++capability) {
    if (capability != CAP_NET_RAW) ::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);
  }
}

void set_effective(bool in_effect) noexcept {
  capability_words words{};
  if (!read_capabilities(words)) return;
  words[0].effective = in_effect ? words[0].permitted & net_raw : 0;
  write_capabilities(words);
}

/// The remedies are those of --help. In a container, exec by a user other than root keeps only what the file's
/// capabilities grant, and no_new_privs withholds that unless the runtime had made it permitted before; not all do.
[[noreturn]] void refuse_permission(std::string_view reason) {
  throw failure{
      exit_code::no_permission,
      fmt::format("missing permission CAP_NET_RAW ({}): give it with 'setcap cap_net_raw=p isat-speaker', in a systemd "
                  "unit with 'AmbientCapabilities=CAP_NET_RAW', or in a Kubernetes manifest with 'securityContext: "
                  "{{capabilities: {{drop: [ALL], add: [NET_RAW]}}}}' (without root, a container needs the file "
                  "capability in its image too, and no allowPrivilegeEscalation: false, with which some runtimes do "
                  "not grant it)",
                  reason)};
}

}  // namespace

void drop_privileges() {
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) give_up("no_new_privs");
  capability_words words{};
  if (!read_capabilities(words)) give_up("capget");
  shrink_bounding_set();
  ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);  // capset below clears it as well
  const std::uint32_t kept = words[0].permitted & net_raw;
  words = {};
  words[0].permitted = kept;
  if (!write_capabilities(words)) give_up("capset");
}

void require_net_raw() {
  capability_words words{};
  if (!read_capabilities(words)) give_up("capget");
  if ((words[0].permitted & net_raw) == 0) refuse_permission("it is not permitted to this process");
  // The capability counts only in the user namespace that owns the network, and a sandbox may forbid the call: try it.
  // Protocol 0 receives nothing.
  const raised_net_raw raised;
  const int probe = ::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
  if (probe >= 0) {
    ::close(probe);
    return;
  }
  if (errno == EPERM || errno == EACCES) refuse_permission("a packet socket was refused in this network namespace");
  throw failure{exit_code::os, fmt::format("cannot open a packet socket: {}", std::strerror(errno))};
}

raised_net_raw::raised_net_raw() noexcept { set_effective(true); }
raised_net_raw::~raised_net_raw() { set_effective(false); }

}  // namespace speakerd
