// SPDX-License-Identifier: BSL-1.0

#include "judge.hpp"

namespace simulator {

using isat::election::lease_mode;
using isat::election::lease_operation;

void judge::on_process(node_number node, std::uint64_t writer) {
  nodes_[node] = {};
  nodes_[node].writer = writer;
}

void judge::on_gain(node_number node, std::uint64_t term) {
  watched_node& one = nodes_[node];
  ++verdict_.counts().gains;
  if (term <= one.last_gained_term) verdict_.violate(violation_kind::term_not_rising, node);
  one.last_gained_term = term;
}

void judge::on_conflict_loss(node_number node, bool excused) {
  const stored& is = record_.now();
  const watched_node& one = nodes_[node];
  const bool own =
      is.by_node && !is.touched && writer_of(is.sight.claim) == one.writer && is.sight.at.newer_than(one.own);
  if (own && !excused) verdict_.violate(violation_kind::needless_loss, node);
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
  if (answering_.front().is_entitled(node) && one.foreign.newer_than(one.own)) {
    verdict_.violate(violation_kind::leads_against_news, node);
  }
}

// ---- What a node does ----

void judge::on_request(node_number node, const lease_request& request) {
  watched_node& one = nodes_[node];
  if (one.rate.count(time_.now, verdict_.counts()) > requests_max) {
    verdict_.violate(violation_kind::too_many_requests, node);
  }
  if (request.operation != lease_operation::cas) return;
  one.asked_incarnation = request.expected.incarnation;
  if (!has_seen(one, request.expected)) verdict_.violate(violation_kind::unseen_version, node);
  if (request.claim.mode == lease_mode::released) {
    if (!request.repeated) ++verdict_.counts().releases;
    if (answering_.front().is_entitled(node)) verdict_.violate(violation_kind::released_while_leading, node);
    return;
  }
  // A copy asks for what the first one asked, whatever has been seen since.
  if (request.claim.attempt == one.asked_attempt || request.claim.term == one.asked_term) return;
  one.asked_attempt = request.claim.attempt;
  one.asked_term = request.claim.term;
  if (request.claim.term <= one.seen_term) verdict_.violate(violation_kind::term_not_rising, node);
}

void term_watch::on_written(node_number node, record_number /*record*/, const stored& before, const stored& after) {
  ++verdict_.counts().writes;
  const isat::election::lease_claim was = lease_of(before.sight.claim);
  const isat::election::lease_claim is = lease_of(after.sight.claim);
  if (is.mode == lease_mode::waiting && was.mode != lease_mode::waiting) ++verdict_.counts().seizures;
  if (is.writer == 0 || was.writer == 0 || !before.by_node || !before.sight.exists) return;
  const bool continues = is.writer == was.writer && is.term == was.term;
  if (!continues && is.term <= was.term) verdict_.violate(violation_kind::term_not_rising, node);
}

void judge::on_rival_takeover(const stored& before) {
  ++verdict_.counts().rival_takeovers;
  if (time_.now - record_.disturbed() <= 4 * longest_ || !before.by_node) return;
  for (node_number node = 0; node < nodes_.size(); ++node) {
    if (answering_.front().is_guilty(node)) verdict_.violate(violation_kind::beside_rival, node);
  }
}

}  // namespace simulator
