// SPDX-License-Identifier: BSL-1.0

// The bodies of lease_machine.hpp that draw the consequences: after every input, what is to be answered, written, read.
// Included by that header, never by itself.
#pragma once

#include "isat/election/lease_machine.hpp"

namespace isat::inline v0::election {

// ---- Consequences ----

template <class Rules>
void basic_lease_machine<Rules>::review(const lease_time& now) {
  entitle(now);
  if (attempt_) review_attempt(now);
  if (!attempt_) holds_ ? review_holding(now) : review_taking(now);
  load_if_wanted(now);
}

template <class Rules>
void basic_lease_machine<Rules>::entitle(const lease_time& now) {
  if (!may_entitle() || !wanted() || is_silent(now)) return;
  const leadership next{held_.valid_from + rules_.validity(timing_, held_.carried), held_.term};
  if (!next.covers(now)) return;
  if (leads_.term != next.term) tell(lease_change::gained, cause_, next.term);
  leads_ = next;
}

template <class Rules>
void basic_lease_machine<Rules>::review_attempt(const lease_time& now) {
  if (attempt_->expire(now, timing_.attempt_timeout)) failed(now, {});
  if (purpose_ == purpose::release && elapsed_for_follower(held_.sent, now) > longest_) {
    return overtaken(lease_reason::lapsed);  // by now everybody may take the record without it
  }
  if (attempt_->in_flight()) {
    if (hedges() && hedge_in(now) <= duration{0}) send_copy(now);
    return;
  }
  if (given_up()) {
    lineage_unresolved_ = lineage_unresolved_ || attempt_->unresolved();
    return attempt_.reset();
  }
  if (attempt_->disputed()) {
    load_wanted_ = load_wanted_ || load_.id == 0;
  } else if (pause_.left(now) <= duration{0}) {
    // What was refused leaves nothing behind: better a new attempt, whose validity begins later.
    if (attempt_->unresolved()) return send_copy(now);
    attempt_.reset();
    next_seizure_ = {};
  }
}

template <class Rules>
void basic_lease_machine<Rules>::review_holding(const lease_time& now) {
  if (!wanted()) {
    if (!rules_.may_release(is_silent(now))) return overtaken(lease_reason::unwilling);
    if (pause_.left(now) <= duration{0}) start(now, purpose::release);
  } else if (renew_in(now) <= duration{0} && pause_.left(now) <= duration{0}) {
    start(now, purpose::renew);
  }
}

template <class Rules>
void basic_lease_machine<Rules>::review_taking(const lease_time& now) {
  if (!wanted()) return;
  if (!view_.known() || view_.doubtful()) {
    load_wanted_ = load_wanted_ || load_.id == 0;
  } else if (take_in(now) > duration{0}) {
    load_wanted_ = load_wanted_ || (load_.id == 0 && quiet_in(now) <= duration{0});
  } else if (pause_.left(now) <= duration{0}) {
    start(now, missing() ? purpose::seize : purpose::acquire);
  }
}

template <class Rules>
void basic_lease_machine<Rules>::start(const lease_time& now, purpose what) {
  const bool silent = what == purpose::seize || is_silent(now);
  lease_claim claim{rules_.mode(silent),
                    who_.node,
                    who_.writer,
                    next_attempt_++,
                    who_.era,
                    0,
                    rules_.carried(silent, timing_.duration, longest_)};
  version expected = held_.at;
  switch (what) {
    case purpose::acquire:
    case purpose::seize:
      cause_ = opportunity();
      claim.term = term_max_ + 1;
      expected = view_.seen().at;
      if (what == purpose::seize) next_seizure_ = {now, timing_.renew_period};
      break;
    case purpose::renew: {
      const bool next_term = !may_entitle() && !silent;
      if (next_term) cause_ = lease_reason::regained;
      claim.term = next_term ? term_max_ + 1 : held_.term;
      break;
    }
    case purpose::release:
      claim.mode = lease_mode::released;
      claim.term = held_.term;
      stay_out_ = {now, timing_.duration + hold_down};
      break;
    case purpose::none:
      break;
  }
  purpose_ = what;
  attempt_.emplace(claim, expected, next_id_);
  send_copy(now);
}

template <class Rules>
void basic_lease_machine<Rules>::send_copy(const lease_time& now) {
  requests_.push_back(attempt_->send(next_id_, now));
  next_id_ += 2;
}

template <class Rules>
void basic_lease_machine<Rules>::load_if_wanted(const lease_time& now) {
  if (load_.id != 0) {
    if (elapsed_for_holder(load_.sent, now) < timing_.attempt_timeout) return;
    load_.id = 0;
    load_wanted_ = true;
    failed(now, {});
  }
  load_wanted_ = load_wanted_ && (wanted() || !idle());
  if (!load_wanted_ || load_in(now) > duration{0}) return;
  load_wanted_ = load_missed_ = false;
  load_ = {next_id_ | 1, ++ordinal_, now};
  next_id_ += 2;
  requests_.push_back({lease_operation::load, load_.id, {}, {}, false});
}

template <class Rules>
void basic_lease_machine<Rules>::tell(lease_change what, lease_reason why, std::uint64_t term, node_id node) {
  events_.push_back({what, why, term, node});
}

}  // namespace isat::inline v0::election
