// SPDX-License-Identifier: BSL-1.0

// Base64 (RFC 4648 section 4) as kubeconfig files carry certificates and keys in it, both ways. Line ends are passed
// over, as kubectl does; everything else that is not of the alphabet is refused, so that no damage is believed. It
// refuses the alphabet for URLs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace isat::inline v0::kubernetes::detail {

inline constexpr std::string_view base64_alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// The octets that `text` stands for, or nothing if it is not whole and padded base64.
inline std::optional<std::string> decode_base64(std::string_view text) {
  std::string octets;
  std::uint32_t bits = 0;
  std::size_t digits = 0;
  std::size_t padding = 0;
  for (const char c : text) {
    if (c == '\n' || c == '\r') continue;
    ++digits;
    if (c == '=') {
      if (++padding > 2) return std::nullopt;
      continue;
    }
    const std::size_t digit = base64_alphabet.find(c);
    if (digit == std::string_view::npos || padding != 0) return std::nullopt;
    bits = (bits << 6U | static_cast<std::uint32_t>(digit)) & 0xffffffU;
    // Digits 2, 3 and 4 of four complete an octet each.
    const unsigned spare = static_cast<unsigned>(6 - 2 * ((digits - 1) % 4));
    if (spare != 6) octets.push_back(static_cast<char>(bits >> spare & 0xffU));
  }
  if (digits % 4 != 0) return std::nullopt;
  return octets;
}

/// `octets` as padded base64 on one line.
inline std::string encode_base64(std::string_view octets) {
  std::string text;
  text.reserve((octets.size() + 2) / 3 * 4);
  for (std::size_t begin = 0; begin < octets.size(); begin += 3) {
    const std::string_view three = octets.substr(begin, 3);
    std::uint32_t bits = 0;
    for (std::size_t i = 0; i < 3; ++i) {
      bits = bits << 8U | (i < three.size() ? static_cast<unsigned char>(three[i]) : 0U);
    }
    for (std::size_t i = 0; i < 4; ++i) {
      text.push_back(i <= three.size() ? base64_alphabet[bits >> (18U - 6U * static_cast<unsigned>(i)) & 0x3fU] : '=');
    }
  }
  return text;
}

}  // namespace isat::inline v0::kubernetes::detail
