// SPDX-License-Identifier: BSL-1.0

#include "isat/detail/unreachable.hpp"
#include "judge.hpp"

namespace simulator {

using isat::election::lease_mode;
using isat::election::lease_operation;

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

void judge::violate(violation_kind kind, node_number node) {
  if (violation_ != violation_kind::none) return;
  violation_ = kind;
  violated_at_ = time_.now;
  time_.trace.note({time_.now, trace_kind::violation, node, static_cast<std::uint8_t>(kind), {}, {}, {}});
}

void judge::on_process(node_number node, std::uint64_t writer) {
  const instant frozen = nodes_[node].frozen_until;
  nodes_[node] = {};
  nodes_[node].writer = writer;
  nodes_[node].frozen_until = frozen;
}

// ---- Entitlement ----

void judge::on_entitlement(node_number node, instant ends, std::uint64_t term) {
  watched_node& one = nodes_[node];
  const instant until = term == 0 ? instant{} : ends;
  if (one.entitled_until > one.entitled_since) {
    counts_.answered += (time_.now < one.entitled_until ? time_.now : one.entitled_until) - one.entitled_since;
  }
  one.entitled_since = time_.now;
  one.entitled_until = until;
  one.term = term;
  if (until > time_.now) check_overlap(node);
  led_until_ = {};
  for (const watched_node& each : nodes_) {
    if (each.entitled_until > led_until_) led_until_ = each.entitled_until;
  }
}

void judge::check_overlap(node_number node) {
  for (const watched_node& each : nodes_) {
    if (&each == &nodes_[node] || each.entitled_until <= time_.now) continue;
    if (is_excused(each) || is_excused(nodes_[node]) || time_.now < restored_until_) {
      ++counts_.void_overlaps;
    } else {
      violate(violation_kind::two_leaders, node);
    }
  }
}

// A deadline that was counted from before a freeze is void.
bool judge::is_excused(const watched_node& one) const noexcept {
  return one.frozen_until > time_.now || one.entitled_until < one.frozen_until + longest_ * 12 / 10;
}

int judge::leader() const noexcept {
  for (std::size_t node = 0; node < nodes_.size(); ++node) {
    if (nodes_[node].entitled_until > time_.now) return static_cast<int>(node);
  }
  return -1;
}

void judge::on_gain(node_number node, std::uint64_t term) {
  watched_node& one = nodes_[node];
  ++counts_.gains;
  gained_at_ = time_.now;
  if (term <= one.last_gained_term) violate(violation_kind::term_not_rising, node);
  one.last_gained_term = term;
}

void judge::on_conflict_loss(node_number node, bool excused) {
  const stored& is = record_.now();
  const watched_node& one = nodes_[node];
  const bool own = is.by_node && is.sight.claim.writer == one.writer && is.sight.at.newer_than(one.own);
  if (own && !excused) violate(violation_kind::needless_loss, node);
}

// ---- What a node knows ----

bool judge::has_seen(const watched_node& one, const version& at) noexcept {
  return at == version{} || one.seen[at.number % one.seen.size()] == at;
}

void judge::on_received(node_number node, const lease_sight& sight, bool confirmed) {
  watched_node& one = nodes_[node];
  if (sight.at != version{}) one.seen[sight.at.number % one.seen.size()] = sight.at;
  if (!sight.exists) return;
  if (sight.claim.term > one.seen_term) one.seen_term = sight.claim.term;
  // That a hint of an incarnation which it knows nothing of tells the truth about an own write, its node cannot know.
  const bool own = sight.claim.writer == one.writer;
  const bool known = sight.at.incarnation == one.own.incarnation || sight.at.incarnation == one.asked_incarnation;
  if (own && !confirmed && !known) return;
  version& newest = own ? one.own : one.foreign;
  // The simulated store numbers all incarnations as one.
  if (sight.at.number > newest.number) newest = sight.at;
}

void judge::on_handled(node_number node) {
  const watched_node& one = nodes_[node];
  // Whoever has read that its record is gone may not know how what comes next stands to it.
  if (time_.now - record_.disturbed() < 2 * longest_) return;
  if (one.entitled_until > time_.now && one.foreign.newer_than(one.own)) {
    violate(violation_kind::leads_against_news, node);
  }
}

// ---- What a node does ----

void judge::check_rate(watched_node& one, node_number node) {
  if (time_.now - one.second >= std::chrono::seconds{1}) {
    one.second = time_.now;
    one.requests = 0;
  }
  if (++one.requests > counts_.requests_peak) counts_.requests_peak = one.requests;
  if (one.requests > requests_max) violate(violation_kind::too_many_requests, node);
}

void judge::on_request(node_number node, const lease_request& request) {
  watched_node& one = nodes_[node];
  check_rate(one, node);
  if (request.operation != lease_operation::cas) return;
  one.asked_incarnation = request.expected.incarnation;
  if (!has_seen(one, request.expected)) violate(violation_kind::unseen_version, node);
  if (request.claim.mode == lease_mode::released) {
    if (!request.repeated) ++counts_.releases;
    if (one.entitled_until > time_.now) violate(violation_kind::released_while_leading, node);
    return;
  }
  // A copy asks for what the first one asked, whatever has been seen since.
  if (request.claim.attempt == one.asked_attempt || request.claim.term == one.asked_term) return;
  one.asked_attempt = request.claim.attempt;
  one.asked_term = request.claim.term;
  if (request.claim.term <= one.seen_term) violate(violation_kind::term_not_rising, node);
}

void judge::on_written(node_number node, const stored& before, const stored& after) {
  ++counts_.writes;
  const lease_claim& was = before.sight.claim;
  const lease_claim& is = after.sight.claim;
  if (is.mode == lease_mode::waiting && was.mode != lease_mode::waiting) ++counts_.seizures;
  if (!before.by_node || !before.sight.exists) return;
  const bool continues = is.writer == was.writer && is.term == was.term;
  if (!continues && is.term <= was.term) violate(violation_kind::term_not_rising, node);
}

void judge::on_rival_takeover(const stored& before) {
  ++counts_.rival_takeovers;
  const bool undisturbed = time_.now - record_.disturbed() > 4 * longest_ && time_.now >= restored_until_;
  if (!undisturbed || !before.by_node) return;
  for (node_number node = 0; node < nodes_max; ++node) {
    const watched_node& one = nodes_[node];
    if (one.entitled_until > time_.now && !is_excused(one)) violate(violation_kind::beside_rival, node);
  }
}

}  // namespace simulator
