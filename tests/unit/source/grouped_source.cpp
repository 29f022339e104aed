// SPDX-License-Identifier: BSL-1.0

#include "isat/source/grouped_source.hpp"
#include "isat/source/static_source.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <doctest/doctest.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace {

namespace asio = isat::asio;
using isat::error_code;
using isat::group_id;
using isat::interface_id;
using isat::interface_set;
using isat::ipv4_address;
using isat::election::group_names;
using isat::election::grouping;
using isat::election::layout;
using isat::responder::vip;
using isat::source::grouped_source;
using isat::source::static_source;

constexpr layout single{};
constexpr layout shards{grouping::shards, 8, std::chrono::seconds{3}};
constexpr layout own_groups{grouping::service, 0, std::chrono::seconds{3}};

struct collector final : isat::source::vip_sink {
  void add(const vip& added) override {
    ++additions;
    vips[added.address] = added;
    if (on_add) on_add();
  }
  void remove(ipv4_address address) override {
    vips.erase(address);
    if (on_remove) on_remove(address);
  }
  void synced() override { ++syncs; }

  std::map<ipv4_address, vip> vips;
  int additions = 0;
  int syncs = 0;
  std::function<void()> on_add;
  std::function<void(ipv4_address)> on_remove;
};

/// A source whose news are the test's.
class fake_source final : public isat::source::vip_source {
 public:
  explicit fake_source(asio::any_io_executor executor) : executor_{executor}, run_{std::move(executor)} {}
  asio::any_io_executor get_executor() noexcept override { return executor_; }
  bool runs() const noexcept { return !run_.empty(); }
  void end(error_code error) { run_.complete(error); }

  isat::source::vip_sink* sink = nullptr;

 private:
  void do_run(isat::source::vip_sink& to, isat::handler<run_signature> done) override {
    sink = &to;
    run_.store(std::move(done), [this] { end(asio::error::operation_aborted); });
  }

  asio::any_io_executor executor_;
  isat::pending_operation<run_signature> run_;
};

std::vector<vip> many() {
  std::vector<vip> result;
  for (std::uint32_t i = 1; i <= 60; ++i) {
    result.push_back(
        {ipv4_address{0x0a4d0000 + i}, group_id{99}, interface_set::only(static_cast<interface_id>(i % 4))});
  }
  return result;
}

/// A grouped source of many VIPs that runs.
struct bench {
  explicit bench(const layout& shape) : grouped{inner, shape} { start(); }
  void start() {
    const auto done = [this](error_code error) { result = error; };
    grouped.async_run(sink, asio::bind_cancellation_slot(stop.slot(), done));
    context.poll();
  }
  bool is_grouped_by(const layout& shape) const {
    for (const auto& [address, each] : sink.vips) {
      if (each.group != shape.group_of(address)) return false;
    }
    return sink.vips.size() == 60;
  }

  asio::io_context context;
  static_source inner{context.get_executor(), many()};
  collector sink;
  asio::cancellation_signal stop;
  std::optional<error_code> result;
  grouped_source grouped;
};

}  // namespace

TEST_CASE("VIPs come in the groups of the layout, whatever the inner source says, and else as they were") {
  bench at{shards};
  CHECK(at.is_grouped_by(shards));
  CHECK(at.sink.syncs == 1);
  for (vip each : many()) {
    each.group = shards.group_of(each.address);
    CHECK(at.sink.vips.at(each.address) == each);
  }
  CHECK(at.grouped.get_executor() == at.context.get_executor());
}

TEST_CASE("another layout feeds those VIPs again whose group it changes, and no others") {
  bench at{single};
  CHECK(at.is_grouped_by(single));
  int moved = 0;
  for (const vip& each : many()) moved += shards.group_of(each.address) != group_id{0};
  at.sink.additions = 0;
  at.grouped.regroup(shards);
  CHECK(at.is_grouped_by(shards));
  CHECK(at.sink.additions == moved);
  CHECK(moved < 60);
  CHECK(at.sink.syncs == 1);
  CHECK(at.grouped.layout() == shards);
  at.grouped.regroup(shards);
  CHECK(at.sink.additions == moved);
}

TEST_CASE("a layout that is known before the run is the one it begins with") {
  asio::io_context context;
  static_source inner{context.get_executor(), many()};
  grouped_source grouped{inner, single};
  grouped.regroup(shards);
  collector sink;
  grouped.async_run(sink, [](error_code) {});
  context.poll();
  CHECK(sink.vips.at(many()[0].address).group == shards.group_of(many()[0].address));
}

TEST_CASE("removed VIPs do not come back with the next layout, and later ones come by it") {
  asio::io_context context;
  fake_source inner{context.get_executor()};
  grouped_source grouped{inner, single};
  collector sink;
  grouped.async_run(sink, [](error_code) {});
  for (const vip& each : many()) inner.sink->add(each);
  const ipv4_address gone = many()[0].address;
  inner.sink->remove(gone);
  CHECK(sink.vips.count(gone) == 0);
  grouped.regroup(shards);
  CHECK(sink.vips.count(gone) == 0);
  inner.sink->add(many()[0]);
  CHECK(sink.vips.at(gone).group == shards.group_of(gone));
}

TEST_CASE("after a cancellation the sink is not called any more, though the layout changes") {
  bench at{single};
  at.sink.additions = 0;
  at.stop.emit(asio::cancellation_type::terminal);
  at.grouped.regroup(shards);
  CHECK(at.sink.additions == 0);
  at.context.restart();
  at.context.run();
  CHECK(at.result == error_code{asio::error::operation_aborted});
  at.grouped.regroup(single);
  CHECK(at.sink.additions == 0);
}

TEST_CASE("the sink may cancel the run while it is regrouped, and while it is fed") {
  bench at{single};
  at.sink.additions = 0;
  at.sink.on_add = [&] { at.stop.emit(asio::cancellation_type::terminal); };
  at.grouped.regroup(shards);
  CHECK(at.sink.additions == 1);
  at.context.restart();
  at.context.run();
  REQUIRE(at.result);
  at.context.restart();
  at.start();
  CHECK(at.sink.additions == 2);
  CHECK(at.sink.syncs == 1);
}

TEST_CASE("a second run feeds everything anew") {
  bench at{shards};
  at.stop.emit(asio::cancellation_type::terminal);
  at.context.restart();
  at.context.run();
  at.sink.vips.clear();
  at.context.restart();
  at.start();
  CHECK(at.is_grouped_by(shards));
  CHECK(at.sink.syncs == 2);
}

TEST_CASE("it ends when the inner source ends, with that one's error") {
  asio::io_context context;
  fake_source inner{context.get_executor()};
  grouped_source grouped{inner, single};
  collector sink;
  std::optional<error_code> result;
  grouped.async_run(sink, [&](error_code error) { result = error; });
  inner.sink->add(many()[0]);
  inner.sink->add(many()[1]);
  inner.end(asio::error::eof);
  context.run();
  CHECK(result == error_code{asio::error::eof});
  grouped.regroup(shards);
  CHECK(sink.additions == 2);
}

TEST_CASE("destroying it while it runs aborts the run and stops the inner source") {
  asio::io_context context;
  fake_source inner{context.get_executor()};
  auto grouped = std::make_unique<grouped_source>(inner, single);
  collector sink;
  std::optional<error_code> result;
  grouped->async_run(sink, [&](error_code error) { result = error; });
  CHECK(inner.runs());
  grouped.reset();
  CHECK_FALSE(inner.runs());
  context.run();
  CHECK(result == error_code{asio::error::operation_aborted});
}

namespace {

ipv4_address nth(std::uint32_t number) { return ipv4_address{0x0a4d0000U + number}; }

/// A source whose VIPs are each a group of its own, fed by the test.
struct own_groups_bench {
  explicit own_groups_bench(const layout& shape = own_groups, bool has_names = true)
      : grouped{inner, shape, has_names ? &names : nullptr, [this](ipv4_address vip) { waited.push_back(vip); }} {
    grouped.async_run(sink, [](error_code) {});
  }
  void add(std::uint32_t first, std::uint32_t count) {
    for (std::uint32_t number = first; number < first + count; ++number) inner.sink->add({nth(number)});
  }

  asio::io_context context;
  group_names names;
  fake_source inner{context.get_executor()};
  collector sink;
  std::vector<ipv4_address> waited;
  grouped_source grouped;
};

}  // namespace

TEST_CASE("where each address is a group of its own, each VIP has an id that stands for it") {
  own_groups_bench at;
  at.add(1, 60);
  REQUIRE(at.sink.vips.size() == 60);
  for (const auto& [address, each] : at.sink.vips) CHECK(at.names.address_of(each.group) == address);
  at.add(1, 60);  // what is told again keeps its id
  for (const auto& [address, each] : at.sink.vips) CHECK(at.names.find(address) == each.group);
  CHECK(at.names.size() == 60);
  CHECK(at.waited.empty());
}

TEST_CASE("an id is let go of after the sink has let go of its VIP") {
  own_groups_bench at;
  at.add(1, 2);
  bool was_named = false;
  at.sink.on_remove = [&](ipv4_address gone) { was_named = at.names.find(gone).has_value(); };
  at.inner.sink->remove(nth(1));
  CHECK(was_named);
  CHECK_FALSE(at.names.find(nth(1)));
  at.inner.sink->remove(nth(1));
  CHECK(at.names.size() == 1);
}

TEST_CASE("another layout takes the ids back, and gives them again") {
  own_groups_bench at{single};
  at.add(1, 20);
  CHECK(at.names.size() == 0);
  at.grouped.regroup(own_groups);
  CHECK(at.names.size() == 20);
  for (const auto& [address, each] : at.sink.vips) CHECK(at.names.address_of(each.group) == address);
  at.grouped.regroup(shards);
  CHECK(at.names.size() == 0);
  for (const auto& [address, each] : at.sink.vips) CHECK(each.group == shards.group_of(address));
}

TEST_CASE("VIPs beyond the maximum wait, which is told once, and are served when others are gone") {
  own_groups_bench at;
  const auto most = static_cast<std::uint32_t>(group_names::wanted_max);
  at.add(0, most + 3);
  CHECK(at.sink.vips.size() == most);
  CHECK(at.grouped.waiting() == 3);
  CHECK(at.waited == std::vector{nth(most)});
  at.add(most, 1);  // told again, it waits still
  CHECK(at.grouped.waiting() == 3);
  at.inner.sink->remove(nth(most + 1));  // one that waits
  CHECK(at.grouped.waiting() == 2);
  CHECK(at.sink.vips.size() == most);
  at.inner.sink->remove(nth(5));
  CHECK(at.sink.vips.count(nth(most)) == 1);
  CHECK(at.grouped.waiting() == 1);
  at.grouped.regroup(shards);
  CHECK(at.grouped.waiting() == 0);
  CHECK(at.sink.vips.size() == most + 1);
  at.grouped.regroup(own_groups);
  CHECK(at.grouped.waiting() == 1);
  CHECK(at.sink.vips.size() == most);
  CHECK(at.waited.size() == 2);
}

TEST_CASE("without names no VIP of such a layout is served") {
  own_groups_bench at{own_groups, false};
  at.add(1, 3);
  CHECK(at.sink.vips.empty());
  CHECK(at.grouped.waiting() == 3);
  at.grouped.regroup(shards);
  CHECK(at.sink.vips.size() == 3);
}

TEST_CASE("a source that ends for good takes all ids back") {
  group_names names;
  asio::io_context context;
  static_source inner{context.get_executor(), many()};
  collector sink;
  {
    grouped_source grouped{inner, own_groups, &names};
    grouped.async_run(sink, [](error_code) {});
    context.poll();
    CHECK(names.size() == 60);
  }
  CHECK(names.size() == 0);
}
