// SPDX-License-Identifier: BSL-1.0

#include "elector_run.hpp"
#include "fault_store.hpp"
#include "isat/election/layout_elector.hpp"
#include "isat/election/lease_codec.hpp"
#include "isat/election/memory_store.hpp"
#include "isat/source/grouped_source.hpp"
#include "isat/source/static_source.hpp"
#include "store_contract.hpp"

#include <boost/asio/io_context.hpp>
#include <doctest/doctest.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

using namespace std::chrono_literals;

namespace {

namespace asio = isat::asio;
namespace election = isat::election;
using isat::error_code;
using isat::group_id;
using isat::test::elector_run;
using isat::test::fault_store;
using isat::test::run_until;
using steady = std::chrono::steady_clock;

constexpr election::layout single{};
constexpr election::layout shards_of(std::uint32_t count, std::chrono::nanoseconds lasting = {}) {
  return {election::grouping::shards, count, lasting};
}

struct world {
  bool until(const std::function<bool()>& condition) { return run_until(context, condition); }
  std::optional<election::record> load(const char* name) const { return records->load(name).value; }
  election::layout_claim layout() const {
    const auto there = load("isat-layout");
    return there ? election::to_layout_claim(*there, 100ms) : election::layout_claim{};
  }

  asio::io_context context;
  std::shared_ptr<election::memory_records> records = std::make_shared<election::memory_records>();
};

/// A speaker as far as elections go: VIPs in groups, for each of which it is a candidate.
struct speaker final : isat::source::vip_sink {
  speaker(world& in, const std::string& name, const election::layout& wish, std::chrono::nanoseconds lasting = 100ms,
          std::uint32_t vip_count = 100)
      : memory{in.context.get_executor(), in.records},
        vips{in.context.get_executor(), some_vips(vip_count)},
        source{vips, wish, &names} {
    election::layout_options options;
    options.node_name = name;
    options.wish = wish;
    options.timing = election::lease_timing::derived_from(lasting);
    options.layout_validity = 100ms;
    options.groups = &names;
    options.on_notice = [this](const election::election_notice& notice) { hear(notice); };
    options.on_layout = [this](const election::layout& next) {
      if (next == source.layout()) return;
      entries_at_change += run.entries();
      source.regroup(next);
    };
    elector.emplace(in.context.get_executor(), store, std::move(options));
    const auto ended = [](error_code) {};
    source.async_run(*this, asio::bind_cancellation_slot(end_source.slot(), ended));
    run.start(*elector);
  }

  void add(const isat::responder::vip& vip) override {
    groups[vip.address] = vip.group;
    elector->set_candidate(vip.group, true);
  }
  void remove(isat::ipv4_address) override {}
  /// Which addresses it leads that are groups of their own.
  std::set<isat::ipv4_address> led_addresses() const {
    std::set<isat::ipv4_address> found;
    for (const std::uint32_t group : led()) {
      if (const auto address = names.address_of(group_id{group})) found.insert(*address);
    }
    return found;
  }
  void synced() override {}

  void hear(const election::election_notice& notice) {
    names_taken += std::holds_alternative<election::node_name_taken>(notice);
    foreign_layouts += std::holds_alternative<election::layout_not_followed>(notice);
    const auto* changed = std::get_if<election::layout_changed>(&notice);
    if (changed != nullptr) layouts.push_back(changed->adopted);
  }

  std::set<std::uint32_t> led() const {
    std::set<std::uint32_t> found;
    for (std::uint32_t group = 0; group < run.table.size(); ++group) {
      if (run.leads(group)) found.insert(group);
    }
    return found;
  }
  void stop(world& in) {
    end_source.emit(asio::cancellation_type::terminal);
    run.stop();
    REQUIRE(in.until([&] { return run.result.has_value(); }));
  }

  static std::vector<isat::responder::vip> some_vips(std::uint32_t count) {
    std::vector<isat::responder::vip> result;
    for (std::uint32_t i = 1; i <= count; ++i) result.push_back({isat::ipv4_address{0x0a4d0000 + i}});
    return result;
  }

  election::group_names names;
  election::memory_store memory;
  fault_store store{memory};
  std::map<isat::ipv4_address, group_id> groups;
  std::vector<std::optional<election::layout_claim>> layouts;
  int names_taken = 0;
  int foreign_layouts = 0;
  int entries_at_change = 0;
  std::optional<election::layout_elector> elector;
  isat::source::static_source vips;
  isat::source::grouped_source source;
  asio::cancellation_signal end_source;
  elector_run run;
};

/// True if every group of `count` is led, and none of them twice.
bool all_led(const std::vector<const speaker*>& by, std::uint32_t count) {
  std::size_t sum = 0;
  std::set<std::uint32_t> together;
  for (const speaker* each : by) {
    const auto led = each->led();
    sum += led.size();
    together.insert(led.begin(), led.end());
  }
  return sum == count && together.size() == count;
}

}  // namespace

TEST_CASE("the first speaker opens the layout that it wishes, and leads when that has been opening for long enough") {
  world in;
  const auto began = steady::now();
  speaker one{in, "one", single, 100'500us};  // no whole number of milliseconds, as records have it
  CHECK(in.until([&] { return in.layout().phase == election::layout_phase::opening; }));
  CHECK(in.layout().shape == election::layout{election::grouping::single, 1, 101ms});
  CHECK(in.until([&] { return one.run.leads(); }));
  CHECK(steady::now() - began >= 100ms);
  CHECK(in.layout().phase == election::layout_phase::open);
  REQUIRE(one.layouts.size() == 2);
  CHECK(one.layouts[0]->phase == election::layout_phase::opening);
  CHECK(one.layouts[1] == in.layout());
  CHECK(in.load("isat-node-one")->holder == "one");
  const auto version = in.records->load("isat-group-0").at.number;
  CHECK(in.until([&] { return in.records->load("isat-group-0").at.number >= version + 3; }));
  CHECK(in.records->load("isat-layout").at.number == 2);  // it stays as it is

  int entries_at_release = 0;
  one.store.on_write = [&](const election::entry& next) {
    if (next.name == "isat-group-0") entries_at_release += one.run.entries() + 1;
  };
  one.run.stop();
  CHECK(one.run.entries() == 0);
  CHECK_FALSE(one.run.result);
  CHECK(in.until([&] { return one.run.result.has_value(); }));
  CHECK(one.run.result == error_code{asio::error::operation_aborted});
  CHECK(entries_at_release == 1);
  CHECK(in.load("isat-group-0")->holder.empty());
  CHECK_FALSE(in.load("isat-node-one"));
  CHECK(one.elector->election() == nullptr);
}

TEST_CASE("a layout that all wish takes the place of another, and its groups are taken over") {
  world in;
  std::map<std::string, std::unique_ptr<speaker>> by_name;
  const auto restart = [&](const std::string& name, const election::layout& wish) {
    auto& at = by_name[name];
    if (at) at->stop(in);
    at.reset();
    at = std::make_unique<speaker>(in, name, wish);
  };
  const auto all = [&] {
    std::vector<const speaker*> result;
    for (const auto& [name, each] : by_name) result.push_back(each.get());
    return result;
  };
  for (const char* name : {"one", "two", "three"}) restart(name, single);
  CHECK(in.until([&] { return all_led(all(), 1); }));
  const auto first_era = in.layout().era;
  for (const char* name : {"one", "two"}) {
    restart(name, shards_of(8));
    CHECK(in.until([&] { return !by_name[name]->layouts.empty(); }));
  }
  restart("three", shards_of(8));
  CHECK(in.until([&] { return all_led(all(), 8); }));
  CHECK(in.layout().era != first_era);
  for (const speaker* each : all()) {
    CHECK(each->source.layout().count == 8);
    CHECK(each->entries_at_change == 0);
    for (const auto& [address, group] : each->groups) CHECK(group == in.layout().shape.group_of(address));
  }

  by_name["three"]->run.stop();
  CHECK(by_name["three"]->run.entries() == 0);
  CHECK(in.until([&] { return all_led(all(), 8); }));
}

TEST_CASE("where each address is a group of its own, each has a lease with its name, and one leader of several") {
  world in;
  const election::layout own_groups{election::grouping::service, 0, {}};
  constexpr std::uint32_t few = 16;
  auto one = std::make_unique<speaker>(in, "one", own_groups, 400ms, few);
  speaker two{in, "two", own_groups, 400ms, few};
  const auto all_by_both = [&] { return one->led_addresses().size() + two.led_addresses().size() == few; };
  REQUIRE(in.until(all_by_both));
  for (const auto address : one->led_addresses()) CHECK(two.led_addresses().count(address) == 0);
  const auto lease = in.load("isat-vip-10.77.0.1");
  REQUIRE(lease);
  CHECK((lease->holder == "one" || lease->holder == "two"));
  CHECK_FALSE(in.load("isat-group-0"));
  one->stop(in);
  one.reset();
  CHECK(in.until([&] { return two.led_addresses().size() == few; }));
  CHECK(in.load("isat-vip-10.77.0.1")->holder == "two");
}

TEST_CASE("a leader's VIPs change their groups only after it has lowered what it led") {
  world in;
  speaker one{in, "one", single};
  CHECK(in.until([&] { return one.run.leads(); }));
  election::entry next = in.records->load("isat-layout");
  next.value = election::to_record(
      election::layout_claim{election::layout_phase::opening, shards_of(4, 100ms), in.layout().era + 1}, 100ms);
  REQUIRE(in.records->write(next));
  CHECK(in.until([&] { return one.source.layout().count == 4; }));
  CHECK(one.entries_at_change == 0);
  CHECK(one.run.entries() == 0);
}

TEST_CASE("two speakers with one node name are told so, once, and one leads at a time") {
  world in;
  speaker one{in, "same", single};
  CHECK(in.until([&] { return in.load("isat-node-same").has_value(); }));
  speaker two{in, "same", single};
  CHECK(in.until([&] { return one.names_taken == 1; }));
  CHECK(in.until([&] { return one.run.leads() || two.run.leads(); }));
  CHECK(one.run.leads() != two.run.leads());
  CHECK(one.names_taken == 1);
}

TEST_CASE("destroying it while it runs aborts the run") {
  world in;
  auto one = std::make_unique<speaker>(in, "one", single);
  CHECK(in.until([&] { return !one->layouts.empty(); }));
  one->elector.reset();
  CHECK(in.until([&] { return one->run.result.has_value(); }));
  CHECK(one->run.result == error_code{asio::error::operation_aborted});
  CHECK_FALSE(one->store.is_watching());
}

TEST_CASE("the layout of a later version is told once and left alone, and nothing is led by it") {
  world in;
  election::entry later = in.records->load("isat-layout");
  later.value =
      election::to_record(election::layout_claim{election::layout_phase::open, shards_of(4, 100ms), 9}, 100ms);
  later.value->notes["format"] = "2";
  REQUIRE(in.records->write(later));
  speaker one{in, "one", single};
  CHECK(in.until([&] { return one.foreign_layouts == 1; }));
  CHECK(in.until([&] { return in.records->load("isat-node-one").at.number >= 1; }));
  CHECK(in.records->load("isat-layout") == later);
  CHECK(one.run.entries() == 0);
  election::entry none = later;
  none.value.reset();
  REQUIRE(in.records->write(none));
  CHECK(in.until([&] { return one.run.leads(); }));
  CHECK(one.foreign_layouts == 1);
}

TEST_CASE("with a wish or a timing that cannot be, a run ends at once and writes nothing") {
  const auto three = 3s;
  struct row {
    const char* name;
    election::layout wish;
    std::chrono::nanoseconds lasting;
    isat::error expected;
  };
  for (const row& each :
       {row{"no groups", shards_of(0), three, isat::error::unsound_layout},
        row{"too many groups", shards_of(257), three, isat::error::unsound_layout},
        row{"two single groups", {election::grouping::single, 2, {}}, three, isat::error::unsound_layout},
        row{"no grouping", {election::grouping::none, 1, {}}, three, isat::error::unsound_layout},
        row{"groups of one address without ids",
            {election::grouping::service, 0, {}},
            three,
            isat::error::unsound_layout},
        row{"short leases", single, 99ms, isat::error::unsound_timing},
        row{"long leases", single, 61min, isat::error::unsound_timing}}) {
    CAPTURE(each.name);
    world in;
    election::memory_store store{in.context.get_executor(), in.records};
    election::layout_options options;
    options.node_name = "one";
    options.wish = each.wish;
    options.timing = election::lease_timing::derived_from(each.lasting);
    election::layout_elector elector{in.context.get_executor(), store, std::move(options)};
    elector_run run;
    run.start(elector);
    CHECK(in.until([&] { return run.result.has_value(); }));
    CHECK(run.result == error_code{each.expected});
    CHECK_FALSE(in.load("isat-layout"));
  }
}
