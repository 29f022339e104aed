// SPDX-License-Identifier: BSL-1.0

// The version that an API server gives to an object or a list. Those of one kind of object are decimal numbers in one
// order, the server's; how long they get nobody says, so they are kept as text and compared as numbers. It refuses to
// compare across kinds or clusters, for there is no order.
#pragma once

#include <charconv>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <system_error>

namespace isat::inline v0::kubernetes {

/// A resource version. None of it is older than any.
class resource_version {
 public:
  resource_version() = default;
  /// @param text as in metadata.resourceVersion. "0" is a wish ("any will do") and no version, so it becomes empty
  explicit resource_version(std::string_view text) : text_{without_zeros(text)} {}

  bool empty() const noexcept { return text_.empty(); }
  /// As it is put into a request.
  const std::string& text() const noexcept { return text_; }

  /// As a number; 0 if it is none, or is none of 64 bits.
  std::uint64_t number() const noexcept {
    std::uint64_t result = 0;
    const char* const end = text_.data() + text_.size();
    const auto [stop, failure] = std::from_chars(text_.data(), end, result);
    return failure == std::errc{} && stop == end ? result : 0;
  }

  friend bool operator==(const resource_version&, const resource_version&) noexcept = default;
  friend std::strong_ordering operator<=>(const resource_version& one, const resource_version& other) noexcept {
    const auto by_size = one.text_.size() <=> other.text_.size();
    return by_size != 0 ? by_size : one.text_.compare(other.text_) <=> 0;
  }

 private:
  static std::string_view without_zeros(std::string_view text) noexcept {
    const std::size_t begin = text.find_first_not_of('0');
    return begin == std::string_view::npos ? std::string_view{} : text.substr(begin);
  }

  std::string text_;
};

}  // namespace isat::inline v0::kubernetes
