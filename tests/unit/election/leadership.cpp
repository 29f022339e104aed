// SPDX-License-Identifier: BSL-1.0

#include "isat/election/leadership.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <vector>

namespace {

using namespace std::chrono_literals;
using isat::group_id;
using isat::lease_time;
using isat::election::leadership;
using isat::election::leadership_table;

struct change {
  group_id group;
  leadership before;
  leadership after;
  bool operator==(const change&) const = default;
};

class recorder final : public isat::election::leadership_observer {
 public:
  explicit recorder(leadership_table& table) : table_{table} { table_.subscribe(*this); }
  recorder(const recorder&) = delete;
  recorder& operator=(const recorder&) = delete;
  ~recorder() { table_.unsubscribe(*this); }

  void on_leadership(group_id group, const leadership& before, const leadership& after) override {
    changes.push_back({group, before, after});
    table_agreed = table_agreed && table_.find(group) == after;
  }

  std::vector<change> changes;
  bool table_agreed = true;

 private:
  leadership_table& table_;
};

constexpr lease_time at(std::chrono::nanoseconds boot, std::chrono::nanoseconds raw,
                        std::chrono::nanoseconds suspended = 0ns) {
  return {boot, raw, suspended};
}

constexpr leadership until(std::chrono::nanoseconds deadline, std::uint64_t term) {
  return {at(deadline, deadline), term};
}

}  // namespace

TEST_CASE("a leadership covers every reading before its deadline and none from there on") {
  constexpr leadership right = until(10s, 1);
  static_assert(right.covers(at(0s, 0s)));
  static_assert(right.covers(at(10s - 1ns, 10s - 1ns)));
  static_assert(!right.covers(at(10s, 10s)));
  static_assert(!right.covers(at(11s, 11s)));
  // Either clock alone ends it; time suspended counts for the one that stands still meanwhile.
  CHECK_FALSE(right.covers(at(10s, 9s)));
  CHECK_FALSE(right.covers(at(9s, 10s)));
  CHECK_FALSE(right.covers(at(9s, 4s, 6s)));
  CHECK(right.covers(at(9s, 4s, 5s)));
}

TEST_CASE("a default leadership covers nothing, one until revoked covers everything") {
  static_assert(!leadership{}.covers(at(0s, 0s)));
  static_assert(leadership::until_revoked(3).covers(at(std::chrono::hours{24 * 365 * 100}, 0s)));
  CHECK(leadership{}.term == 0);
  CHECK(leadership::until_revoked(3).term == 3);
}

TEST_CASE("a group never set is led by nobody") {
  const leadership_table table;
  CHECK(table.size() == 0);
  CHECK(table.find(group_id{0}) == leadership{});
  CHECK_FALSE(table.leads(group_id{4'000'000'000}, at(0s, 0s)));
}

TEST_CASE("setting a group gives it exactly that leadership, and no other group any") {
  leadership_table table;
  table.set(group_id{2}, until(10s, 7));
  CHECK(table.size() == 3);
  CHECK(table.leads(group_id{2}, at(9s, 9s)));
  CHECK_FALSE(table.leads(group_id{2}, at(10s, 10s)));
  CHECK_FALSE(table.leads(group_id{0}, at(0s, 0s)));
  CHECK_FALSE(table.leads(group_id{1}, at(0s, 0s)));
  CHECK_FALSE(table.leads(group_id{3}, at(0s, 0s)));
}

TEST_CASE("every change is told with what was before, in order, when the table already says so") {
  leadership_table table;
  recorder heard{table};
  table.set(group_id{1}, until(1s, 1));
  table.set(group_id{1}, until(2s, 1));
  table.set(group_id{0}, until(1s, 5));
  table.revoke(group_id{1});
  CHECK(heard.changes == std::vector<change>{{group_id{1}, {}, until(1s, 1)},
                                             {group_id{1}, until(1s, 1), until(2s, 1)},
                                             {group_id{0}, {}, until(1s, 5)},
                                             {group_id{1}, until(2s, 1), {}}});
  CHECK(heard.table_agreed);
}

TEST_CASE("what changes nothing is not told") {
  leadership_table table;
  table.set(group_id{1}, until(1s, 1));
  recorder heard{table};
  table.set(group_id{1}, until(1s, 1));
  table.revoke(group_id{0});
  table.revoke(group_id{9});
  CHECK(heard.changes.empty());
}

TEST_CASE("revoking all ends every leadership and tells each once") {
  leadership_table table;
  table.set(group_id{0}, until(1s, 1));
  table.set(group_id{3}, until(1s, 2));
  recorder heard{table};
  table.revoke_all();
  CHECK(heard.changes == std::vector<change>{{group_id{0}, until(1s, 1), {}}, {group_id{3}, until(1s, 2), {}}});
  table.revoke_all();
  CHECK(heard.changes.size() == 2);
}

TEST_CASE("all observers hear, until they unsubscribe, and their places are used again") {
  leadership_table table;
  recorder first{table};
  {
    recorder second{table};
    table.set(group_id{0}, until(1s, 1));
    CHECK(second.changes.size() == 1);
  }
  recorder third{table};
  table.set(group_id{0}, until(2s, 1));
  CHECK(first.changes.size() == 2);
  CHECK(third.changes.size() == 1);
}

TEST_CASE("an observer may unsubscribe itself or another while it is told") {
  struct leaver final : isat::election::leadership_observer {
    leadership_table* table = nullptr;
    leadership_observer* victim = nullptr;
    int calls = 0;
    void on_leadership(group_id, const leadership&, const leadership&) override {
      ++calls;
      table->unsubscribe(*victim);
    }
  };
  leadership_table table;
  leaver self;
  leaver other;
  self.table = other.table = &table;
  self.victim = &other;
  other.victim = &other;
  table.subscribe(self);
  table.subscribe(other);
  table.set(group_id{0}, until(1s, 1));
  CHECK(self.calls == 1);
  CHECK(other.calls == 0);
  self.victim = &self;
  table.set(group_id{0}, until(2s, 1));
  table.set(group_id{0}, until(3s, 1));
  CHECK(self.calls == 2);
}

TEST_CASE("an observer that subscribes while another is told is safe, and hears the next change") {
  struct inviter final : isat::election::leadership_observer {
    leadership_table* table = nullptr;
    std::vector<std::unique_ptr<recorder>> guests;
    void on_leadership(group_id, const leadership&, const leadership&) override {
      if (guests.size() < 20) guests.push_back(std::make_unique<recorder>(*table));
    }
  };
  leadership_table table;
  inviter host;
  host.table = &table;
  table.subscribe(host);
  table.set(group_id{0}, until(1s, 1));
  table.set(group_id{0}, until(2s, 1));
  REQUIRE_FALSE(host.guests.empty());
  CHECK(host.guests.front()->changes.back() == change{group_id{0}, until(1s, 1), until(2s, 1)});
}

TEST_CASE("an observer that changes the table does not turn the order around for the others") {
  struct quitter final : isat::election::leadership_observer {
    isat::election::leadership_table* table = nullptr;
    void on_leadership(isat::group_id group, const leadership&, const leadership& after) override {
      if (after.term != 0) table->revoke(group);
    }
  };
  struct listener final : isat::election::leadership_observer {
    std::vector<std::uint64_t> terms;
    void on_leadership(isat::group_id, const leadership& before, const leadership& after) override {
      terms.push_back(before.term);
      terms.push_back(after.term);
    }
  };
  isat::election::leadership_table table;
  listener first;
  quitter second;
  listener third;
  second.table = &table;
  table.subscribe(first);
  table.subscribe(second);
  table.subscribe(third);
  table.set(isat::group_id{0}, leadership::until_revoked(7));
  const std::vector<std::uint64_t> expected{0, 7, 7, 0};
  CHECK(first.terms == expected);
  CHECK(third.terms == expected);
}
