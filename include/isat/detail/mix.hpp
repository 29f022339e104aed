// SPDX-License-Identifier: BSL-1.0

// Spreads the bits of a number: for hashes that must come out alike on every node and in every version, as std::hash
// does not promise. The finalizer is that of SplitMix64 (Steele, Lea, Flood, 2014). It refuses to resist an attacker.
#pragma once

#include <cstdint>
#include <string_view>

namespace isat::inline v0::detail {

/// A bijection of 64 bits in which every bit of the result depends on every bit of `value`.
constexpr std::uint64_t mix(std::uint64_t value) noexcept {
  value += 0x9e3779b97f4a7c15U;
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9U;
  value = (value ^ (value >> 27)) * 0x94d049bb133111ebU;
  return value ^ (value >> 31);
}

/// A hash of a text.
constexpr std::uint64_t mix(std::string_view text) noexcept {
  std::uint64_t result = text.size();
  for (const char each : text) result = mix(result ^ static_cast<unsigned char>(each));
  return result;
}

/// Distinct numbers from one random seed: ids of writers and eras.
class id_sequence {
 public:
  constexpr explicit id_sequence(std::uint64_t seed) noexcept : state_{seed} {}

  /// Never 0.
  constexpr std::uint64_t next() noexcept {
    const std::uint64_t id = mix(state_);
    state_ += 0x9e3779b97f4a7c15U;
    return id != 0 ? id : next();
  }

 private:
  std::uint64_t state_;
};

}  // namespace isat::inline v0::detail
