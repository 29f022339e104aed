// SPDX-License-Identifier: BSL-1.0

// Interfaces that come, go, change their names and fail, on the real kernel; what every host can show is in
// tests/unit/transport/interface_follower.cpp.

#include "arp_samples.hpp"
#include "isat/transport/interface_follower.hpp"
#include "private_network.hpp"
#include "receiver.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/system/error_code.hpp>
#include <doctest/doctest.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <deque>
#include <functional>
#include <linux/if_ether.h>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

using namespace isat;
using namespace isat::test;
using namespace std::chrono_literals;
using transport::link_state;

namespace {

error_code system_error(int number) { return {number, boost::system::system_category()}; }

const auto no_permission = system_error(EPERM);
const auto no_memory = system_error(ENOBUFS);

/// A sink that keeps what it is told, and a factory that opens packet sockets after the failures that the test asks
/// for. Interfaces are veth pairs, of which only one end is selected.
struct followed_network : transport::interface_sink {
  struct attempt {
    link_state link;
    std::chrono::steady_clock::time_point when;
  };
  struct refusal {
    std::string name;
    error_code reason;
  };

  asio::io_context io{1};
  asio::cancellation_signal stop;
  std::optional<error_code> result;

  // What the test sets.
  std::deque<error_code> failures;               ///< of the next attempts to open; none: it succeeds
  std::deque<error_code> verdicts;               ///< of the sink about what is opened; none: it takes it
  std::function<void(const std::string&)> also;  ///< called with the name of each callback, at its end

  // What the test reads.
  std::vector<transport::link_change> changes;
  std::vector<attempt> attempts;
  std::vector<link_state> opened;
  std::vector<refusal> refused;
  std::vector<std::unique_ptr<transport::frame_transport>> transports;

  void on_link(const transport::link_change& change) override {
    changes.push_back(change);
    if (also) also("on_link");
  }
  error_code on_interface(const link_state& link, std::unique_ptr<transport::frame_transport> transport) override {
    opened.push_back(link);
    const error_code verdict = next_of(verdicts);
    if (!verdict) transports.push_back(std::move(transport));
    if (also) also("on_interface");
    return verdict;
  }
  void on_refused(const link_state& link, error_code reason) override {
    refused.push_back({link.name, reason});
    if (also) also("on_refused");
  }

  static error_code next_of(std::deque<error_code>& list) {
    if (list.empty()) return {};
    const error_code next = list.front();
    list.pop_front();
    return next;
  }

  transport::interface_follower follow(const std::vector<std::string>& patterns) {
    std::vector<transport::interface_pattern> parsed;
    for (const auto& each : patterns) parsed.push_back(transport::interface_pattern::parse(each).value());
    auto open = [this](asio::any_io_executor executor, const link_state& link, error_code& error) {
      attempts.push_back({link, std::chrono::steady_clock::now()});
      error = next_of(failures);
      return error ? nullptr : transport::open_packet_socket(std::move(executor), link, error);
    };
    return {io.get_executor(), std::move(parsed), open};
  }

  void start(transport::interface_follower& follower) {
    follower.async_run(*this, asio::bind_cancellation_slot(stop.slot(), [this](error_code error) { result = error; }));
    REQUIRE(wait([this] { return told_of("lo"); }));
  }

  /// Runs the context until `done`; false after ten seconds.
  bool wait(const std::function<bool()>& done) {
    const auto end = std::chrono::steady_clock::now() + 10s;
    while (!done() && std::chrono::steady_clock::now() < end) {
      io.restart();
      io.run_one_until(end);
    }
    return done();
  }
  bool wait_for_opened(std::size_t count) {
    return wait([&] { return opened.size() >= count; });
  }

  bool told_of(const std::string& name) const {
    for (const auto& change : changes) {
      if (change.link().name == name) return true;
    }
    return false;
  }
  bool told_of_end(const std::string& name) const {
    for (const auto& change : changes) {
      if (change.gone() && change.before->name == name) return true;
    }
    return false;
  }

  /// That an asker at the other end of the cable is heard on the transport that was opened last.
  void check_hears(const char* other_end) {
    receiver ear{*transports.back()};
    ear.start();
    const raw_socket asker{other_end, ETH_P_ARP};
    REQUIRE(asker.send(who_has(mac_address::broadcast(), alice)));
    REQUIRE(wait([&] { return ear.done; }));
    CHECK(!ear.error);
    REQUIRE(ear.frames.size() == 1);
    CHECK(ear.frames[0].bytes == who_has(mac_address::broadcast(), alice));
  }
};

/// A cable whose end `name` the patterns of these tests select; its other end is called `<name>-peer`.
bool add_cable(const std::string& name) {
  return ip("link add " + name + " address 02:00:00:00:00:0b type veth peer name " + name + "-peer") &&
         ip("link set dev " + name + " up") && ip("link set dev " + name + "-peer up");
}

}  // namespace

TEST_SUITE("netns/transport/interface_follower") {
  TEST_CASE("an interface that is there at the start is opened, and no other") {
    if (!enter_private_network()) return;
    followed_network net;
    REQUIRE(add_cable("isat0"));
    auto follower = net.follow({"isat0"});
    net.start(follower);
    REQUIRE(net.wait_for_opened(1));
    CHECK(net.opened[0].name == "isat0");
    CHECK(net.opened[0].index == ::if_nametoindex("isat0"));
    CHECK(net.opened[0].mac == bob);
    CHECK(net.told_of("isat0-peer"));
    net.check_hears("isat0-peer");
    CHECK(net.attempts.size() == 1);
    CHECK(net.refused.empty());
  }

  TEST_CASE("an interface that is missing at the start is waited for") {
    if (!enter_private_network()) return;
    followed_network net;
    auto follower = net.follow({"isat0"});
    net.start(follower);
    CHECK(net.attempts.empty());
    REQUIRE(add_cable("isat0"));
    REQUIRE(net.wait_for_opened(1));
    net.check_hears("isat0-peer");
    CHECK(net.attempts.size() == 1);
    CHECK(net.refused.empty());
  }

  TEST_CASE("an interface that is deleted and made again is opened again") {
    if (!enter_private_network()) return;
    followed_network net;
    REQUIRE(add_cable("isat0"));
    auto follower = net.follow({"isat0"});
    net.start(follower);
    REQUIRE(net.wait_for_opened(1));
    REQUIRE(ip("link del dev isat0"));
    REQUIRE(net.wait([&] { return net.told_of_end("isat0"); }));
    CHECK(net.opened.size() == 1);
    REQUIRE(add_cable("isat0"));
    REQUIRE(net.wait_for_opened(2));
    CHECK(net.opened[1].index != net.opened[0].index);
    net.check_hears("isat0-peer");
    CHECK(net.attempts.size() == 2);
    CHECK(net.refused.empty());
  }

  TEST_CASE("a glob follows every interface that it matches, each on its own") {
    if (!enter_private_network()) return;
    followed_network net;
    REQUIRE(add_cable("isat0"));
    auto follower = net.follow({"isat?", "other"});
    net.start(follower);
    REQUIRE(add_cable("isat1"));
    REQUIRE(add_cable("unasked"));
    REQUIRE(add_cable("other"));
    REQUIRE(net.wait_for_opened(3));
    CHECK(net.opened[0].name == "isat0");
    CHECK(net.opened[1].name == "isat1");
    CHECK(net.opened[2].name == "other");
    CHECK(net.attempts.size() == 3);
  }

  TEST_CASE("what cannot be opened is told once and tried again every second, as the interface is then") {
    if (!enter_private_network()) return;
    followed_network net;
    net.failures = {no_permission, no_permission};
    auto follower = net.follow({"isat0"});
    net.start(follower);
    REQUIRE(add_cable("isat0"));
    REQUIRE(net.wait([&] { return net.refused.size() == 1; }));
    REQUIRE(ip("link set dev isat0 address 02:00:00:00:00:77"));
    REQUIRE(net.wait_for_opened(1));
    CHECK(net.opened[0].mac == mac_address{{2, 0, 0, 0, 0, 0x77}});
    net.check_hears("isat0-peer");
    REQUIRE(net.refused.size() == 1);
    CHECK(net.refused[0].name == "isat0");
    CHECK(net.refused[0].reason == no_permission);
    REQUIRE(net.attempts.size() == 3);
    for (std::size_t i = 1; i < net.attempts.size(); ++i) {
      const auto gap = net.attempts[i].when - net.attempts[i - 1].when;
      CHECK(gap > 900ms);  // no busy loop
      CHECK(gap < 8s);     // a second, and what a loaded machine takes
    }
  }

  TEST_CASE("a reason is told again when it changes, and when it comes back after a success") {
    if (!enter_private_network()) return;
    followed_network net;
    net.failures = {no_permission, no_memory, no_memory};
    auto follower = net.follow({"isat0"});
    net.start(follower);
    REQUIRE(add_cable("isat0"));
    REQUIRE(net.wait_for_opened(1));
    REQUIRE(net.refused.size() == 2);
    CHECK(net.refused[0].reason == no_permission);
    CHECK(net.refused[1].reason == no_memory);
    CHECK(net.attempts.size() == 4);
    net.failures = {no_memory};
    follower.reopen(net.opened[0].index);
    REQUIRE(net.wait_for_opened(2));
    REQUIRE(net.refused.size() == 3);
    CHECK(net.refused[2].reason == no_memory);
  }

  TEST_CASE("what the sink does not take is refused with its reason, and offered again") {
    if (!enter_private_network()) return;
    followed_network net;
    net.verdicts = {error::too_many_interfaces, error::too_many_interfaces};
    auto follower = net.follow({"isat0"});
    net.start(follower);
    REQUIRE(add_cable("isat0"));
    REQUIRE(net.wait_for_opened(3));
    CHECK(net.transports.size() == 1);
    net.check_hears("isat0-peer");
    REQUIRE(net.refused.size() == 1);
    CHECK(net.refused[0].reason == error::too_many_interfaces);
  }

  TEST_CASE("an interface that is gone is not tried again") {
    if (!enter_private_network()) return;
    followed_network net;
    net.failures.assign(100, no_permission);
    const auto attempts_at = [&net](const std::string& name) {
      return std::count_if(net.attempts.begin(), net.attempts.end(),
                           [&](const auto& attempt) { return attempt.link.name == name; });
    };
    auto follower = net.follow({"isat?"});
    net.start(follower);
    REQUIRE(add_cable("isat0"));
    REQUIRE(net.wait([&] { return net.refused.size() == 1; }));
    REQUIRE(ip("link del dev isat0"));
    REQUIRE(net.wait([&] { return net.told_of_end("isat0"); }));
    const auto before = attempts_at("isat0");
    REQUIRE(add_cable("isat1"));
    // One timer serves both: when isat1 is tried again, isat0 would have been.
    REQUIRE(net.wait([&] { return attempts_at("isat1") == 2; }));
    CHECK(attempts_at("isat0") == before);
  }

  TEST_CASE("after a failure of its transport an interface is opened again, if it is still there") {
    if (!enter_private_network()) return;
    followed_network net;
    REQUIRE(add_cable("isat0"));
    REQUIRE(add_cable("isat1"));
    auto follower = net.follow({"isat?"});
    net.start(follower);
    REQUIRE(net.wait_for_opened(2));
    REQUIRE(net.opened[0].name == "isat0");
    net.transports.clear();
    REQUIRE(ip("link del dev isat1"));
    REQUIRE(net.wait([&] { return net.told_of_end("isat1"); }));
    follower.reopen(net.opened[1].index);
    follower.reopen(net.opened[0].index);
    follower.reopen(net.opened[0].index);
    REQUIRE(net.wait_for_opened(3));
    CHECK(net.opened[2].index == net.opened[0].index);
    net.check_hears("isat0-peer");
    CHECK(net.attempts.size() == 3);
    CHECK(net.refused.empty());
  }

  TEST_CASE("a new name that no pattern selects is an end, and one that is selected a beginning") {
    if (!enter_private_network()) return;
    followed_network net;
    REQUIRE(add_cable("isat0"));
    auto follower = net.follow({"isat?"});
    net.start(follower);
    REQUIRE(net.wait_for_opened(1));
    REQUIRE(ip("link set dev isat0 name other"));
    REQUIRE(net.wait([&] { return net.told_of("other"); }));
    CHECK(net.told_of_end("isat0"));
    CHECK(net.attempts.size() == 1);
    REQUIRE(ip("link set dev other name isat7"));
    REQUIRE(net.wait_for_opened(2));
    CHECK(net.told_of_end("other"));
    CHECK(net.opened[1].name == "isat7");
    CHECK(net.opened[1].index == net.opened[0].index);
    CHECK(net.transports.back()->link().name == "isat7");
    net.check_hears("isat0-peer");
    CHECK(net.attempts.size() == 2);
  }

  TEST_CASE("a cancellation from within the sink ends it at once") {
    if (!enter_private_network()) return;
    REQUIRE(add_cable("isat0"));
    REQUIRE(add_cable("isat1"));
    for (const std::string where : {"on_link", "on_interface", "on_refused"}) {
      CAPTURE(where);
      for (const auto type :
           {asio::cancellation_type::terminal, asio::cancellation_type::partial, asio::cancellation_type::total}) {
        followed_network net;
        if (where == "on_refused") net.failures = {no_permission, no_permission};
        net.verdicts = {error::too_many_interfaces};
        int calls_after = 0;
        bool stopped = false;
        net.also = [&](const std::string& callback) {
          if (stopped) ++calls_after;
          if (callback == where && !std::exchange(stopped, true)) net.stop.emit(type);
        };
        auto follower = net.follow({"isat?"});
        follower.async_run(net, asio::bind_cancellation_slot(net.stop.slot(), [&net](error_code error) {
                             CHECK(!net.result);
                             net.result = error;
                           }));
        REQUIRE(net.wait([&] { return net.result.has_value(); }));
        CHECK(net.result == error_code{asio::error::operation_aborted});
        CHECK(calls_after == 0);
        CHECK(net.attempts.size() == (where == "on_link" ? 0 : 1));
        net.io.restart();
        net.io.poll();
        CHECK(net.io.stopped());  // no timer is left that keeps the host's context busy
      }
    }
  }

  TEST_CASE("a cancellation from within the sink at a second attempt ends it at once") {
    if (!enter_private_network()) return;
    followed_network net;
    REQUIRE(add_cable("isat0"));
    REQUIRE(add_cable("isat1"));
    net.failures = {no_permission, no_permission, no_memory};
    bool stopped = false;
    net.also = [&](const std::string&) {
      CHECK(!stopped);
      if (net.refused.size() == 3) {
        stopped = true;
        net.stop.emit(asio::cancellation_type::terminal);
      }
    };
    auto follower = net.follow({"isat?"});
    net.start(follower);
    REQUIRE(net.wait([&] { return net.result.has_value(); }));
    CHECK(net.result == error_code{asio::error::operation_aborted});
    CHECK(net.attempts.size() == 3);
    CHECK(net.opened.empty());
  }
}
