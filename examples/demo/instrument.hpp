// SPDX-License-Identifier: BSL-1.0
// What the demo's three instruments (serve, client, watch) share: one clock, a ticker that never bursts, a stop
// descriptor and an epoll loop. The instruments judge the speaker, so they share no code with it: everything here is
// plain POSIX and Linux. It refuses to be a library: errors end the process with a sentence.
#pragma once

#include <array>
#include <cstdint>
#include <cstdio>
#include <map>
#include <netinet/in.h>
#include <string>
#include <string_view>
#include <sys/epoll.h>
#include <utility>
#include <vector>

namespace demo {

using nanoseconds = std::int64_t;

/// CLOCK_MONOTONIC in nanoseconds: the same clock as Python's time.monotonic_ns(), in every namespace.
nanoseconds now();

/// Ends the process with `what` and the text of errno, exit code 1.
[[noreturn]] void die(std::string_view what);

/// An owned file descriptor.
class descriptor {
 public:
  descriptor() = default;
  explicit descriptor(int fd) : fd_(fd) {}
  descriptor(descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  descriptor& operator=(descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~descriptor();

  int value() const { return fd_; }

 private:
  int fd_ = -1;
};

/// Returns `fd` as an owned descriptor, or ends the process when it is negative.
descriptor checked(int fd, std::string_view what);

/// A timer that counts its periods: a process that was not scheduled in time loses ticks and says how many, instead of
/// sending a burst to catch up.
class ticker {
 public:
  explicit ticker(nanoseconds period);

  int fd() const { return fd_.value(); }
  /// Number of the newest period that has begun, from 1; 0 when no new one has.
  std::uint64_t take();
  /// Periods that passed unused because we woke too late.
  std::uint64_t missed() const { return missed_; }

 private:
  descriptor fd_;
  std::uint64_t index_ = 0;
  std::uint64_t missed_ = 0;
};

/// Asks for the scheduler's preference, so that a busy machine delays the measurement less; quietly goes without it
/// when not permitted, and `ticker::missed` tells.
void be_punctual();

/// Makes a socket's receive queue deep enough for a second of probes: the instruments must not be what loses one.
void deepen_queue(int fd);

/// A descriptor that becomes readable on SIGTERM or SIGINT; the signals are blocked from the call on.
descriptor stop_signals();

/// The smallest useful epoll loop: one tag per descriptor.
class event_loop {
 public:
  event_loop();
  void add(int fd, std::uint64_t tag, std::uint32_t events = EPOLLIN);
  void change(int fd, std::uint64_t tag, std::uint32_t events);
  void remove(int fd);
  /// Waits at most `timeout_ms` (-1: for ever) and returns the events that came.
  const std::vector<epoll_event>& wait(int timeout_ms);

 private:
  void control(int operation, int fd, std::uint64_t tag, std::uint32_t events);

  descriptor fd_;
  std::vector<epoll_event> ready_;
};

/// The `--name value` pairs of a command line.
class arguments {
 public:
  arguments(int argc, char** argv);
  std::string required(const std::string& name) const;
  std::string value_or(const std::string& name, const std::string& fallback) const;

 private:
  std::map<std::string, std::string> values_;
};

/// A socket address from dotted text and a port; ends the process when the text is no IPv4 address.
sockaddr_in address_of(const std::string& text, const std::string& port);

/// A text file to write results to; ends the process when it cannot be opened, written or closed.
class result_file {
 public:
  explicit result_file(const std::string& path);
  result_file(const result_file&) = delete;
  result_file& operator=(const result_file&) = delete;
  ~result_file();
  std::FILE* stream() const { return stream_; }

 private:
  std::FILE* stream_;
};

int serve(const arguments& options);
int client(const arguments& options);
int watch(const arguments& options);

}  // namespace demo
