// SPDX-License-Identifier: BSL-1.0

// Processes forked by a test, which report to it through a pipe and share memory with it, and which never outlive it.
#pragma once

#include <chrono>
#include <cstdint>
#include <new>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>

namespace isat::test {

/// A forked child that runs a function; it is killed at the latest when this object dies.
class child_process {
 public:
  /// The child's way to tell the test that it has got somewhere.
  class door {
   public:
    explicit door(int descriptor) : descriptor_{descriptor} {}
    void report() { [[maybe_unused]] const auto written = ::write(descriptor_, "x", 1); }

   private:
    int descriptor_;
  };

  template <class Body>
  explicit child_process(const Body& body) {
    int ends[2];
    if (::pipe(ends) != 0) return;
    pid_ = ::fork();
    if (pid_ == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      ::close(ends[0]);
      door to_parent{ends[1]};
      try {
        body(to_parent);
      } catch (...) {
        ::_exit(1);
      }
      ::_exit(0);
    }
    ::close(ends[1]);
    reports_ = ends[0];
  }
  child_process(const child_process&) = delete;
  child_process& operator=(const child_process&) = delete;
  ~child_process() {
    kill();
    if (reports_ >= 0) ::close(reports_);
  }

  ::pid_t pid() const noexcept { return pid_; }

  /// Waits for the child's next report; false if it ended or took longer than `limit`.
  bool reports(std::chrono::milliseconds limit) {
    ::pollfd wait{reports_, POLLIN, 0};
    char got = 0;
    return ::poll(&wait, 1, static_cast<int>(limit.count())) == 1 && ::read(reports_, &got, 1) == 1;
  }

  /// Kills the child (SIGKILL) and waits for its end.
  void kill() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    pid_ = -1;
  }

 private:
  ::pid_t pid_ = -1;
  int reports_ = -1;
};

/// One object that a test and its children see alike.
template <class T>
class shared_memory {
 public:
  shared_memory() {
    void* memory = ::mmap(nullptr, sizeof(T), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) throw std::bad_alloc{};
    object_ = new (memory) T;
  }
  shared_memory(const shared_memory&) = delete;
  shared_memory& operator=(const shared_memory&) = delete;
  ~shared_memory() { ::munmap(object_, sizeof(T)); }

  T& operator*() const noexcept { return *object_; }
  T* operator->() const noexcept { return object_; }

 private:
  T* object_ = nullptr;
};

}  // namespace isat::test
