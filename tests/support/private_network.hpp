// SPDX-License-Identifier: BSL-1.0

// A network of the test's own: each test case enters a fresh network namespace, makes interfaces there with iproute2
// and leaves nothing behind, because the kernel removes the namespace with the process. Works as root, and without
// privileges where user namespaces are allowed; else the test case is skipped with the reason.
#pragma once

#include "skip.hpp"

#include <arpa/inet.h>
#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <linux/if_packet.h>
#include <net/if.h>
#include <sched.h>
#include <span>
#include <spawn.h>
#include <sstream>
#include <stdexcept>
#include <string>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

extern char** environ;

namespace isat::test {

/// Runs a program to its end, with `input` on its standard input; true if it ended with 0.
inline bool run_program(std::vector<std::string> words, const std::string& input = {}) {
  std::vector<char*> arguments;
  for (auto& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  int pipe_ends[2] = {-1, -1};
  if (::pipe2(pipe_ends, O_CLOEXEC) != 0) return false;
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, pipe_ends[0], 0);
  pid_t child = 0;
  const int failed = ::posix_spawnp(&child, arguments[0], &actions, nullptr, arguments.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  ::close(pipe_ends[0]);
  std::size_t written = 0;
  while (failed == 0 && written < input.size()) {
    const auto count = ::write(pipe_ends[1], input.data() + written, input.size() - written);
    if (count <= 0) break;
    written += static_cast<std::size_t>(count);
  }
  ::close(pipe_ends[1]);
  int status = 0;
  return failed == 0 && ::waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

inline bool write_setting(const char* path, const std::string& text) {
  std::ofstream file{path};
  file << text;
  file.close();
  return !file.fail();
}

/// Runs `ip` with these words, separated by blanks; true if it succeeded.
inline bool ip(const std::string& words) {
  std::vector<std::string> all{"ip"};
  std::istringstream in{words};
  for (std::string word; in >> word;) all.push_back(word);
  return run_program(all);
}

/// Runs many `ip` commands, one a line, in one process.
inline bool ip_batch(const std::string& lines) { return run_program({"ip", "-batch", "-"}, lines); }

/// Enters a fresh network namespace. False, with the test case marked as skipped, if that cannot be done here.
inline bool enter_private_network() {
  static bool prepared = false;
  if (!prepared) {
    const char* path = std::getenv("PATH");
    ::setenv("PATH", ((path != nullptr ? std::string{path} : std::string{}) + ":/usr/sbin:/sbin").c_str(), 1);
    const auto user = std::to_string(::geteuid());
    const auto group = std::to_string(::getegid());
    if (::geteuid() != 0 && (::unshare(CLONE_NEWUSER) != 0 || !write_setting("/proc/self/setgroups", "deny") ||
                             !write_setting("/proc/self/uid_map", "0 " + user + " 1") ||
                             !write_setting("/proc/self/gid_map", "0 " + group + " 1"))) {
      skip("no user namespaces here, and not root");
      return false;
    }
    prepared = true;
  }
  if (::unshare(CLONE_NEWNET) != 0) {
    skip(std::string{"no network namespaces here: "} + std::strerror(errno));
    return false;
  }
  if (!ip("link set dev lo up") || !ip("link add probe0 type veth peer name probe1") || !ip("link del dev probe0")) {
    skip("`ip link add type veth` fails here (package iproute2, kernel module veth)");
    return false;
  }
  return true;
}

/// The other end of a cable: sends hand-made frames and hears every frame, without anything of the library.
class raw_socket {
 public:
  /// @param protocol an EtherType, or ETH_P_ALL
  raw_socket(const char* interface, int protocol)
      : descriptor_{::socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)} {
    sockaddr_ll address{};
    address.sll_family = AF_PACKET;
    address.sll_protocol = htons(static_cast<unsigned short>(protocol));
    address.sll_ifindex = static_cast<int>(::if_nametoindex(interface));
    if (descriptor_ < 0 || ::bind(descriptor_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
      throw std::runtime_error{std::string{"raw socket on "} + interface + ": " + std::strerror(errno)};
    }
  }
  ~raw_socket() { ::close(descriptor_); }
  raw_socket(const raw_socket&) = delete;
  raw_socket& operator=(const raw_socket&) = delete;

  bool send(std::span<const std::byte> frame) const {
    return ::send(descriptor_, frame.data(), frame.size(), 0) == static_cast<ssize_t>(frame.size());
  }

  /// The next frame that is queued, an empty one if there is none. @param kind PACKET_HOST, PACKET_OTHERHOST, …
  std::vector<std::byte> receive(int* kind = nullptr) const {
    std::vector<std::byte> frame(65536);
    sockaddr_ll sender{};
    socklen_t length = sizeof sender;
    const auto size =
        ::recvfrom(descriptor_, frame.data(), frame.size(), 0, reinterpret_cast<sockaddr*>(&sender), &length);
    frame.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
    if (kind != nullptr) *kind = sender.sll_pkttype;
    return frame;
  }

 private:
  int descriptor_;
};

}  // namespace isat::test
