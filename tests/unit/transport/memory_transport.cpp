// SPDX-License-Identifier: BSL-1.0
#include "arp_samples.hpp"
#include "isat/transport/memory_link.hpp"
#include "isat/transport/memory_transport.hpp"
#include "receiver.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <doctest/doctest.h>

#include <array>
#include <cstddef>
#include <memory>
#include <utility>

using namespace isat;
using namespace isat::test;

namespace {

asio::awaitable<void> count_frames(transport::frame_transport& from, std::size_t& total) {
  std::array<transport::received_frame, 4> slots;
  for (;;) {
    const auto [error, count] = co_await from.async_receive(slots, asio::as_tuple(asio::use_awaitable));
    if (error) co_return;
    total += count;
  }
}

}  // namespace

TEST_SUITE("transport/memory_transport") {
  TEST_CASE("a pending receive is cancelled by every cancellation type, and loses nothing") {
    for (const auto type :
         {asio::cancellation_type::terminal, asio::cancellation_type::partial, asio::cancellation_type::total}) {
      CAPTURE(static_cast<unsigned>(type));
      asio::io_context io;
      transport::memory_link link{io.get_executor()};
      const auto b = link.attach("b", bob);
      receiver at_b{*b};
      at_b.start();
      io.poll();
      CHECK(!at_b.done);
      at_b.cancel(type);
      CHECK(!at_b.done);
      io.restart();
      io.poll();
      CHECK(at_b.done);
      CHECK(at_b.error == asio::error::operation_aborted);
      link.send(who_has(bob, alice));
      at_b.start();
      io.restart();
      io.poll();
      CHECK(at_b.frames.size() == 1);
    }
  }

  TEST_CASE("a cancellation after the completion touches nothing, not even when the transport is gone") {
    asio::io_context io;
    transport::memory_link link{io.get_executor()};
    auto b = link.attach("b", bob);
    receiver at_b{*b};
    at_b.start();
    link.send(who_has(bob, alice));
    io.poll();
    CHECK(at_b.frames.size() == 1);
    b.reset();
    at_b.cancel(asio::cancellation_type::all);
    CHECK(!at_b.error);
  }

  TEST_CASE("destroying the transport aborts its receive, whether a frame has come or not") {
    for (const bool arrived : {false, true}) {
      CAPTURE(arrived);
      asio::io_context io;
      transport::memory_link link{io.get_executor()};
      auto b = link.attach("b", bob);
      receiver at_b{*b};
      at_b.start();
      if (arrived) link.send(who_has(bob, alice));
      b.reset();
      CHECK(!at_b.done);
      io.poll();
      CHECK(at_b.done);
      CHECK(at_b.error == asio::error::operation_aborted);
      CHECK(at_b.frames.empty());
    }
  }

  TEST_CASE("a context that is destroyed takes a pending receive with it") {
    std::unique_ptr<transport::memory_transport> b;
    auto io = std::make_unique<asio::io_context>();
    transport::memory_link link{io->get_executor()};
    b = link.attach("b", bob);
    receiver at_b{*b};
    at_b.start();
    b.reset();
    io.reset();
    CHECK(!at_b.done);
  }

  TEST_CASE("a coroutine receives until its transport is destroyed") {
    asio::io_context io;
    transport::memory_link link{io.get_executor()};
    auto b = link.attach("b", bob);
    std::size_t total = 0;
    asio::co_spawn(io, count_frames(*b, total), asio::detached);
    for (int i = 0; i < 10; ++i) link.send(who_has(bob, alice));
    io.poll();
    CHECK(total == 10);
    b.reset();
    CHECK(io.run() > 0);
    CHECK(io.stopped());
  }
}
