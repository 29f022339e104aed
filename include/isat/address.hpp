// SPDX-License-Identifier: BSL-1.0

// The two addresses that ARP ties together, as values: a MAC address (IEEE 802, six octets) and an IPv4 address (four).
// Everything from the wire to the configuration speaks in these. They are constexpr, ordered and hashable by their
// bits, and know their text form. They refuse to know anything of name resolution, masks or sockets.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace isat::inline v0 {

/// An Ethernet hardware address: six octets in the order in which they are sent.
/// @see IEEE 802, section 8 (individual/group and universal/local bits)
class mac_address {
 public:
  using octets_type = std::array<std::uint8_t, 6>;

  constexpr mac_address() noexcept = default;
  constexpr explicit mac_address(const octets_type& octets) noexcept : octets_{octets} {}

  static constexpr mac_address broadcast() noexcept { return mac_address{{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}}; }

  /// Reads `hh:hh:hh:hh:hh:hh` (either case); anything else is no value.
  static constexpr std::optional<mac_address> parse(std::string_view text) noexcept;

  constexpr const octets_type& octets() const noexcept { return octets_; }
  constexpr bool is_zero() const noexcept { return *this == mac_address{}; }
  constexpr bool is_broadcast() const noexcept { return *this == broadcast(); }
  /// True for multicast and broadcast addresses, which can never be a sender.
  constexpr bool is_group() const noexcept { return (octets_[0] & 0x01U) != 0; }

  /// Lower-case `hh:hh:hh:hh:hh:hh`.
  std::string to_string() const;

  friend constexpr auto operator<=>(const mac_address&, const mac_address&) noexcept = default;

 private:
  octets_type octets_{};
};

/// An IPv4 address; `bits()` is in host order, so that addresses order and count as people expect.
class ipv4_address {
 public:
  using octets_type = std::array<std::uint8_t, 4>;

  constexpr ipv4_address() noexcept = default;
  constexpr explicit ipv4_address(std::uint32_t bits) noexcept : bits_{bits} {}
  constexpr explicit ipv4_address(const octets_type& octets) noexcept
      : bits_{std::uint32_t{octets[0]} << 24 | std::uint32_t{octets[1]} << 16 | std::uint32_t{octets[2]} << 8 |
              std::uint32_t{octets[3]}} {}

  /// Reads dotted decimal, four parts without leading zeros (RFC 6943, section 3.1.1, "strict" form); else no value.
  static constexpr std::optional<ipv4_address> parse(std::string_view text) noexcept;

  constexpr std::uint32_t bits() const noexcept { return bits_; }
  constexpr octets_type octets() const noexcept {
    return {static_cast<std::uint8_t>(bits_ >> 24), static_cast<std::uint8_t>(bits_ >> 16),
            static_cast<std::uint8_t>(bits_ >> 8), static_cast<std::uint8_t>(bits_)};
  }
  constexpr bool is_unspecified() const noexcept { return bits_ == 0; }
  constexpr bool is_loopback() const noexcept { return bits_ >> 24 == 127; }
  constexpr bool is_multicast() const noexcept { return bits_ >> 28 == 0xe; }
  constexpr bool is_broadcast() const noexcept { return bits_ == 0xffffffff; }

  /// Dotted decimal.
  std::string to_string() const;

  friend constexpr auto operator<=>(const ipv4_address&, const ipv4_address&) noexcept = default;

 private:
  std::uint32_t bits_{};
};

namespace detail {

constexpr int hex_digit(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace detail

constexpr std::optional<mac_address> mac_address::parse(std::string_view text) noexcept {
  octets_type octets{};
  if (text.size() != 17) return std::nullopt;
  for (std::size_t i = 0; i < octets.size(); ++i) {
    const int high = detail::hex_digit(text[3 * i]);
    const int low = detail::hex_digit(text[3 * i + 1]);
    if (high < 0 || low < 0 || (i < 5 && text[3 * i + 2] != ':')) return std::nullopt;
    octets[i] = static_cast<std::uint8_t>(high * 16 + low);
  }
  return mac_address{octets};
}

inline std::string mac_address::to_string() const {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text(17, ':');
  for (std::size_t i = 0; i < octets_.size(); ++i) {
    text[3 * i] = digits[octets_[i] >> 4];
    text[3 * i + 1] = digits[octets_[i] & 0x0fU];
  }
  return text;
}

constexpr std::optional<ipv4_address> ipv4_address::parse(std::string_view text) noexcept {
  octets_type octets{};
  std::size_t at = 0;
  for (std::size_t part = 0; part < octets.size(); ++part) {
    if (part > 0 && (at >= text.size() || text[at++] != '.')) return std::nullopt;
    const std::size_t start = at;
    unsigned value = 0;
    while (at < text.size() && at - start < 3 && text[at] >= '0' && text[at] <= '9') {
      value = value * 10 + static_cast<unsigned>(text[at++] - '0');
    }
    const std::size_t digits = at - start;
    if (digits == 0 || value > 255 || (digits > 1 && text[start] == '0')) return std::nullopt;
    octets[part] = static_cast<std::uint8_t>(value);
  }
  if (at != text.size()) return std::nullopt;
  return ipv4_address{octets};
}

inline std::string ipv4_address::to_string() const {
  std::string text;
  for (const std::uint8_t octet : octets()) {
    if (!text.empty()) text += '.';
    text += std::to_string(octet);
  }
  return text;
}

}  // namespace isat::inline v0
