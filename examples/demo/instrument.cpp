// SPDX-License-Identifier: BSL-1.0
#include "instrument.hpp"

#include <arpa/inet.h>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

namespace demo {

nanoseconds now() {
  timespec reading{};
  clock_gettime(CLOCK_MONOTONIC, &reading);
  return nanoseconds{reading.tv_sec} * 1'000'000'000 + reading.tv_nsec;
}

void die(std::string_view what) {
  std::fprintf(stderr, "isat-demo-probe: %.*s: %s\n", static_cast<int>(what.size()), what.data(), std::strerror(errno));
  std::exit(1);
}

descriptor::~descriptor() {
  if (fd_ >= 0) ::close(fd_);
}

descriptor checked(int fd, std::string_view what) {
  if (fd < 0) die(what);
  return descriptor(fd);
}

ticker::ticker(nanoseconds period)
    : fd_(checked(::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC), "timerfd_create")) {
  itimerspec when{};
  when.it_interval.tv_sec = period / 1'000'000'000;
  when.it_interval.tv_nsec = period % 1'000'000'000;
  when.it_value = when.it_interval;
  if (::timerfd_settime(fd_.value(), 0, &when, nullptr) != 0) die("timerfd_settime");
}

std::uint64_t ticker::take() {
  std::uint64_t passed = 0;
  if (::read(fd_.value(), &passed, sizeof passed) != sizeof passed || passed == 0) return 0;
  index_ += passed;
  missed_ += passed - 1;
  return index_;
}

void be_punctual() {
  ::prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);
  const sched_param lowest{.sched_priority = 1};
  static_cast<void>(::sched_setscheduler(0, SCHED_RR, &lowest));
}

void deepen_queue(int fd) {
  const int bytes = 8 << 20;
  if (::setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof bytes) == 0) return;
  ::setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
}

descriptor stop_signals() {
  sigset_t wanted;
  sigemptyset(&wanted);
  sigaddset(&wanted, SIGTERM);
  sigaddset(&wanted, SIGINT);
  ::sigprocmask(SIG_BLOCK, &wanted, nullptr);
  return checked(::signalfd(-1, &wanted, SFD_NONBLOCK | SFD_CLOEXEC), "signalfd");
}

event_loop::event_loop() : fd_(checked(::epoll_create1(EPOLL_CLOEXEC), "epoll_create1")) {}

void event_loop::control(int operation, int fd, std::uint64_t tag, std::uint32_t events) {
  epoll_event wanted{};
  wanted.events = events;
  wanted.data.u64 = tag;
  if (::epoll_ctl(fd_.value(), operation, fd, &wanted) != 0) die("epoll_ctl");
}

void event_loop::add(int fd, std::uint64_t tag, std::uint32_t events) { control(EPOLL_CTL_ADD, fd, tag, events); }
void event_loop::change(int fd, std::uint64_t tag, std::uint32_t events) { control(EPOLL_CTL_MOD, fd, tag, events); }
void event_loop::remove(int fd) { control(EPOLL_CTL_DEL, fd, 0, 0); }

const std::vector<epoll_event>& event_loop::wait(int timeout_ms) {
  ready_.resize(64);
  const int count = ::epoll_wait(fd_.value(), ready_.data(), static_cast<int>(ready_.size()), timeout_ms);
  if (count < 0 && errno != EINTR) die("epoll_wait");
  ready_.resize(static_cast<std::size_t>(count < 0 ? 0 : count));
  return ready_;
}

arguments::arguments(int argc, char** argv) {
  for (int at = 0; at < argc; at += 2) {
    const std::string name = argv[at];
    if (!name.starts_with("--") || at + 1 == argc) {
      std::fprintf(stderr, "isat-demo-probe: %s: expected --name value\n", name.c_str());
      std::exit(64);
    }
    values_[name.substr(2)] = argv[at + 1];
  }
}

std::string arguments::required(const std::string& name) const {
  const auto found = values_.find(name);
  if (found != values_.end()) return found->second;
  std::fprintf(stderr, "isat-demo-probe: --%s is missing\n", name.c_str());
  std::exit(64);
}

std::string arguments::value_or(const std::string& name, const std::string& fallback) const {
  const auto found = values_.find(name);
  return found != values_.end() ? found->second : fallback;
}

sockaddr_in address_of(const std::string& text, const std::string& port) {
  sockaddr_in result{};
  result.sin_family = AF_INET;
  result.sin_port = htons(static_cast<std::uint16_t>(std::atoi(port.c_str())));
  if (::inet_pton(AF_INET, text.c_str(), &result.sin_addr) == 1) return result;
  std::fprintf(stderr, "isat-demo-probe: %s is not an IPv4 address\n", text.c_str());
  std::exit(64);
}

result_file::result_file(const std::string& path) : stream_(std::fopen(path.c_str(), "w")) {
  if (stream_ == nullptr) die(path);
}

result_file::~result_file() {
  if (std::ferror(stream_) != 0 || std::fclose(stream_) != 0) die("writing the results");
}

}  // namespace demo
