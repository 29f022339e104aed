// SPDX-License-Identifier: BSL-1.0

// A speaker and a client on an Ethernet segment in memory: the client asks who has the VIP and gets the answer. No
// privileges, no network: the way to try out an elector, a source or a decorator of one's own.

#include "isat/net.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

#include <array>
#include <span>

using namespace isat;

constexpr ipv4_address vip{{192, 0, 2, 100}};
constexpr ipv4_address client_address{{192, 0, 2, 1}};
constexpr mac_address client_mac{{0x02, 0, 0, 0, 0, 0x01}};
constexpr mac_address speaker_mac{{0x02, 0, 0, 0, 0, 0x0a}};

/// Asks once, prints what it hears until the reply is there, then stops the speaker.
boost::asio::awaitable<void> ask(transport::frame_transport& client, boost::asio::cancellation_signal& stop) {
  const wire::arp_message question{wire::operation::request, client_mac, client_address, mac_address{}, vip};
  const auto octets = wire::emit({{mac_address::broadcast(), client_mac, wire::ether_type::arp}, question});
  const std::array<std::span<const std::byte>, 1> batch{octets};
  error_code error;
  client.try_send(batch, error);

  std::array<transport::received_frame, transport::batch_max> heard;
  for (bool answered = false; !answered;) {
    const std::size_t count = co_await client.async_receive(heard, boost::asio::use_awaitable);
    for (const auto& received : std::span{heard}.first(count)) {
      wire::arp_frame frame;
      if (wire::parse(received.bytes, frame) != wire::parse_error::none) continue;
      fmt::print("{}\n", frame);
      answered = answered || frame.ethernet.destination == client_mac;
    }
  }
  stop.emit(boost::asio::cancellation_type::terminal);
}

int main() {
  // [run]
  boost::asio::io_context io{1};
  transport::memory_link segment{io.get_executor()};

  election::always_leader elector{io.get_executor()};
  source::static_source source{io.get_executor(), {{vip}}};
  speaker answering{io.get_executor(), elector, source};
  answering.attach(segment.attach("speaker", speaker_mac));

  boost::asio::cancellation_signal stop;
  answering.async_run(boost::asio::bind_cancellation_slot(stop.slot(), [](error_code) {}));
  // [/run]

  const auto client = segment.attach("client", client_mac);
  boost::asio::co_spawn(io, ask(*client, stop), boost::asio::detached);
  io.run();
}
