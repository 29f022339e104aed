// SPDX-License-Identifier: BSL-1.0

// Thousands of random facts, and after each of them the table must say what follows from all facts by the rules, read
// here anew and without any index: from the table's header comment, with another cut.

#include "isat/detail/mix.hpp"
#include "isat/kubernetes/service/service_table.hpp"
#include "service_facts_builder.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

using namespace isat::kubernetes;
using namespace isat::test;
using isat::ipv4_address;

namespace {

const std::vector<std::string> node_names{"here", "n1", "n2"};

/// All facts, as they were told.
struct naive_world {
  std::map<std::string, service_facts> services;
  std::map<std::string, slice_facts> slices;
  std::map<std::string, node_facts> nodes;
  std::vector<ipv4_address> carried;
  service_rules rules;

  /// The nodes from which a Service can be served, of all that there could be; none: it has no endpoint that counts.
  std::set<std::string> served_from(const service_facts& of) const {
    const std::set<std::string> all(node_names.begin(), node_names.end());
    std::set<std::string> nodes_with;
    bool anywhere = false;
    for (const auto& [name, each] : slices) {
      if (each.service != of.name.name) continue;
      nodes_with.insert(each.nodes.begin(), each.nodes.end());
      if (each.unplaced) anywhere = true;
    }
    if (nodes_with.empty() && !anywhere) return rules.announce_without_endpoints ? all : std::set<std::string>{};
    return of.local && !anywhere ? nodes_with : all;
  }

  /// What stands in the way on every node, whatever the own Node is; none: nothing does.
  vip_standing trouble_of(ipv4_address address) const {
    naive_world well = *this;
    well.nodes[rules.node_name].excluded = false;
    well.nodes[rules.node_name].network_unavailable = false;
    well.nodes[rules.node_name].unschedulable = false;
    const vip_standing standing = well.standing_of(address);
    return is_trouble(standing) ? standing : vip_standing::none;
  }

  vip_standing standing_of(ipv4_address address) const {
    const auto has = [address](const std::vector<ipv4_address>& list) {
      return std::ranges::find(list, address) != list.end();
    };
    std::vector<std::set<std::string>> wanted;
    bool named = false;
    for (const auto& [name, each] : services) {
      if (!each.load_balancer || each.lb_class != rules.lb_class || !has(each.addresses)) continue;
      named = true;
      if (auto from = served_from(each); !from.empty()) wanted.push_back(std::move(from));
    }
    if (!named) return vip_standing::none;
    for (const auto& [name, each] : nodes) {
      if (has(each.addresses)) return vip_standing::node_address;
    }
    if (has(carried)) return vip_standing::carried_address;
    const auto own = nodes.find(rules.node_name);
    if (own == nodes.end()) return vip_standing::node_missing;
    if (own->second.excluded) return vip_standing::node_excluded;
    if (own->second.network_unavailable) return vip_standing::network_unavailable;
    if (own->second.unschedulable && rules.withdraw_when_unschedulable) return vip_standing::node_unschedulable;
    if (wanted.empty()) return vip_standing::no_endpoints;
    const auto serves_all = [&wanted](const std::string& node) {
      return std::ranges::all_of(wanted, [&node](const auto& from) { return from.contains(node); });
    };
    if (serves_all("here")) return vip_standing::announced;
    return std::ranges::any_of(node_names, serves_all) ? vip_standing::no_local_endpoint : vip_standing::no_common_node;
  }
};

class random_run {
 public:
  random_run(std::uint64_t seed, service_rules rules) : random_{seed}, table_{rules} {
    world_.rules = std::move(rules);
    for (const auto kind : kinds) table_.begin_list(kind);
    for (const auto kind : kinds) table_.end_list(kind);
  }

  void steps(int count) {
    for (int i = 0; i < count; ++i) {
      change();
      if (below(4) == 0) check();  // else nobody looked in between
    }
    check();
  }
  std::set<vip_standing> seen;  // every standing that came about

 private:
  static constexpr object_kind kinds[] = {object_kind::service, object_kind::slice, object_kind::node};

  std::size_t below(std::size_t bound) { return random_.next() % bound; }
  bool chance(std::size_t one_of) { return below(one_of) == 0; }
  static ipv4_address nth_address(std::size_t n) { return ipv4_address{0xc0000201U + static_cast<std::uint32_t>(n)}; }
  std::vector<ipv4_address> some_addresses(std::size_t bound) {
    std::set<ipv4_address> some;
    for (std::size_t count = below(bound); count > 0; --count) some.insert(nth_address(below(5)));
    return {some.begin(), some.end()};
  }

  service_facts some_service() {
    auto result = service("s" + std::to_string(below(6)), {});
    result.addresses = some_addresses(4);
    result.load_balancer = !chance(8);
    if (chance(8)) result.lb_class = "other";
    result.local = chance(2);
    return result;
  }
  slice_facts some_slice() {
    std::vector<std::string> on;
    for (const auto& name : node_names) {
      if (chance(4)) on.push_back(name);
    }
    const std::string of = chance(10) ? std::string{} : "s" + std::to_string(below(6));
    return slice("e" + std::to_string(below(9)), of, on, chance(12));
  }
  node_facts some_node() {
    auto result = node(node_names[below(node_names.size())]);
    if (chance(4)) result.addresses = some_addresses(3);
    result.excluded = chance(10);
    result.network_unavailable = chance(10);
    result.unschedulable = chance(6);
    return result;
  }

  void change() {
    switch (below(14)) {
      case 0:
        return erase();
      case 1:
        if (chance(4)) list(kinds[below(3)]);
        return;
      case 2:
        world_.carried = chance(3) ? some_addresses(3) : std::vector<ipv4_address>{};
        return table_.set_carried_addresses(world_.carried);
      case 3:
        return tell(some_node());
      default:
        chance(2) ? tell(some_service()) : tell(some_slice());
    }
  }
  void tell(const service_facts& facts) {
    world_.services[facts.name.name] = facts;
    table_.set(facts);
  }
  void tell(const slice_facts& facts) {
    world_.slices[facts.name.name] = facts;
    table_.set(facts);
  }
  void tell(const node_facts& facts) {
    world_.nodes[facts.name] = facts;
    table_.set(facts);
  }
  void erase() {
    const std::string one = std::to_string(below(9));
    world_.services.erase("s" + one);
    table_.erase_service({"a", "s" + one});
    world_.slices.erase("e" + one);
    table_.erase_slice({"a", "e" + one});
    if (!chance(5)) return;
    world_.nodes.erase("n1");
    table_.erase_node("n1");
  }
  /// Everything is told again, but for what has gone unseen.
  void list(object_kind kind) {
    table_.begin_list(kind);
    const auto again = [this](auto& facts) {
      std::erase_if(facts, [this](const auto&) { return chance(4); });
      for (const auto& each : facts) table_.set(each.second);
    };
    if (kind == object_kind::service) again(world_.services);
    if (kind == object_kind::slice) again(world_.slices);
    if (kind == object_kind::node) again(world_.nodes);
    table_.end_list(kind);
  }

  void check() {
    while (const auto change = table_.take_change()) {
      // Never told twice.
      const bool was_there = present_.contains(change->address);
      if (was_there == change->present) FAIL("told twice");
      change->present ? (void)present_.insert(change->address) : (void)present_.erase(change->address);
    }
    while (const auto notice = table_.take_notice()) {
      if (notice->kind == notice_kind::address) said_[notice->address] = notice->standing;
      last_.push_back(*notice);
    }
    for (std::size_t n = 0; n < 5; ++n) {
      const auto expected = world_.standing_of(nth_address(n));
      seen.insert(expected);
      check_said(nth_address(n), expected);
      if (table_.standing_of(nth_address(n)) != expected) {
        FAIL(nth_address(n).to_string() << ": " << to_string(table_.standing_of(nth_address(n))) << " instead of "
                                        << to_string(expected));
      }
      if (present_.contains(nth_address(n)) != (expected == vip_standing::announced)) {
        FAIL(nth_address(n).to_string() << " was not told");
      }
    }
  }

  /// What was said last of an address is so.
  void check_said(ipv4_address address, vip_standing standing) {
    if (standing == vip_standing::none) said_.erase(address);
    const auto said = said_.find(address);
    const auto trouble = world_.trouble_of(address);
    const bool is_right =
        said == said_.end() || !is_trouble(said->second) ? trouble == vip_standing::none : trouble == said->second;
    if (!is_right) FAIL(address.to_string() << ": " << to_string(trouble) << " was not said");
    for (const auto& notice : last_) {
      if (notice.kind != notice_kind::address || notice.address != address || !is_trouble(notice.standing)) continue;
      if (table_.is_so(notice) != (notice.standing == trouble)) FAIL(to_text(notice) << ": is it so?");
    }
    if (last_.size() > 20) last_.erase(last_.begin(), last_.end() - 10);
  }

  isat::detail::id_sequence random_;
  std::map<ipv4_address, vip_standing> said_;
  std::vector<service_notice> last_;
  naive_world world_;
  service_table table_;
  std::set<ipv4_address> present_;
};

}  // namespace

TEST_CASE("after any facts in any order the table says what follows from all of them") {
  std::set<vip_standing> seen;
  for (const bool anyway : {false, true}) {
    for (const bool cordon : {false, true}) {
      for (std::uint64_t seed = 1; seed <= 8; ++seed) {
        CAPTURE(seed);
        random_run run{seed, {"here", "", anyway, cordon}};
        run.steps(2000);
        seen.insert(run.seen.begin(), run.seen.end());
      }
    }
  }
  CHECK(seen.size() == 11);  // all but waiting
}
