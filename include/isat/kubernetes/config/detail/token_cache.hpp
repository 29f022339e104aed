// SPDX-License-Identifier: BSL-1.0

// When a token's file has to be read again and what becomes of what it held, without a clock and without a file: the
// kubelet rewrites such a file long before the token in it ends, so a reading counts for 50 s, or until a server
// refused the token. What is no token does not replace one. It refuses to know where tokens come from.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace isat::inline v0::kubernetes::detail {

/// Why a text is no token.
enum class token_fault : std::uint8_t {
  none = 0,
  empty = 1,      ///< there is nothing, or blanks only: a file that is being written
  character = 2,  ///< it holds what cannot stand in the header of a request
};

/// `text` without the blanks and line ends around it.
inline std::string_view trimmed_token(std::string_view text) noexcept {
  constexpr std::string_view blanks = " \t\r\n";
  const auto begin = text.find_first_not_of(blanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(blanks) - begin + 1);
}

/// What is wrong with a trimmed token: it must be printable ASCII without blanks.
inline token_fault fault_of_token(std::string_view token) noexcept {
  if (token.empty()) return token_fault::empty;
  for (const char c : token) {
    if (c <= ' ' || c > '~') return token_fault::character;
  }
  return token_fault::none;
}

/// The token of one file.
class token_cache {
 public:
  using time_point = std::chrono::steady_clock::time_point;
  static constexpr std::chrono::seconds age_max{50};

  /// @param first what counts until the file was read, may be empty
  explicit token_cache(std::string first = {}) : token_{std::move(first)} {}

  /// True if the file is to be read now: never yet, not since age_max, not well the last time, or refused since.
  bool is_due(time_point now) const noexcept { return !read_ || now - *read_ >= age_max; }

  /// Takes what the file held at `now`. If that is no token, the one before stays and the file stays due.
  token_fault take(std::string_view text, time_point now) {
    const std::string_view token = trimmed_token(text);
    const token_fault fault = fault_of_token(token);
    if (fault != token_fault::none) {
      read_.reset();
      return fault;
    }
    token_ = token;
    read_ = now;
    return token_fault::none;
  }

  /// A server does not accept the token, or its file could not be read: it is due.
  void doubt() noexcept { read_.reset(); }

  /// The token that counts; empty if there never was one.
  const std::string& token() const noexcept { return token_; }

 private:
  std::string token_;
  std::optional<time_point> read_;
};

}  // namespace isat::inline v0::kubernetes::detail
