// SPDX-License-Identifier: BSL-1.0

// The cast of the benchmarks: a segment with one speaker, its VIPs and the hosts that ask. Everything is seeded, so two
// runs measure the same work.
#pragma once

#include "isat/address.hpp"
#include "isat/clock.hpp"
#include "isat/election/leadership.hpp"
#include "isat/responder/decide.hpp"
#include "isat/responder/vip_table.hpp"
#include "isat/wire/frame.hpp"
#include "readings.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

namespace isat::bench {

inline constexpr mac_address asker_mac{{0x02, 0, 0, 0, 0, 0x0a}};
inline constexpr mac_address our_mac{{0x02, 0, 0, 0, 0, 0x0b}};
inline constexpr ipv4_address asker{{10, 255, 0, 1}};
inline constexpr lease_time now = test::reading(std::chrono::hours{1});

/// The VIP with the number `i`: they are dense, as addresses of a pool are.
constexpr ipv4_address vip_number(std::size_t i) noexcept {
  return ipv4_address{0x0a000001 + static_cast<std::uint32_t>(i)};
}

/// The addresses number `first` .. `first + count - 1` in random order, so that no cache guesses the next look-up.
inline std::vector<ipv4_address> shuffled(std::size_t first, std::size_t count) {
  std::vector<ipv4_address> all;
  for (std::size_t i = first; i < first + count; ++i) all.push_back(vip_number(i));
  std::shuffle(all.begin(), all.end(), std::mt19937_64{826});
  return all;
}

/// Gives the elements of a range in turn, again and again.
template <class Element>
class carousel {
 public:
  explicit carousel(std::vector<Element> elements) : elements_{std::move(elements)} {}

  const Element& next() noexcept {
    at_ = at_ + 1 == elements_.size() ? 0 : at_ + 1;
    return elements_[at_];
  }

 private:
  std::vector<Element> elements_;
  std::size_t at_{};
};

/// Who has `target`? As a neighbour's kernel asks.
constexpr wire::arp_frame who_has(ipv4_address target) noexcept {
  return {{mac_address::broadcast(), asker_mac, wire::ether_type::arp},
          {wire::operation::request, asker_mac, asker, mac_address{}, target}};
}

/// The octets of a question for each of the first `count` VIPs, in random order.
inline std::vector<wire::frame_bytes> question_bytes(std::size_t count) {
  std::vector<wire::frame_bytes> all;
  for (const auto target : shuffled(0, count)) all.push_back(emit(who_has(target)));
  return all;
}

/// A speaker that leads the group of its first `count` VIPs and not the group of the next `count`.
struct speaker {
  responder::vip_table vips;
  election::leadership_table leaderships;
  std::array<mac_address, 1> own_macs{our_mac};

  explicit speaker(std::size_t count) {
    constexpr group_id led{0}, not_led{1};
    vips.reserve(2 * count);
    for (std::size_t i = 0; i < count; ++i) vips.add({vip_number(i), led});
    for (std::size_t i = count; i < 2 * count; ++i) vips.add({vip_number(i), not_led});
    leaderships.set(led, {now + std::chrono::seconds{3}, 1});
    leaderships.set(not_led, {});
  }

  responder::decision decide(const wire::arp_frame& frame) const noexcept {
    return responder::decide(frame, false, {interface_id{0}, our_mac, own_macs}, vips, leaderships, now);
  }
};

}  // namespace isat::bench
