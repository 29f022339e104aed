// SPDX-License-Identifier: BSL-1.0

// Frames of every kind that a transport meets, by name: right ones, wrong ones, tagged ones. Each is made by hand, so
// that nothing under test takes part; `reaches_arp_socket` and the rest say what Linux makes of it.
#pragma once

#include "isat/address.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace isat::test {

inline constexpr mac_address alice{{0x02, 0, 0, 0, 0, 0x0a}};
inline constexpr mac_address bob{{0x02, 0, 0, 0, 0, 0x0b}};
inline constexpr mac_address carol{{0x02, 0, 0, 0, 0, 0x0c}};

using octet_string = std::vector<std::byte>;

inline void append(octet_string& to, std::initializer_list<int> octets) {
  for (const int octet : octets) to.push_back(static_cast<std::byte>(octet));
}
inline void append(octet_string& to, const mac_address& mac) {
  for (const auto octet : mac.octets()) to.push_back(std::byte{octet});
}

/// A who-has for 10.77.0.100 from 10.77.0.2. @param tags octets between the Ethernet source and the EtherType
inline octet_string who_has(const mac_address& destination, const mac_address& source,
                            std::initializer_list<int> tags = {}) {
  octet_string frame;
  append(frame, destination);
  append(frame, source);
  append(frame, tags);
  append(frame, {0x08, 0x06, 0, 1, 0x08, 0x00, 6, 4, 0, 1});
  append(frame, source);
  append(frame, {10, 77, 0, 2});
  append(frame, mac_address{});
  append(frame, {10, 77, 0, 100});
  return frame;
}

/// A copy in which one octet is another.
inline octet_string with_octet(octet_string frame, std::size_t at, int value) {
  frame.at(at) = static_cast<std::byte>(value);
  return frame;
}

/// A copy of another length, cut or padded with zeros.
inline octet_string with_size(octet_string frame, std::size_t size) {
  frame.resize(size);
  return frame;
}

struct frame_sample {
  std::string name;
  octet_string frame;
  bool is_arp{true};       ///< an ARP packet socket sees it, if it has no filter
  bool well_formed{true};  ///< Ethernet/IPv4 request or reply, whole
};

/// @param to the MAC of the interface that will hear them @param from the sender's
inline std::vector<frame_sample> frame_samples(const mac_address& to, const mac_address& from) {
  const auto all = mac_address::broadcast();
  const auto good = who_has(all, from);
  std::vector<frame_sample> samples{
      {"broadcast request", good},
      {"padded request", with_size(good, 60)},
      {"request to our MAC", who_has(to, from)},
      {"request to another host", who_has(carol, from)},
      {"request to a multicast group", who_has(mac_address{{0x01, 0, 0x5e, 0, 0, 1}}, from)},
      {"reply", with_octet(good, 21, 2)},
      {"padded to 1514 octets", with_size(good, 1514)},
      {"priority tag", who_has(all, from, {0x81, 0x00, 0xe0, 0x00})},
      {"priority tag to another host", who_has(carol, from, {0x81, 0x00, 0xe0, 0x00})},
      {"tag of VLAN 5", who_has(all, from, {0x81, 0x00, 0x00, 0x05})},
      {"tag of VLAN 5 to our MAC", who_has(to, from, {0x81, 0x00, 0x00, 0x05})},
      {"service tag of VLAN 5", who_has(all, from, {0x88, 0xa8, 0x00, 0x05})},
      {"service tag of VLAN 0", who_has(all, from, {0x88, 0xa8, 0x00, 0x00})},
      {"priority tag before VLAN 5", who_has(all, from, {0x81, 0x00, 0x20, 0x00, 0x81, 0x00, 0x00, 0x05})},
      {"two priority tags", who_has(all, from, {0x81, 0x00, 0x20, 0x00, 0x81, 0x00, 0x20, 0x00})},
      {"VLAN 5 before VLAN 6", who_has(all, from, {0x81, 0x00, 0x00, 0x05, 0x81, 0x00, 0x00, 0x06}), false},
      {"VLAN 5 before a priority tag", who_has(all, from, {0x81, 0x00, 0x00, 0x05, 0x81, 0x00, 0x20, 0x00}), false},
      {"IPv4", with_octet(good, 13, 0x00), false},
      {"802.3 length instead of a type", with_octet(with_octet(good, 12, 0), 13, 28), false},
      {"tag cut short", with_size(who_has(all, from, {0x81, 0x00, 0xe0, 0x00}), 19), false},
      {"tagged Ethernet header alone", with_size(who_has(all, from, {0x81, 0x00, 0xe0, 0x00}), 20), true, false},
      {"hardware type 6", with_octet(good, 15, 6), true, false},
      {"protocol IPv6", with_octet(with_octet(good, 16, 0x86), 17, 0xdd), true, false},
      {"hardware length 255", with_octet(good, 18, 255), true, false},
      {"protocol length 255", with_octet(good, 19, 255), true, false},
      {"operation 3", with_octet(good, 21, 3), true, false},
      {"operation 0", with_octet(good, 21, 0), true, false},
      {"operation 257", with_octet(good, 20, 1), true, false},
  };
  for (std::size_t size = 14; size < 42; ++size) {
    samples.push_back({"cut to " + std::to_string(size) + " octets", with_size(good, size), true, false});
  }
  return samples;
}

}  // namespace isat::test
