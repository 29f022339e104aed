// SPDX-License-Identifier: BSL-1.0

// What can be told without privileges, on the interfaces that every host has. Interfaces that come, go and fail are
// in tests/netns/transport/interface_follower.cpp.

#include "../../support/fake_transport.hpp"
#include "isat/transport/interface_follower.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/io_context.hpp>
#include <doctest/doctest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace isat;
using namespace std::chrono_literals;

struct fixture : transport::interface_sink {
  asio::io_context io{1};
  std::vector<std::string> links;
  std::vector<std::string> opened;
  std::vector<std::pair<std::string, error_code>> refused;
  asio::cancellation_signal stop;
  std::optional<error_code> result;

  void on_link(const transport::link_change& change) override { links.push_back(change.link().name); }
  error_code on_interface(const transport::link_state& link, std::unique_ptr<transport::frame_transport>) override {
    opened.push_back(link.name);
    return {};
  }
  void on_refused(const transport::link_state& link, error_code reason) override {
    refused.emplace_back(link.name, reason);
  }

  transport::interface_follower follow(const std::string& pattern) {
    auto open = [](asio::any_io_executor executor, const transport::link_state&, error_code&) {
      return std::make_unique<testing::fake_transport>(std::move(executor));
    };
    return {io.get_executor(), {transport::interface_pattern::parse(pattern).value()}, open};
  }
  void run(transport::interface_follower& follower) {
    follower.async_run(*this, asio::bind_cancellation_slot(stop.slot(), [this](error_code error) { result = error; }));
  }
  void run_until(const std::function<bool()>& done) {
    const auto until = std::chrono::steady_clock::now() + 5s;
    while (!done() && std::chrono::steady_clock::now() < until) {
      io.restart();
      io.run_one_for(20ms);
    }
  }
};

}  // namespace

TEST_CASE_FIXTURE(fixture, "links that no pattern selects are told of and not opened") {
  auto follower = follow("isat-none");
  run(follower);
  run_until([&] { return !links.empty(); });
  CHECK(!links.empty());
  CHECK(opened.empty());
  CHECK(refused.empty());
}

TEST_CASE_FIXTURE(fixture, "an interface that does not carry Ethernet is refused with that reason, once") {
  auto follower = follow("lo");
  run(follower);
  run_until([&] { return !refused.empty(); });
  REQUIRE(refused.size() == 1);
  CHECK(refused[0].first == "lo");
  CHECK(refused[0].second == error::not_ethernet);
  CHECK(opened.empty());
}

TEST_CASE_FIXTURE(fixture, "a cancelled follower completes with operation_aborted") {
  auto follower = follow("lo");
  run(follower);
  run_until([&] { return !links.empty(); });
  stop.emit(asio::cancellation_type::terminal);
  run_until([&] { return result.has_value(); });
  CHECK(result == error_code{asio::error::operation_aborted});
}

TEST_CASE_FIXTURE(fixture, "a follower that is destroyed while it runs calls nobody any more") {
  {
    auto follower = follow("lo");
    run(follower);
  }
  const auto told = links.size();
  run_until([&] { return result.has_value(); });
  CHECK(result == error_code{asio::error::operation_aborted});
  CHECK(links.size() == told);
}
