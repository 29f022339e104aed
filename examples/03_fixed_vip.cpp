// SPDX-License-Identifier: BSL-1.0

// Answers ARP for one fixed VIP on one interface until it is interrupted: the smallest speaker. It needs CAP_NET_RAW.
// Usage: 03_fixed_vip INTERFACE ADDRESS

#include "isat/net.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <fmt/format.h>

#include <csignal>
#include <optional>

int main(int count, char** arguments) {
  const auto interface = isat::transport::interface_pattern::parse(count == 3 ? arguments[1] : "");
  const auto address = isat::ipv4_address::parse(count == 3 ? arguments[2] : "");
  if (!interface || !address || !isat::responder::can_be_vip(*address)) {
    fmt::print(stderr, "usage: 03_fixed_vip INTERFACE ADDRESS\n");
    return 64;
  }

  // [run]
  boost::asio::io_context io{1};
  isat::election::always_leader elector{io.get_executor()};
  isat::source::static_source source{io.get_executor(), {{*address}}};

  isat::speaker_options options;
  options.interfaces = {*interface};
  isat::speaker speaker{io.get_executor(), elector, source, options};

  boost::asio::cancellation_signal stop;
  isat::error_code result;
  boost::asio::signal_set signals{io, SIGINT, SIGTERM};
  speaker.async_run(boost::asio::bind_cancellation_slot(stop.slot(), [&](isat::error_code error) {
    result = error;
    signals.cancel();
  }));
  signals.async_wait([&](isat::error_code, int) { stop.emit(boost::asio::cancellation_type::terminal); });
  io.run();
  // [/run]

  if (result == boost::asio::error::operation_aborted) return 0;
  fmt::print(stderr, "03_fixed_vip: {}\n", result.message());
  return 71;
}
