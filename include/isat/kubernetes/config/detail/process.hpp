// SPDX-License-Identifier: BSL-1.0

// Runs another program, once, and keeps what it writes to its standard output: bounded in size and time, without
// threads, signals of the host or descriptors that leak. The program gets /dev/null to read, our standard error, and a
// process group of its own, so that what it started ends with it. It refuses to use a shell.
#pragma once

#include "isat/detail/erase.hpp"
#include "isat/detail/file_descriptor.hpp"
#include "isat/detail/last_error.hpp"
#include "isat/error.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/posix/descriptor_base.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/system/error_code.hpp>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <fcntl.h>
#include <features.h>
#include <functional>
#include <memory>
#include <poll.h>
#include <spawn.h>
#include <string>
#include <string_view>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>
#include <vector>

namespace isat::inline v0::kubernetes::detail {

/// What to run, and within which bounds.
struct program {
  std::string command;  ///< searched in PATH unless there is a slash in it
  std::vector<std::string> arguments;
  std::vector<std::pair<std::string, std::string>> environment;  ///< added to ours, the last of a name counts
  std::chrono::nanoseconds timeout = std::chrono::seconds{30};
  std::size_t output_max = std::size_t{1} << 20U;
};

/// How a program ended.
enum class ending : std::uint8_t {
  none = 0,
  exited = 1,     ///< by itself, with a code
  killed = 2,     ///< by a signal that is not ours
  timed_out = 3,  ///< by us, for it took too long
  too_long = 4,   ///< by us, for it wrote too much
  unknown = 5,    ///< the host has taken the news away (it ignores SIGCHLD, or waits for any child)
};

/// What is left of a run.
struct program_end {
  detail::ending ending{};
  int number{};  ///< the exit code, or the signal's number
  std::string output;
};

/// What posix_spawn is told, in the form it wants.
class spawn_plan {
 public:
  spawn_plan(const program& what, int output) {
    add_arguments(what);
    add_environment(what);
    ::posix_spawn_file_actions_init(&actions_);
    // The output first: its descriptor may be one of the standard ones, if the host has closed those.
    check(::posix_spawn_file_actions_adddup2(&actions_, output, STDOUT_FILENO));
    check(::posix_spawn_file_actions_addopen(&actions_, STDIN_FILENO, "/dev/null", O_RDONLY, 0));
#if defined(__GLIBC__) && __GLIBC_PREREQ(2, 34)
    check(::posix_spawn_file_actions_addclosefrom_np(&actions_, STDERR_FILENO + 1));
#endif
    ::posix_spawnattr_init(&attributes_);
    ::sigset_t none;
    ::sigset_t usual;
    ::sigemptyset(&none);
    ::sigemptyset(&usual);
    ::sigaddset(&usual, SIGPIPE);  // what is ignored here would stay ignored there
    ::sigaddset(&usual, SIGCHLD);
    check(::posix_spawnattr_setsigmask(&attributes_, &none));
    check(::posix_spawnattr_setsigdefault(&attributes_, &usual));
    check(::posix_spawnattr_setpgroup(&attributes_, 0));
    check(::posix_spawnattr_setflags(&attributes_,
                                     POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP));
  }
  spawn_plan(const spawn_plan&) = delete;
  spawn_plan& operator=(const spawn_plan&) = delete;
  ~spawn_plan() {
    ::posix_spawnattr_destroy(&attributes_);
    ::posix_spawn_file_actions_destroy(&actions_);
  }

  /// Starts the program. ENOENT: there is none of that name.
  error_code run(::pid_t& child) {
    if (result_ == 0) {
      result_ = ::posix_spawnp(&child, texts_.front().c_str(), &actions_, &attributes_, arguments_.data(),
                               environment_.data());
    }
    return {result_, boost::system::system_category()};
  }

 private:
  void check(int result) noexcept {
    if (result_ == 0) result_ = result;
  }

  void add_arguments(const program& what) {
    texts_.reserve(1 + what.arguments.size() + what.environment.size());  // pointers into it follow
    texts_.push_back(what.command);
    texts_.insert(texts_.end(), what.arguments.begin(), what.arguments.end());
    for (std::string& text : texts_) arguments_.push_back(text.data());
    arguments_.push_back(nullptr);
  }

  void add_environment(const program& what) {
    const auto is_added = [&what](std::string_view entry) {
      for (const auto& [name, value] : what.environment) {
        if (entry.starts_with(name) && entry.substr(name.size()).starts_with('=')) return true;
      }
      return false;
    };
    for (char** entry = ::environ; entry != nullptr && *entry != nullptr; ++entry) {
      if (!is_added(*entry)) environment_.push_back(*entry);
    }
    for (std::size_t i = 0; i < what.environment.size(); ++i) {
      const auto& [name, value] = what.environment[i];
      bool is_last = true;
      for (std::size_t j = i + 1; j < what.environment.size(); ++j) {
        is_last = is_last && what.environment[j].first != name;
      }
      if (!is_last) continue;
      texts_.push_back(name);
      texts_.back().append(1, '=').append(value);
      environment_.push_back(texts_.back().data());
    }
    environment_.push_back(nullptr);
  }

  std::vector<std::string> texts_;
  std::vector<char*> arguments_;
  std::vector<char*> environment_;
  ::posix_spawn_file_actions_t actions_{};
  ::posix_spawnattr_t attributes_{};
  int result_ = 0;
};

/// One run. Held by a shared_ptr; destroying it kills what still runs. Not thread-safe; works on its executor.
class program_run : public std::enable_shared_from_this<program_run> {
 public:
  /// Called on the executor, once; may destroy the run.
  using end_function = std::function<void(program_end)>;

  program_run(const asio::any_io_executor& executor, end_function on_end)
      : output_{executor}, child_{executor}, timer_{executor}, on_end_{std::move(on_end)} {}
  program_run(const program_run&) = delete;
  program_run& operator=(const program_run&) = delete;
  ~program_run() {
    if (number_ == 0) return;
    kill();
    ::pollfd dying{child_.native_handle(), POLLIN, 0};
    ::poll(&dying, 1, patience_ms);
    reap();
  }

  /// Starts the program; on an error there is no end to come.
  error_code start(const program& what) {
    std::array<int, 2> pipe{-1, -1};
    if (::pipe2(pipe.data(), O_CLOEXEC) != 0) return isat::detail::last_error();
    isat::detail::file_descriptor read_end{pipe[0]};
    const isat::detail::file_descriptor write_end{pipe[1]};
    if (::fcntl(read_end.get(), F_SETFL, O_NONBLOCK) != 0) return isat::detail::last_error();
    ::pid_t child = 0;
    if (const error_code error = spawn_plan{what, write_end.get()}.run(child)) return error;
    isat::detail::file_descriptor handle{static_cast<int>(::syscall(SYS_pidfd_open, child, 0U))};
    if (!handle) {
      // Without the handle nobody can wait for it, unless it is over and the host ignores its children.
      const error_code error = isat::detail::last_error();
      ::kill(child, SIGKILL);
      ::waitpid(child, nullptr, 0);
      return error;
    }
    error_code error;
    output_.assign(read_end.get(), error);
    if (!error) read_end.release();
    number_ = child;
    output_max_ = what.output_max;
    error_code child_error;
    child_.assign(handle.release(), child_error);
    if (error || child_error) return error ? error : child_error;
    wait(what.timeout);
    return {};
  }

 private:
  static constexpr int patience_ms = 1000;  // for a killed process to be gone: the kernel does it at once

  template <class Function>
  auto while_alive(Function function) {
    return [life = weak_from_this(), function = std::move(function)](auto&&... arguments) {
      if (const auto self = life.lock()) function(*self, std::forward<decltype(arguments)>(arguments)...);
    };
  }

  void wait(std::chrono::nanoseconds timeout) {
    wait_for_output();
    child_.async_wait(asio::posix::descriptor_base::wait_read, while_alive([](program_run& self, error_code error) {
                        if (!error) self.finish();
                      }));
    wait_for_time(timeout);
  }

  void wait_for_output() {
    output_.async_wait(asio::posix::descriptor_base::wait_read, while_alive([](program_run& self, error_code error) {
                         if (!error && self.take_output()) self.wait_for_output();
                       }));
  }

  void wait_for_time(std::chrono::nanoseconds timeout) {
    timer_.expires_after(timeout);
    timer_.async_wait(while_alive([](program_run& self, error_code error) {
      if (error || self.number_ == 0) return;
      // A killed process is gone at once, unless the kernel waits for a device: then its end is nobody's business.
      if (self.end_.ending != ending::none) return self.finish();
      self.end_early(ending::timed_out);
    }));
  }

  /// Reads what is there. False: nothing more is to come, or wanted.
  bool take_output() {
    std::array<char, 4096> piece;
    for (;;) {
      const ::ssize_t size = ::read(output_.native_handle(), piece.data(), piece.size());
      if (size < 0 && errno == EINTR) continue;
      if (size < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return true;
      if (size <= 0) return false;
      end_.output.append(piece.data(), static_cast<std::size_t>(size));
      if (end_.output.size() <= output_max_) continue;
      end_early(ending::too_long);
      return false;
    }
  }

  void end_early(ending why) {
    if (end_.ending == ending::none) end_.ending = why;
    kill();
    if (end_.ending == why && number_ != 0) wait_for_time(std::chrono::milliseconds{patience_ms});
  }

  void finish() {
    if (number_ == 0) return;
    if (end_.ending == ending::none) take_output();  // what was written just before the end; others may hold the pipe
    reap();
    error_code ignored;
    output_.close(ignored);
    child_.close(ignored);
    timer_.cancel();
    program_end end = std::move(end_);
    const end_function on_end = std::move(on_end_);
    on_end(std::move(end));
  }

  void kill() noexcept {
    ::pollfd running{child_.native_handle(), POLLIN, 0};
    // Once it is dead its number may be somebody else's.
    if (::poll(&running, 1, 0) == 0) ::kill(-number_, SIGKILL);
  }

  void reap() noexcept {
    ::siginfo_t news{};
    const bool is_told =
        ::waitid(P_PIDFD, static_cast<::id_t>(child_.native_handle()), &news, WEXITED | WNOHANG) == 0 &&
        news.si_pid != 0;
    number_ = 0;
    if (end_.ending != ending::none) return;
    end_.ending = !is_told ? ending::unknown : news.si_code == CLD_EXITED ? ending::exited : ending::killed;
    end_.number = is_told ? news.si_status : 0;
  }

  asio::posix::stream_descriptor output_;
  asio::posix::stream_descriptor child_;  // readable when it is dead
  asio::steady_timer timer_;
  ::pid_t number_{};  // of the process and its group; 0: none that is ours to reap
  std::size_t output_max_{};
  program_end end_;
  end_function on_end_;
};

}  // namespace isat::inline v0::kubernetes::detail
