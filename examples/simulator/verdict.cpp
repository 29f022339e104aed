// SPDX-License-Identifier: BSL-1.0

#include "isat/detail/unreachable.hpp"
#include "verdict.hpp"

namespace simulator {

std::string_view to_string(violation_kind kind) noexcept {
  switch (kind) {
    case violation_kind::none:
      return "none";
    case violation_kind::two_leaders:
      return "two nodes are entitled at once";
    case violation_kind::leads_against_news:
      return "a node is entitled although it has read a newer version that names another";
    case violation_kind::term_not_rising:
      return "a new term is not above the terms before it";
    case violation_kind::released_while_leading:
      return "a release was sent while its sender was entitled";
    case violation_kind::unseen_version:
      return "a write names a version that its sender has not seen last";
    case violation_kind::too_many_requests:
      return "more requests in a second than the bound";
    case violation_kind::no_leader:
      return "nobody leads although nothing is wrong any more";
    case violation_kind::no_progress:
      return "a machine wants to be woken at once, again and again";
    case violation_kind::needless_loss:
      return "a leadership ended by a conflict with a write of its own";
    case violation_kind::beside_rival:
      return "a rival took a live lease as expired";
    case violation_kind::unnamed_request:
      return "a request is made in the name of a group that stands for nothing";
  }
  isat::detail::unreachable();
}

void tally::add(const tally& other) noexcept {
  gains += other.gains;
  writes += other.writes;
  conflicts += other.conflicts;
  seizures += other.seizures;
  releases += other.releases;
  void_overlaps += other.void_overlaps;
  rival_takeovers += other.rival_takeovers;
  if (other.requests_peak > requests_peak) requests_peak = other.requests_peak;
  answered += other.answered;
}

}  // namespace simulator
