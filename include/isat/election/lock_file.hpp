// SPDX-License-Identifier: BSL-1.0

// One lock file: an open description of it, the kernel's lock on it (flock: dropped when its last descriptor is closed,
// thus also when the process dies), and what its holder wrote into it for people and for its successor. A lock holds an
// inode, not a name: who has locked asks still_named() before believing it. It refuses to wait for anything.
#pragma once

#include "isat/detail/file_descriptor.hpp"
#include "isat/error.hpp"

#include <boost/system/error_code.hpp>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <fcntl.h>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace isat::inline v0 {}  // namespace isat::inline v0

namespace isat::inline v0::election {

/// What a lock file says: three lines `term N`, `node NAME`, `pid N`, of which a released one keeps only the first.
struct lock_record {
  std::uint64_t term{};  ///< of the latest leadership, 0 for none
  std::string node;      ///< who holds, or held when it was killed; empty for nobody
  std::int64_t pid{};    ///< in the holder's own pid namespace; 0 for nobody

  static constexpr std::size_t size_max = 512;  ///< octets that are ever read or written

  /// The record as text. Control characters of the node's name become '?', and a long name is cut.
  std::string to_text() const;

  /// Reads what to_text() writes; total. Text without a usable term line is no record: its term counts as 0.
  static lock_record from_text(std::string_view text);

  friend bool operator==(const lock_record&, const lock_record&) = default;
};

/// An open lock file, or none. Owns its descriptor, which is not inherited through exec (but is through a bare fork:
/// such a child keeps the lock).
class lock_file {
 public:
  explicit lock_file(std::string path) : path_{std::move(path)} {}
  lock_file(const lock_file&) = delete;
  lock_file& operator=(const lock_file&) = delete;

  const std::string& path() const noexcept { return path_; }
  bool is_open() const noexcept { return static_cast<bool>(descriptor_); }
  /// True from a successful try_lock() until close().
  bool is_locked() const noexcept { return locked_; }

  /// Opens the file, made with mode 0600 when missing: whoever may read it can lock it. A symbolic link or anything but
  /// a regular file is refused.
  /// @pre !is_open()
  error_code open();

  /// Tries to lock; false while another holds it, or on an error. @pre is_open()
  bool try_lock(error_code& error);

  /// True while path() names the very file that is open. @pre is_open()
  bool still_named() const noexcept;

  /// What the file says now. @pre is_open()
  lock_record read() const { return read_from(descriptor_.get()); }

  /// Replaces the contents. Nobody is woken by it (the file stays open). @pre is_locked()
  error_code write(const lock_record& record);

  /// Closes the file, which drops the lock and wakes those who watch the directory.
  void close() noexcept {
    descriptor_ = detail::file_descriptor{};
    locked_ = false;
  }

  /// What the file at `path` says; no value if it cannot be read. Wakes nobody.
  static std::optional<lock_record> read_at(const std::string& path);

 private:
  static error_code last_error() noexcept { return {errno, boost::system::system_category()}; }

  static lock_record read_from(int descriptor) {
    std::array<char, lock_record::size_max> text{};
    const ::ssize_t size = ::pread(descriptor, text.data(), text.size(), 0);
    return size > 0 ? lock_record::from_text({text.data(), static_cast<std::size_t>(size)}) : lock_record{};
  }

  std::string path_;
  detail::file_descriptor descriptor_;
  bool locked_ = false;
};

inline std::string lock_record::to_text() const {
  std::string text = "term " + std::to_string(term) + '\n';
  if (node.empty()) return text;
  std::string name = node.substr(0, size_max / 2);
  for (char& c : name) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
  }
  return text + "node " + name + "\npid " + std::to_string(pid) + '\n';
}

inline lock_record lock_record::from_text(std::string_view text) {
  const auto line_after = [&text](std::string_view key) -> std::optional<std::string_view> {
    if (!text.starts_with(key)) return std::nullopt;
    const auto end = text.find('\n');
    if (end == std::string_view::npos) return std::nullopt;
    const auto value = text.substr(key.size(), end - key.size());
    text.remove_prefix(end + 1);
    return value;
  };
  const auto number = [](std::string_view digits, auto& into) {
    const auto [stop, error] = std::from_chars(digits.data(), digits.data() + digits.size(), into);
    return error == std::errc{} && stop == digits.data() + digits.size();
  };
  lock_record record;
  const auto term = line_after("term ");
  // The largest term has no successor, so it is as useless as any other garbage.
  if (!term || !number(*term, record.term) || record.term == std::numeric_limits<std::uint64_t>::max()) return {};
  const auto node = line_after("node ");
  const auto pid = line_after("pid ");
  if (node && pid && number(*pid, record.pid)) record.node = *node;
  if (record.node.empty()) record.pid = 0;
  return record;
}

inline error_code lock_file::open() {
  // O_NONBLOCK: opening what is no regular file (refused below) must not block or have effects of its own.
  constexpr int flags = O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;
  detail::file_descriptor opened{::open(path_.c_str(), flags, 0600)};
  struct ::stat status{};
  if (!opened || ::fstat(opened.get(), &status) != 0) return last_error();
  if (!S_ISREG(status.st_mode)) return boost::system::errc::make_error_code(boost::system::errc::invalid_argument);
  descriptor_ = std::move(opened);
  return {};
}

inline bool lock_file::try_lock(error_code& error) {
  error.clear();
  int result = 0;
  do {
    result = ::flock(descriptor_.get(), LOCK_EX | LOCK_NB);
  } while (result != 0 && errno == EINTR);
  if (result != 0 && errno != EWOULDBLOCK) error = last_error();
  locked_ = result == 0;
  return locked_;
}

inline bool lock_file::still_named() const noexcept {
  struct ::stat named{};
  struct ::stat opened{};
  return ::lstat(path_.c_str(), &named) == 0 && ::fstat(descriptor_.get(), &opened) == 0 &&
         named.st_dev == opened.st_dev && named.st_ino == opened.st_ino;
}

inline error_code lock_file::write(const lock_record& record) {
  // Overwritten first and cut after: whenever we are killed, the file begins with a whole record.
  const std::string text = record.to_text();
  const ::ssize_t size = ::pwrite(descriptor_.get(), text.data(), text.size(), 0);
  if (size < 0) return last_error();
  if (static_cast<std::size_t>(size) != text.size()) {
    return boost::system::errc::make_error_code(boost::system::errc::no_space_on_device);
  }
  return ::ftruncate(descriptor_.get(), static_cast<::off_t>(text.size())) == 0 ? error_code{} : last_error();
}

inline std::optional<lock_record> lock_file::read_at(const std::string& path) {
  constexpr int flags = O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;
  const detail::file_descriptor opened{::open(path.c_str(), flags)};
  if (!opened) return std::nullopt;
  return read_from(opened.get());
}

}  // namespace isat::inline v0::election
