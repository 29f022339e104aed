// SPDX-License-Identifier: BSL-1.0
#include "arp_samples.hpp"
#include "isat/transport/memory_link.hpp"
#include "isat/transport/tracer.hpp"
#include "receiver.hpp"

#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/system/error_code.hpp>
#include <doctest/doctest.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

using namespace isat;
using namespace isat::test;

namespace {

struct seen {
  transport::direction way{};
  octet_string bytes;
  std::size_t length{};
  bool foreign{};
};

transport::trace_callback note_in(std::vector<seen>& all) {
  return [&all](const transport::traced_frame& frame) {
    all.push_back({frame.way, {frame.bytes.begin(), frame.bytes.end()}, frame.length, frame.foreign});
  };
}

}  // namespace

TEST_SUITE("transport/tracer") {
  TEST_CASE("frames are shown in both directions and pass unchanged") {
    asio::io_context io;
    transport::memory_link link{io.get_executor()};
    const auto a = link.attach("a", alice);
    std::vector<seen> all;
    transport::tracer traced{link.attach("b", bob), note_in(all)};
    receiver at_a{*a};
    receiver at_b{traced};
    at_a.start();
    at_b.start();
    CHECK(!send_one(traced, who_has(alice, bob)));
    link.send(with_size(who_has(carol, alice), 200));
    io.poll();
    CHECK(at_a.frames.size() == 2);
    REQUIRE(at_b.frames.size() == 1);
    CHECK(at_b.frames[0].bytes == with_size(who_has(carol, alice), 128));
    REQUIRE(all.size() == 2);
    CHECK(all[0].way == transport::direction::sent);
    CHECK(all[0].bytes == who_has(alice, bob));
    CHECK(all[0].length == 42);
    CHECK(all[1].way == transport::direction::received);
    CHECK(all[1].bytes == at_b.frames[0].bytes);
    CHECK(all[1].length == 200);
    CHECK(all[1].foreign);
    CHECK(traced.link().name == "b");
    CHECK(traced.get_executor() == io.get_executor());
  }

  TEST_CASE("only frames that went out are shown as sent") {
    asio::io_context io;
    transport::memory_link link{io.get_executor()};
    std::vector<seen> all;
    transport::tracer traced{link.attach("b", bob), note_in(all)};
    const auto good = who_has(alice, bob);
    const auto bad = with_size(good, 3);
    const std::array<std::span<const std::byte>, 3> batch{good, bad, good};
    error_code error;
    CHECK(traced.try_send(batch, error) == 1);
    CHECK(error == asio::error::would_block);
    CHECK(all.size() == 1);
  }

  TEST_CASE("nobody needs to listen, and listening may begin and end") {
    asio::io_context io;
    transport::memory_link link{io.get_executor()};
    std::vector<seen> all;
    transport::tracer traced{link.attach("b", bob)};
    receiver at_b{traced};
    const auto receive_one = [&] {
      link.send(who_has(bob, alice));
      at_b.start();
      io.restart();
      io.poll();
    };
    receive_one();
    CHECK(all.empty());
    traced.listen(note_in(all));
    receive_one();
    CHECK(all.size() == 1);
    traced.listen({});
    receive_one();
    CHECK(all.size() == 1);
    CHECK(at_b.frames.size() == 3);
  }

  TEST_CASE("a pending receive is cancelled through the tracer, and aborted when that is destroyed") {
    for (const bool destroyed : {false, true}) {
      CAPTURE(destroyed);
      asio::io_context io;
      transport::memory_link link{io.get_executor()};
      std::vector<seen> all;
      std::optional<transport::tracer> traced{std::in_place, link.attach("b", bob), note_in(all)};
      receiver at_b{*traced};
      at_b.start();
      if (destroyed) {
        link.send(who_has(bob, alice));
        traced.reset();
      } else {
        at_b.cancel(asio::cancellation_type::terminal);
      }
      io.poll();
      CHECK(at_b.done);
      CHECK(at_b.error == asio::error::operation_aborted);
      CHECK(all.empty());
    }
  }

  TEST_CASE("a capture that cannot be written ends with one report") {
    error_code error;
    auto file = transport::pcap_file::create("/dev/full", error);
    CHECK(!file);
    CHECK(error == boost::system::errc::no_space_on_device);
  }

  TEST_CASE("directions have names") {
    CHECK(to_string(transport::direction::none) == "none");
    CHECK(to_string(transport::direction::received) == "received");
    CHECK(to_string(transport::direction::sent) == "sent");
  }
}
