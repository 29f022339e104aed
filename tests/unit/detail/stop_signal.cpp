// SPDX-License-Identifier: BSL-1.0

#include "isat/detail/stop_signal.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/system/error_code.hpp>
#include <doctest/doctest.h>

#include <chrono>
#include <optional>

using isat::detail::stop_signal;
using namespace std::chrono_literals;

TEST_CASE("an operation whose handler is bound to the signal is cancelled by it") {
  boost::asio::io_context io{1};
  boost::asio::steady_timer timer{io, 1h};
  std::optional<boost::system::error_code> result;
  const stop_signal stop;
  timer.async_wait(stop.bind([&](boost::system::error_code error) { result = error; }));
  stop.emit();
  io.run();
  CHECK(result == boost::system::error_code{boost::asio::error::operation_aborted});
}

TEST_CASE("the signal may be gone before the operation completes") {
  boost::asio::io_context io{1};
  boost::asio::steady_timer timer{io, 1h};
  std::optional<boost::system::error_code> result;
  {
    const stop_signal stop;
    timer.async_wait(stop.bind([&](boost::system::error_code error) { result = error; }));
    stop.emit();
  }
  io.run();
  CHECK(result == boost::system::error_code{boost::asio::error::operation_aborted});
}

TEST_CASE("one operation after the other can use the same signal") {
  boost::asio::io_context io{1};
  boost::asio::steady_timer timer{io};
  const stop_signal stop;
  int aborted = 0;
  for (int i = 0; i < 3; ++i) {
    timer.expires_after(1h);
    timer.async_wait(stop.bind([&](boost::system::error_code error) { aborted += error ? 1 : 0; }));
    stop.emit();
    io.restart();
    io.run();
  }
  CHECK(aborted == 3);
}

TEST_CASE("emitting with nothing pending does nothing") { stop_signal{}.emit(); }
