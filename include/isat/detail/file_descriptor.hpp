// SPDX-License-Identifier: BSL-1.0

// Owns one file descriptor of the system and closes it. For code that has a descriptor before Asio does, or never
// gives it to Asio. It refuses to read, write or report how closing went.
#pragma once

#include <unistd.h>
#include <utility>

namespace isat::inline v0::detail {

/// A descriptor, or none (-1).
class file_descriptor {
 public:
  file_descriptor() noexcept = default;
  explicit file_descriptor(int descriptor) noexcept : descriptor_{descriptor} {}
  file_descriptor(file_descriptor&& other) noexcept : descriptor_{other.release()} {}
  file_descriptor& operator=(file_descriptor&& other) noexcept {
    file_descriptor old{std::exchange(descriptor_, other.release())};
    return *this;
  }
  ~file_descriptor() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }

  explicit operator bool() const noexcept { return descriptor_ >= 0; }
  int get() const noexcept { return descriptor_; }
  /// Gives the descriptor away: the caller closes it.
  int release() noexcept { return std::exchange(descriptor_, -1); }

 private:
  int descriptor_{-1};
};

}  // namespace isat::inline v0::detail
