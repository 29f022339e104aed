// SPDX-License-Identifier: BSL-1.0
#include "isat/transport/link_monitor.hpp"
#include "isat/transport/list_links.hpp"
#include "private_network.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <doctest/doctest.h>

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

using namespace isat;
using namespace isat::test;
using namespace std::chrono_literals;
using transport::link_change;

namespace {

/// A monitor with a veth pair to watch, and what it has told.
struct watched_network {
  watched_network() {
    REQUIRE(ip("link add here address 02:00:00:00:00:0b type veth peer name there"));
    REQUIRE(ip("link set dev there up"));
  }

  void start() {
    done = false;
    monitor.async_changes(
        asio::bind_cancellation_slot(signal.slot(), [this](error_code e, std::vector<link_change> changes) {
          done = true;
          error = e;
          told = std::move(changes);
        }));
  }

  /// Runs the context until the pending call is done; false after five seconds.
  bool wait() {
    const auto end = std::chrono::steady_clock::now() + 5s;
    io.restart();
    while (!done && std::chrono::steady_clock::now() < end) io.run_one_until(end);
    return done;
  }

  /// The next changes. Whatever else happens in the namespace would be among them, so nothing else must.
  std::vector<link_change> next() {
    start();
    REQUIRE(wait());
    CHECK(!error);
    return told;
  }

  /// Waits for a change of `name` that `wanted` takes, over those that come before it.
  template <class Wanted>
  std::optional<link_change> find(const std::string& name, Wanted wanted) {
    for (int calls = 0; calls < 50; ++calls) {
      for (auto& change : next()) {
        if (change.link().name == name && wanted(change)) return change;
      }
    }
    return std::nullopt;
  }

  bool pending_after_all_that_came() {
    io.restart();
    io.poll();
    return !done;
  }

  asio::io_context io;
  asio::cancellation_signal signal;
  transport::link_monitor monitor{io.get_executor()};
  bool done{};
  error_code error;
  std::vector<link_change> told;
};

asio::awaitable<void> count_changes(transport::link_monitor& monitor, std::size_t& total, error_code& end) {
  for (;;) {
    const auto [error, changes] = co_await monitor.async_changes(asio::as_tuple(asio::use_awaitable));
    total += changes.size();
    if (error) {
      end = error;
      co_return;
    }
  }
}

}  // namespace

TEST_SUITE("netns/transport/link_monitor") {
  TEST_CASE("the first completion brings every interface, and then the table is synced") {
    if (!enter_private_network()) return;
    watched_network net;
    CHECK(!net.monitor.links().synced());
    const auto first = net.next();
    CHECK(net.monitor.links().synced());
    error_code error;
    const auto listed = transport::list_links(error);
    CHECK(!error);
    CHECK(listed == net.monitor.links().links());
    REQUIRE(first.size() == listed.size());
    for (std::size_t i = 0; i < first.size(); ++i) {
      CHECK(first[i].appeared());
      CHECK(first[i].after == listed[i]);
    }
    const auto* here = net.monitor.links().find("here");
    REQUIRE(here != nullptr);
    CHECK(here->index == ::if_nametoindex("here"));
    CHECK(here->mac == mac_address{{2, 0, 0, 0, 0, 0x0b}});
    CHECK(here->ethernet);
    CHECK(!here->up);
    CHECK(!here->carrier);
    const auto* lo = net.monitor.links().find("lo");
    REQUIRE(lo != nullptr);
    CHECK(lo->loopback);
    CHECK(!lo->ethernet);
    CHECK(lo->carrier);
    net.start();
    CHECK(net.pending_after_all_that_came());
  }

  TEST_CASE("up, down and the loss of carrier are told") {
    if (!enter_private_network()) return;
    watched_network net;
    net.next();
    REQUIRE(ip("link set dev here up"));
    const auto up = net.find("here", [](const auto& change) { return change.after && change.after->carrier; });
    REQUIRE(up);
    CHECK(up->after->up);
    CHECK(up->needs_announcement());
    REQUIRE(ip("link set dev there down"));
    const auto lost = net.find("here", [](const auto& change) { return change.after && !change.after->carrier; });
    REQUIRE(lost);
    CHECK(lost->after->up);
    CHECK(lost->before->carrier);
    REQUIRE(ip("link set dev there up"));
    CHECK(net.find("here", [](const auto& change) { return change.needs_announcement(); }));
    REQUIRE(ip("link set dev here down"));
    CHECK(net.find("here", [](const auto& change) { return change.after && !change.after->up; }));
  }

  TEST_CASE("an interface that is deleted is gone, and made again it is another one") {
    if (!enter_private_network()) return;
    watched_network net;
    net.next();
    const auto before = *net.monitor.links().find("here");
    REQUIRE(ip("link del dev here"));
    const auto gone = net.find("here", [](const auto& change) { return change.gone(); });
    REQUIRE(gone);
    CHECK(gone->before->index == before.index);
    CHECK(net.monitor.links().find("here") == nullptr);
    REQUIRE(ip("link add here type veth peer name there"));
    const auto again = net.find("here", [](const auto& change) { return change.appeared(); });
    REQUIRE(again);
    CHECK(again->after->index != before.index);
  }

  TEST_CASE("a new MAC is told, and a new name as an end and a beginning") {
    if (!enter_private_network()) return;
    watched_network net;
    net.next();
    REQUIRE(ip("link set dev here address 02:00:00:00:00:77"));
    const auto changed = net.next();
    REQUIRE(changed.size() == 1);
    CHECK(changed[0].before->mac == mac_address{{2, 0, 0, 0, 0, 0x0b}});
    CHECK(changed[0].after->mac == mac_address{{2, 0, 0, 0, 0, 0x77}});
    const auto index = changed[0].after->index;
    REQUIRE(ip("link set dev here name other"));
    const auto renamed = net.next();
    REQUIRE(renamed.size() == 2);
    CHECK(renamed[0].gone());
    CHECK(renamed[0].before->name == "here");
    CHECK(renamed[1].appeared());
    CHECK(renamed[1].after->name == "other");
    CHECK(renamed[1].after->index == index);
  }

  TEST_CASE("joining a bridge and leaving it are changes of the port, which is never gone") {
    if (!enter_private_network()) return;
    if (!ip("link add br0 type bridge")) return skip("`ip link add type bridge` fails here");
    watched_network net;
    net.next();
    REQUIRE(ip("link set dev here master br0"));
    CHECK(net.find("here", [](const auto& change) { return !change.gone() && change.after->bridge_port; }));
    REQUIRE(ip("link set dev here nomaster"));
    REQUIRE(ip("link set dev here address 02:00:00:00:00:77"));
    bool left = false;
    bool gone = false;
    CHECK(net.find("here", [&](const auto& change) {
      gone = gone || change.gone();
      left = left || (change.after && !change.after->bridge_port);
      return change.after && change.after->mac == mac_address{{2, 0, 0, 0, 0, 0x77}};
    }));
    CHECK(left);
    CHECK(!gone);
  }

  TEST_CASE("what nobody can observe completes nothing") {
    if (!enter_private_network()) return;
    watched_network net;
    net.next();
    net.start();
    REQUIRE(ip("link set dev here mtu 1400"));
    REQUIRE(ip("link set dev here alias something"));
    CHECK(net.pending_after_all_that_came());
    REQUIRE(ip("link set dev here address 02:00:00:00:00:77"));
    REQUIRE(net.wait());
    CHECK(net.told.size() == 1);
  }

  TEST_CASE("after more changes than the socket can hold the state is right again") {
    if (!enter_private_network()) return;
    watched_network net;
    net.next();
    constexpr std::size_t flips = 4000;
    std::string commands = "link add late type veth peer name late2\n";
    for (std::size_t i = 0; i < flips; ++i) {
      commands += i % 2 == 0 ? "link set dev here address 02:00:00:00:01:01\n"
                             : "link set dev here address 02:00:00:00:01:02\n";
    }
    commands +=
        "link del dev late\nlink add last type veth peer name last2\nlink set dev here address 02:00:00:00:00:99\n";
    REQUIRE(ip_batch(commands));
    std::size_t changes = 0;
    const mac_address final_mac{{2, 0, 0, 0, 0, 0x99}};
    while (net.monitor.links().find("here")->mac != final_mac || net.monitor.links().find("last") == nullptr ||
           net.monitor.links().find("late") != nullptr) {
      net.start();
      REQUIRE(net.wait());
      REQUIRE(!net.error);
      changes += net.told.size();
    }
    CHECK_MESSAGE(changes < flips, "this many changes fit into the queue, so that nothing was lost: use more");
    net.start();
    const auto deadline = std::chrono::steady_clock::now() + 5s;
    while (!net.monitor.links().current() && std::chrono::steady_clock::now() < deadline) net.io.run_one_for(1s);
    error_code error;
    CHECK(net.monitor.links().links() == transport::list_links(error));
  }

  TEST_CASE("a pending call is cancelled by every type, also while it is woken for nothing") {
    if (!enter_private_network()) return;
    watched_network net;
    net.next();
    for (const auto type :
         {asio::cancellation_type::terminal, asio::cancellation_type::partial, asio::cancellation_type::total}) {
      for (const bool woken : {false, true}) {
        CAPTURE(woken);
        net.start();
        if (woken) {
          // The reactor has queued the wake-up, which finds nothing to tell, when the cancellation comes.
          net.io.restart();
          net.io.poll();
          REQUIRE(ip("link set dev here mtu 1400"));
          REQUIRE(ip("link set dev here mtu 1500"));
          asio::post(net.io, [&net, type] { net.signal.emit(type); });
          net.io.restart();
          net.io.poll_one();
        }
        net.signal.emit(type);
        REQUIRE(net.wait());
        CHECK(net.error == asio::error::operation_aborted);
        CHECK(net.told.empty());
      }
    }
    REQUIRE(ip("link set dev here address 02:00:00:00:00:77"));
    CHECK(net.next().size() == 1);
  }

  TEST_CASE("destroying the monitor aborts the pending call, in a coroutine too") {
    if (!enter_private_network()) return;
    asio::io_context io;
    std::optional<transport::link_monitor> monitor{std::in_place, io.get_executor()};
    std::size_t total = 0;
    error_code end;
    asio::co_spawn(io, count_changes(*monitor, total, end), asio::detached);
    const auto deadline = std::chrono::steady_clock::now() + 5s;
    while (total == 0) REQUIRE((io.run_one_until(deadline) > 0 || std::chrono::steady_clock::now() < deadline));
    // What is posted runs after the reactor has seen the change and before the call goes on.
    REQUIRE(ip("link set dev lo down"));
    asio::post(io, [&monitor] { monitor.reset(); });
    io.run_for(5s);
    CHECK(io.stopped());
    CHECK(end == asio::error::operation_aborted);
  }

  TEST_CASE("a context that is destroyed takes a pending call with it") {
    if (!enter_private_network()) return;
    bool called = false;
    {
      asio::io_context io;
      transport::link_monitor monitor{io.get_executor()};
      monitor.async_changes([](error_code, std::vector<link_change>) {});
      io.poll();
      monitor.async_changes([&called](error_code, std::vector<link_change>) { called = true; });
    }
    CHECK(!called);
  }
}
