// SPDX-License-Identifier: BSL-1.0
// The client's view: one UDP probe per millisecond and one new TCP connection per 10 ms to the VIP, each with the node
// that answered it. A probe belongs to the tick in which it was sent, however late its answer is read, so this
// process's own delays shift no figure. It never retries: what is lost is lost.
#include "instrument.hpp"

#include <cerrno>
#include <cinttypes>
#include <cstring>
#include <sys/socket.h>

namespace demo {
namespace {

constexpr nanoseconds tick = 1'000'000;
constexpr std::uint64_t connect_every = 10;
constexpr nanoseconds connect_time_limit = 1'000'000'000;
constexpr nanoseconds stragglers_wait = 300'000'000;

enum tag : std::uint64_t { tag_stop, tag_tick, tag_udp, tag_first_connection };

struct exchange {
  std::uint64_t number;
  nanoseconds sent;
  nanoseconds answered = 0;
  std::string node{};
};

class client_run {
 public:
  explicit client_run(const sockaddr_in& target)
      : target_(target),
        stop_(stop_signals()),
        udp_(checked(::socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), "socket")),
        ticker_(tick) {
    if (::connect(udp_.value(), reinterpret_cast<const sockaddr*>(&target_), sizeof target_) != 0) die("connect");
    deepen_queue(udp_.value());
    loop_.add(stop_.value(), tag_stop);
    loop_.add(ticker_.fd(), tag_tick);
    loop_.add(udp_.value(), tag_udp);
  }

  /// Probes until SIGTERM, then waits a moment for the last answers.
  void run() {
    nanoseconds end = 0;
    while (end == 0 || now() < end) {
      for (const epoll_event& event : loop_.wait(10)) {
        if (event.data.u64 == tag_stop && end == 0) {
          end = now() + stragglers_wait;
          loop_.remove(stop_.value());
        }
        if (event.data.u64 == tag_tick) on_tick(end != 0);
        if (event.data.u64 == tag_udp) on_udp();
        if (event.data.u64 >= tag_first_connection) on_tcp(event.data.u64 - tag_first_connection);
      }
    }
    for (auto& [index, pending] : pending_) connections_[index].node = "unfinished";
  }

  void write(std::FILE* out) const {
    for (const exchange& probe : probes_) write_row(out, "udp", probe);
    for (const exchange& connection : connections_) write_row(out, "tcp", connection);
    std::fprintf(out, "missed,%" PRIu64 "\n", ticker_.missed());
  }

 private:
  void on_tick(bool ending) {
    const std::uint64_t number = ticker_.take();
    if (number == 0 || ending) return;
    probes_.push_back({number, now()});
    const std::uint64_t index = probes_.size() - 1;
    static_cast<void>(::send(udp_.value(), &index, sizeof index, 0));
    if (number / connect_every != last_connect_) {
      last_connect_ = number / connect_every;
      start_connection(number);
    }
    expire_connections();
  }

  void on_udp() {
    std::array<char, 256> packet{};
    for (;;) {
      const auto size = ::recv(udp_.value(), packet.data(), packet.size(), 0);
      if (size < 0 && errno == EAGAIN) return;
      if (size < 8) continue;  // a refused probe shows as an error here; it stays unanswered
      std::uint64_t index = 0;
      std::memcpy(&index, packet.data(), sizeof index);
      if (index >= probes_.size() || probes_[index].answered != 0) continue;
      probes_[index].answered = now();
      probes_[index].node.assign(packet.data() + 8, static_cast<std::size_t>(size) - 8);
      report(probes_[index]);
    }
  }

  void report(const exchange& probe) {
    if (probe.node == last_node_) return;
    last_node_ = probe.node;
    std::printf("served %" PRId64 " %s\n", probe.sent, last_node_.c_str());
  }

  void start_connection(std::uint64_t number) {
    descriptor fd = checked(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), "socket");
    const linger reset_on_close{1, 0};  // leaves no TIME_WAIT behind, so ports never run out
    ::setsockopt(fd.value(), SOL_SOCKET, SO_LINGER, &reset_on_close, sizeof reset_on_close);
    connections_.push_back({number, now()});
    const std::uint64_t index = connections_.size() - 1;
    const int result = ::connect(fd.value(), reinterpret_cast<const sockaddr*>(&target_), sizeof target_);
    if (result != 0 && errno != EINPROGRESS) {
      connections_.back().node = std::strerror(errno);
      return;
    }
    loop_.add(fd.value(), tag_first_connection + index, EPOLLIN | EPOLLRDHUP);
    pending_.emplace(index, std::move(fd));
  }

  void on_tcp(std::uint64_t index) {
    const auto found = pending_.find(index);
    if (found == pending_.end()) return;
    std::array<char, 64> name{};
    const auto size = ::recv(found->second.value(), name.data(), name.size(), 0);
    if (size < 0 && errno == EAGAIN) return;
    exchange& connection = connections_[index];
    if (size > 0) {
      connection.answered = now();
      connection.node.assign(name.data(), static_cast<std::size_t>(size));
    } else {
      connection.node = size == 0 ? "closed early" : std::strerror(errno);
    }
    pending_.erase(found);
  }

  void expire_connections() {
    while (!pending_.empty() && now() - connections_[pending_.begin()->first].sent > connect_time_limit) {
      connections_[pending_.begin()->first].node = "timed out";
      pending_.erase(pending_.begin());
    }
  }

  static void write_row(std::FILE* out, const char* kind, const exchange& row) {
    std::fprintf(out, "%s,%" PRIu64 ",%" PRId64 ",", kind, row.number, row.sent);
    if (row.answered != 0) std::fprintf(out, "%" PRId64, row.answered);
    std::fprintf(out, ",%s\n", row.node.c_str());
  }

  sockaddr_in target_;
  descriptor stop_;
  descriptor udp_;
  ticker ticker_;
  event_loop loop_;
  std::vector<exchange> probes_;
  std::vector<exchange> connections_;
  std::map<std::uint64_t, descriptor> pending_;
  std::uint64_t last_connect_ = 0;
  std::string last_node_;
};

}  // namespace

int client(const arguments& options) {
  const result_file out(options.required("out"));
  client_run run(address_of(options.required("target"), options.value_or("port", "7007")));
  be_punctual();
  std::puts("ready");
  run.run();
  run.write(out.stream());
  return 0;
}

}  // namespace demo
