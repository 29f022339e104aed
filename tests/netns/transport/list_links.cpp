// SPDX-License-Identifier: BSL-1.0
#include "isat/transport/list_links.hpp"
#include "private_network.hpp"

#include <boost/system/error_code.hpp>
#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <string>
#include <sys/resource.h>

using namespace isat;
using namespace isat::test;

TEST_SUITE("netns/transport/list_links") {
  TEST_CASE("every interface is listed by index, however many datagrams that takes") {
    if (!enter_private_network()) return;
    std::string commands;
    for (int i = 0; i < 100; ++i) {
      commands += "link add left" + std::to_string(i) + " type veth peer name right" + std::to_string(i) + "\n";
    }
    error_code error;
    const std::size_t before = transport::list_links(error).size();
    CHECK(!error);
    REQUIRE(ip_batch(commands));
    const auto all = transport::list_links(error);
    CHECK(!error);
    CHECK(all.size() == before + 200);
    CHECK(std::is_sorted(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.index < b.index; }));
    for (const auto& link : all) CHECK(link.index == ::if_nametoindex(link.name.c_str()));
  }

  TEST_CASE("without a free descriptor the error says so") {
    rlimit before{};
    REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
    const rlimit none{0, before.rlim_max};
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &none) == 0);
    error_code error;
    const auto all = transport::list_links(error);
    ::setrlimit(RLIMIT_NOFILE, &before);
    CHECK(error == boost::system::errc::too_many_files_open);
    CHECK(all.empty());
  }
}
