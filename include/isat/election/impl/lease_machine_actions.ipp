// SPDX-License-Identifier: BSL-1.0

// The bodies of lease_machine.hpp that draw the consequences: how long until what may be done, and after every input,
// what is to be answered, written, read. Included by that header, never by itself.
#pragma once

#include "isat/election/lease_machine.hpp"

namespace isat::inline v0::election {

// ---- What is so ----

template <class Rules>
auto basic_lease_machine<Rules>::free_in(const lease_time& now) const noexcept -> duration {
  const lease_sight& seen = view_.seen();
  const bool missing_now = missing();
  const duration wait = missing_now ? duration{0} : rules_.wait(seen, witnessed_, timing_.duration, longest_);
  const bool by_proof = seen.orphaned && wait == duration{0} && !missing_now;
  return wait - elapsed_for_follower(by_proof ? view_.orphaned_since() : view_.since(), now);
}

// How long until this process may write over what is known.
template <class Rules>
auto basic_lease_machine<Rules>::take_in(const lease_time& now) const noexcept -> duration {
  // A record that lay there long before this process wanted it attracts all candidates at the same moment, too.
  duration left = hold_off() + longer(free_in(now), -elapsed_for_follower(willing_since_, now));
  if (missing()) left = longer(left, next_seizure_.left(now));
  return candidacy_.alone || is_heir() ? left : longer(left, stay_out_.left(now));
}

template <class Rules>
bool basic_lease_machine<Rules>::is_heir() const noexcept {
  const lease_claim& claim = view_.seen().claim;
  return claim.mode == lease_mode::released && claim.heir == who_.node && who_.node != node_id{};
}

template <class Rules>
auto basic_lease_machine<Rules>::hold_off() const noexcept -> duration {
  const lease_claim& claim = view_.seen().claim;
  if (claim.mode != lease_mode::released || claim.heir == node_id{}) return candidacy_.hold_off;
  return is_heir() ? duration{0} : candidacy_.hold_off + rules_.head_start;
}

// The record that is known still says what this process wrote last, at a version that somebody else has made: a label
// or an annotation was changed. One that waits is no such record: others may have led since it was written.
template <class Rules>
bool basic_lease_machine<Rules>::is_touched() const noexcept {
  const lease_sight& seen = view_.seen();
  if (!holds_ || held_.waiting || !seen.exists || view_.went_back() || !seen.at.newer_than(held_.at)) return false;
  const lease_claim& claim = seen.claim;
  const bool is_ours = claim.writer == who_.writer && claim.era == who_.era && claim.attempt == held_.attempt;
  return is_ours && claim.mode == lease_mode::held && claim.term == held_.term && claim.duration >= held_.carried;
}

template <class Rules>
bool basic_lease_machine<Rules>::may_keep_touched(const lease_time& now) const noexcept {
  const leadership valid{held_.valid_from + rules_.validity(timing_, held_.carried), held_.term};
  return rules_.keeps_touched(valid.covers(now));
}

// How long until the next renewal is due: soon when only a new term can entitle, and when the record still says that
// its writer waits, for the death of such a writer frees nothing.
template <class Rules>
auto basic_lease_machine<Rules>::renew_in(const lease_time& now) const noexcept -> duration {
  const bool soon = !is_silent(now) && (!may_entitle() || held_.waiting);
  return (soon ? shorter(timing_.renew_period, backoff_min) : timing_.renew_period) -
         elapsed_for_holder(held_.sent, now);
}

// How long until the silence about a record that another renews is worth a read.
template <class Rules>
auto basic_lease_machine<Rules>::quiet_in(const lease_time& now) const noexcept -> duration {
  return timing_.renew_period * 3 / 2 - elapsed_for_holder(view_.heard(), now);
}

template <class Rules>
auto basic_lease_machine<Rules>::hedge_in(const lease_time& now) const noexcept -> duration {
  return timing_.attempt_timeout / 3 - elapsed_for_holder(attempt_->last_sent(), now);
}

template <class Rules>
auto basic_lease_machine<Rules>::attempt_in(const lease_time& now) const noexcept -> duration {
  if (!attempt_->in_flight()) return attempt_->disputed() ? load_in(now) : pause_.left(now);
  const duration expiry = attempt_->expires_in(now, timing_.attempt_timeout);
  return hedges() ? shorter(expiry, hedge_in(now)) : expiry;
}

template <class Rules>
auto basic_lease_machine<Rules>::load_in(const lease_time& now) const noexcept -> duration {
  if (load_.id != 0) return timing_.attempt_timeout - elapsed_for_holder(load_.sent, now);
  if (!load_wanted_) return duration::max();
  return longer(pause_.left(now), backoff_min - elapsed_for_holder(load_.sent, now));
}

template <class Rules>
lease_reason basic_lease_machine<Rules>::opportunity() const noexcept {
  if (missing()) return lease_reason::missing;
  switch (view_.seen().claim.mode) {
    case lease_mode::released:
      return lease_reason::released;
    case lease_mode::held:
      return view_.seen().orphaned ? lease_reason::orphaned : lease_reason::expired;
    case lease_mode::waiting:
      return lease_reason::expired;
    case lease_mode::vacant:
    case lease_mode::none:
      break;
  }
  return lease_reason::vacant;
}

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
  if (held_.waiting && !rules_.waiting_entitles()) return;  // soon written again
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
      heir_ = {};
      break;
    case purpose::renew: {
      const bool next_term = !may_entitle() && !silent;
      if (next_term) cause_ = lease_reason::regained;
      claim.term = next_term ? term_max_ + 1 : held_.term;
      break;
    }
    case purpose::release:
      claim.mode = lease_mode::released;
      claim.heir = heir_;
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
