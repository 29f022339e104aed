// SPDX-License-Identifier: BSL-1.0
#include "isat/detail/erase.hpp"
#include "isat/transport/link_message.hpp"
#include "isat/transport/link_socket.hpp"
#include "private_network.hpp"

#include <boost/asio/error.hpp>
#include <boost/system/error_code.hpp>
#include <doctest/doctest.h>

#include <array>
#include <cstddef>
#include <vector>

using namespace isat;
using namespace isat::test;
namespace errc = boost::system::errc;

TEST_SUITE("netns/transport/link_socket") {
  TEST_CASE("a dump carries the number that it was asked with, and ends") {
    if (!enter_private_network()) return;
    error_code error;
    const auto socket = detail::open_link_socket(0, error);
    REQUIRE(!error);
    std::vector<std::byte> buffer(detail::link_datagram_max);
    CHECK(detail::receive_link_datagram(socket.get(), buffer, error).empty());
    CHECK(error == asio::error::would_block);
    detail::request_link_dump(socket.get(), 4711, error);
    REQUIRE(!error);
    std::vector<transport::link_message> all;
    while (all.empty() || all.back().kind != transport::link_message_kind::dump_done) {
      transport::link_message_reader reader{detail::receive_link_datagram(socket.get(), buffer, error)};
      REQUIRE(!error);
      while (auto message = reader.next()) all.push_back(*std::move(message));
    }
    REQUIRE(all.size() >= 2);
    CHECK(all[0].link.name == "lo");
    for (const auto& message : all) {
      CHECK(message.sequence == 4711);
      CHECK(message.of_dump);
    }
  }

  TEST_CASE("a change is told to a subscriber, and not as part of a dump") {
    if (!enter_private_network()) return;
    error_code error;
    const auto subscribed = detail::open_link_socket(RTMGRP_LINK, error);
    const auto other = detail::open_link_socket(0, error);
    REQUIRE(!error);
    REQUIRE(ip("link add here type veth peer name there"));
    std::vector<std::byte> buffer(detail::link_datagram_max);
    transport::link_message_reader reader{detail::receive_link_datagram(subscribed.get(), buffer, error)};
    CHECK(!error);
    const auto message = reader.next();
    REQUIRE(message);
    CHECK(message->kind == transport::link_message_kind::present);
    CHECK(!message->of_dump);
    CHECK(detail::receive_link_datagram(other.get(), buffer, error).empty());
    CHECK(error == asio::error::would_block);
  }

  TEST_CASE("a datagram that does not fit is an error, not a shorter one") {
    if (!enter_private_network()) return;
    error_code error;
    const auto socket = detail::open_link_socket(0, error);
    detail::request_link_dump(socket.get(), 1, error);
    REQUIRE(!error);
    std::array<std::byte, 64> small{};
    CHECK(detail::receive_link_datagram(socket.get(), small, error).empty());
    CHECK(error == errc::message_size);
  }

  TEST_CASE("lost datagrams are an error once, and then the queue goes on") {
    if (!enter_private_network()) return;
    REQUIRE(ip("link add here type veth peer name there"));
    error_code error;
    const auto socket = detail::open_link_socket(RTMGRP_LINK, error);
    REQUIRE(!error);
    std::string commands;
    for (int i = 0; i < 2000; ++i) commands += "link set dev here mtu " + std::to_string(1000 + i % 2) + "\n";
    REQUIRE(ip_batch(commands));
    std::vector<std::byte> buffer(detail::link_datagram_max);
    std::size_t overruns = 0;
    std::size_t datagrams = 0;
    while (error != asio::error::would_block) {
      const auto datagram = detail::receive_link_datagram(socket.get(), buffer, error);
      if (error == asio::error::no_buffer_space) ++overruns;
      if (!datagram.empty()) ++datagrams;
    }
    CHECK(overruns == 1);
    CHECK(datagrams > 0);
    CHECK(datagrams < 2000);
  }
}
