// SPDX-License-Identifier: BSL-1.0
#include "arp_samples.hpp"
#include "isat/transport/memory_link.hpp"
#include "receiver.hpp"

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
#include <optional>
#include <span>
#include <string>
#include <vector>

using namespace isat;
using namespace isat::test;

TEST_SUITE("transport/memory_link") {
  TEST_CASE("a frame arrives at every other transport and not at its sender") {
    asio::io_context io;
    transport::memory_link link{io.get_executor()};
    const auto a = link.attach("a", alice);
    const auto b = link.attach("b", bob);
    const auto c = link.attach("c", carol);
    receiver at_a{*a};
    receiver at_b{*b};
    receiver at_c{*c};
    at_a.start();
    at_b.start();
    at_c.start();
    CHECK(!send_one(*a, who_has(mac_address::broadcast(), alice)));
    CHECK_MESSAGE(!at_b.done, "a handler never runs inside the sending call");
    io.poll();
    CHECK(!at_a.done);
    REQUIRE(at_b.frames.size() == 1);
    CHECK(at_b.frames[0].bytes == who_has(mac_address::broadcast(), alice));
    CHECK(at_b.frames == at_c.frames);
    CHECK(!at_b.error);
  }

  TEST_CASE("ARP frames arrive untagged, and those of others or of another VLAN are foreign") {
    struct row {
      std::string name;
      octet_string frame;
      bool foreign;
    };
    const auto all = mac_address::broadcast();
    const std::array rows{
        row{"broadcast", who_has(all, alice), false},
        row{"to our MAC", who_has(bob, alice), false},
        row{"to another host", who_has(carol, alice), true},
        row{"priority tag", who_has(all, alice, {0x81, 0x00, 0xe0, 0x00}), false},
        row{"VLAN 5", who_has(all, alice, {0x81, 0x00, 0x00, 0x05}), true},
        row{"VLAN 4095", who_has(all, alice, {0x81, 0x00, 0x0f, 0xff}), true},
    };
    for (const auto& row : rows) {
      CAPTURE(row.name);
      asio::io_context io;
      transport::memory_link link{io.get_executor()};
      const auto a = link.attach("a", alice);
      const auto b = link.attach("b", bob);
      receiver at_b{*b};
      at_b.start();
      CHECK(!send_one(*a, row.frame));
      io.poll();
      REQUIRE(at_b.frames.size() == 1);
      CHECK(at_b.frames[0].foreign == row.foreign);
      CHECK(at_b.frames[0].length == 42);
      CHECK(std::vector(at_b.frames[0].bytes.begin() + 12, at_b.frames[0].bytes.end()) ==
            std::vector(row.frame.end() - 30, row.frame.end()));
    }
  }

  TEST_CASE("what is not ARP is not heard, but malformed ARP is") {
    for (const auto& sample : frame_samples(bob, alice)) {
      CAPTURE(sample.name);
      asio::io_context io;
      transport::memory_link link{io.get_executor()};
      const auto b = link.attach("b", bob);
      receiver at_b{*b};
      at_b.start();
      link.send(sample.frame);
      io.poll();
      CHECK(at_b.done == sample.is_arp);
    }
  }

  TEST_CASE("injected octets arrive as they are, however few") {
    asio::io_context io;
    transport::memory_link link{io.get_executor()};
    const auto b = link.attach("b", bob);
    receiver at_b{*b};
    const octet_string one{std::byte{7}};
    link.inject({});
    link.inject(one);
    link.inject(who_has(carol, alice, {0x81, 0, 0, 5}), true);
    at_b.start();
    io.poll();
    REQUIRE(at_b.frames.size() == 3);
    CHECK(at_b.frames[0] == copied_frame{{}, 0, false});
    CHECK(at_b.frames[1] == copied_frame{one, 1, false});
    CHECK(at_b.frames[2] == copied_frame{who_has(carol, alice, {0x81, 0, 0, 5}), 46, true});
  }

  TEST_CASE("of a long frame the first octets arrive and the true length") {
    asio::io_context io;
    transport::memory_link link{io.get_executor()};
    const auto b = link.attach("b", bob);
    receiver at_b{*b};
    at_b.start();
    link.send(with_size(who_has(bob, alice, {0x81, 0x00, 0xe0, 0x00}), 9004));
    io.poll();
    REQUIRE(at_b.frames.size() == 1);
    CHECK(at_b.frames[0].length == 9000);
    CHECK(at_b.frames[0].bytes == with_size(who_has(bob, alice), transport::received_bytes_max));
  }

  TEST_CASE("a receive takes as many frames as fit, and the next one the rest") {
    asio::io_context io;
    transport::memory_link link{io.get_executor()};
    const auto b = link.attach("b", bob);
    receiver at_b{*b, 2};
    for (int i = 0; i < 3; ++i) link.send(with_octet(who_has(bob, alice), 41, i));
    at_b.start();
    io.poll();
    CHECK(at_b.last == 2);
    at_b.start();
    io.restart();
    io.poll();
    CHECK(at_b.last == 1);
    REQUIRE(at_b.frames.size() == 3);
    for (int i = 0; i < 3; ++i) CHECK(at_b.frames[static_cast<std::size_t>(i)].bytes[41] == static_cast<std::byte>(i));
  }

  TEST_CASE("a full queue drops what comes and counts it") {
    asio::io_context io;
    transport::memory_link link{io.get_executor()};
    const auto b = link.attach("b", bob, 3);
    for (int i = 0; i < 5; ++i) link.send(with_octet(who_has(bob, alice), 41, i));
    CHECK(b->statistics().receive_drops == 2);
    receiver at_b{*b};
    at_b.start();
    io.poll();
    REQUIRE(at_b.frames.size() == 3);
    CHECK(at_b.frames[2].bytes[41] == std::byte{2});
  }

  TEST_CASE("frames without an Ethernet header are refused, and end their batch") {
    asio::io_context io;
    transport::memory_link link{io.get_executor()};
    const auto a = link.attach("a", alice);
    const auto good = who_has(bob, alice);
    const auto bad = with_size(good, 13);
    const std::array<std::span<const std::byte>, 3> batch{good, bad, good};
    error_code error;
    CHECK(a->try_send(batch, error) == 1);
    CHECK(error == asio::error::would_block);
    CHECK(a->try_send(std::span{batch}.subspan(1), error) == 0);
    CHECK(error == asio::error::invalid_argument);
    CHECK(a->try_send({}, error) == 0);
    CHECK(!error);
  }

  TEST_CASE("a changed MAC makes frames to the old one foreign") {
    asio::io_context io;
    transport::memory_link link{io.get_executor()};
    const auto b = link.attach("b", bob);
    b->set_mac(carol);
    CHECK(b->link().mac == carol);
    CHECK(b->link().name == "b");
    receiver at_b{*b};
    link.send(who_has(bob, alice));
    link.send(who_has(carol, alice));
    at_b.start();
    io.poll();
    REQUIRE(at_b.frames.size() == 2);
    CHECK(at_b.frames[0].foreign);
    CHECK(!at_b.frames[1].foreign);
  }

  TEST_CASE("transports outlive their link and leave it one by one") {
    asio::io_context io;
    std::optional<transport::memory_link> link{std::in_place, io.get_executor()};
    const auto a = link->attach("a", alice);
    auto b = link->attach("b", bob);
    const auto c = link->attach("c", carol);
    link.reset();
    b.reset();
    receiver at_c{*c};
    at_c.start();
    CHECK(!send_one(*a, who_has(carol, alice)));
    io.poll();
    CHECK(at_c.frames.size() == 1);
  }
}
