// SPDX-License-Identifier: BSL-1.0

#include "isat/election/election_notice.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <string_view>
#include <variant>
#include <vector>

using namespace isat::election;

namespace {

/// One that must name every kind, as hosts do.
struct kind_of {
  std::string_view operator()(const lease_transition&) const { return "lease"; }
  std::string_view operator()(const layout_changed& told) const { return told.adopted ? "layout" : "no layout"; }
  std::string_view operator()(const store_failed&) const { return "failed"; }
  std::string_view operator()(const layout_not_followed&) const { return "foreign"; }
  std::string_view operator()(const store_answers&) const { return "answers"; }
  std::string_view operator()(const node_name_taken&) const { return "name"; }
  std::string_view operator()(const removal_refused&) const { return "kept"; }
};

}  // namespace

TEST_CASE("every kind of notice is told apart by its type") {
  const std::vector<election_notice> all{lease_transition{},    layout_changed{}, layout_changed{layout_claim{}},
                                         layout_not_followed{}, store_failed{},   store_answers{},
                                         node_name_taken{},     removal_refused{}};
  std::vector<std::string_view> kinds;
  for (const auto& each : all) kinds.push_back(std::visit(kind_of{}, each));
  CHECK(kinds ==
        std::vector<std::string_view>{"lease", "no layout", "layout", "foreign", "failed", "answers", "name", "kept"});
}

TEST_CASE("a notice about a lease holds what happened, to which group, and who holds it now") {
  const election_notice notice =
      lease_transition{isat::group_id{3}, {lease_change::follows, lease_reason::none, 9, node_id{5}}, "node-b"};
  const auto& told = std::get<lease_transition>(notice);
  CHECK(told.group == isat::group_id{3});
  CHECK(told.event.term == 9);
  CHECK(told.node == "node-b");
}
