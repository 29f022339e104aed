// SPDX-License-Identifier: BSL-1.0

// Decodes one ARP frame and makes the reply to it, with isat::core alone: no socket, no event loop, no allocation.

#include "isat/core.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <span>
#include <string>

int main() {
  // A who-has as it comes from the wire: 192.0.2.1 asks for 192.0.2.100.
  const std::uint8_t captured[] = {
      0xff, 0xff, 0xff, 0xff, 0xff, 0xff,  // destination: broadcast
      0x02, 0x00, 0x00, 0x00, 0x00, 0x01,  // source
      0x08, 0x06,                          // EtherType: ARP
      0x00, 0x01, 0x08, 0x00, 0x06, 0x04,  // Ethernet, IPv4, and the lengths of their addresses
      0x00, 0x01,                          // operation: request
      0x02, 0x00, 0x00, 0x00, 0x00, 0x01,  // sender hardware address
      192,  0,    2,    1,                 // sender protocol address
      0x00, 0x00, 0x00, 0x00, 0x00, 0x00,  // target hardware address: unknown
      192,  0,    2,    100,               // target protocol address
  };

  // [decode]
  isat::wire::arp_frame frame;
  const auto error = isat::wire::parse(std::as_bytes(std::span{captured}), frame);
  if (error != isat::wire::parse_error::none) {
    const std::string name{to_string(error)};
    std::printf("refused: %s\n", name.c_str());
    return 1;
  }
  std::printf("who-has %s? tell %s\n", frame.arp.tpa.to_string().c_str(), frame.arp.spa.to_string().c_str());

  const auto ours = isat::mac_address::parse("02:00:00:00:00:0a").value();
  const isat::wire::arp_frame reply = isat::wire::make_reply(frame.arp, ours);
  const isat::wire::frame_bytes bytes = isat::wire::emit(reply);
  std::printf("%s is-at %s, %zu octets\n", reply.arp.spa.to_string().c_str(), reply.arp.sha.to_string().c_str(),
              bytes.size());
  // [/decode]
}
