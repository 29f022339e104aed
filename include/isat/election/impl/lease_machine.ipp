// SPDX-License-Identifier: BSL-1.0

// The bodies of lease_machine.hpp but for those in lease_machine_actions.ipp, in the order of its declarations: what
// comes in, what can be asked, what news change. Included by that header, never by itself.
#pragma once

#include "isat/detail/backoff.hpp"
#include "isat/election/lease_machine.hpp"

#include <utility>

namespace isat::inline v0::election {

template <class Rules>
basic_lease_machine<Rules>::basic_lease_machine(const lease_identity& who, const lease_timing& timing, duration longest,
                                                Rules rules)
    : who_{who}, timing_{timing}, longest_{longest}, rules_{rules}, random_{who.writer} {}

// ---- Inputs ----

template <class Rules>
void basic_lease_machine<Rules>::tick(const lease_time& now) {
  begin(now);
  review(now);
}

template <class Rules>
void basic_lease_machine<Rules>::set_candidacy(const lease_time& now, const lease_candidacy& next) {
  begin(now);
  if (next.willing && !candidacy_.willing) willing_since_ = now;
  candidacy_ = next;
  if (!next.willing) lose(lease_reason::unwilling);
  review(now);
}

template <class Rules>
void basic_lease_machine<Rules>::hand_over(const lease_time& now, lease_reason why, node_id heir) {
  begin(now);
  handing_over_ = holds_;
  heir_ = heir;
  lose(why);
  review(now);
}

template <class Rules>
void basic_lease_machine<Rules>::interrupt(const lease_time& now, lease_reason why) {
  begin(now);
  lose(why);
  review(now);
}

template <class Rules>
void basic_lease_machine<Rules>::adopt(const lease_time& now, const lease_identity& who, const lease_timing& timing,
                                       duration longest) {
  begin(now);
  lose(lease_reason::era_changed);
  forget_writes();
  handing_over_ = false;
  next_seizure_ = {};
  candidacy_ = {};
  who_ = who;
  timing_ = timing;
  longest_ = longest;
  review(now);
}

template <class Rules>
void basic_lease_machine<Rules>::on_sight(const lease_time& now, const lease_sight& sight) {
  begin(now);
  learn(now, sight, false);
  review(now);
}

template <class Rules>
void basic_lease_machine<Rules>::on_watch_lost(const lease_time& now) {
  begin(now);
  want_load();
  review(now);
}

template <class Rules>
void basic_lease_machine<Rules>::on_response(const lease_time& now, const lease_response& response) {
  begin(now);
  is_load(response.id) ? on_load_response(now, response) : on_cas_response(now, response);
  review(now);
}

// ---- Outputs ----

template <class Rules>
lease_status basic_lease_machine<Rules>::status() const noexcept {
  if (attempt_ && purpose_ == purpose::release) return lease_status::releasing;
  if (leads_.term != 0) return lease_status::leading;
  if (holds_) return lease_status::silent;
  return attempt_ ? lease_status::acquiring : lease_status::following;
}

template <class Rules>
auto basic_lease_machine<Rules>::wake_in(const lease_time& now) const noexcept -> duration {
  duration result = std::chrono::hours{1};
  const auto at_most = [&result](duration left) {
    if (left < result) result = left;
  };
  if (leads_.term != 0) at_most(-elapsed_for_holder(leads_.valid_until, now));
  at_most(load_in(now));
  if (attempt_) {
    at_most(attempt_in(now));
  } else if (holds_) {
    at_most(longer(wanted() ? renew_in(now) : duration{0}, pause_.left(now)));
  } else if (wanted() && view_.known() && !view_.doubtful()) {
    const duration take = take_in(now);
    at_most(longer(take, pause_.left(now)));
    if (take > duration{0} && !load_wanted_ && load_.id == 0) at_most(quiet_in(now));
  }
  if (may_entitle() && wanted() && is_silent(now)) at_most(silence_.left(now));
  return result;
}

template <class Rules>
std::optional<lease_request> basic_lease_machine<Rules>::take_request() {
  if (requests_.empty()) return std::nullopt;
  const lease_request oldest = requests_.front();
  requests_.erase(requests_.begin());
  return oldest;
}

template <class Rules>
std::optional<lease_event> basic_lease_machine<Rules>::take_event() {
  if (events_.empty()) return std::nullopt;
  const lease_event oldest = events_.front();
  events_.erase(events_.begin());
  return oldest;
}

// ---- News ----

template <class Rules>
void basic_lease_machine<Rules>::begin(const lease_time& now) {
  if (started_ && jumped(last_, now)) lose(lease_reason::clock_jumped);
  started_ = true;
  last_ = now;
  if (leads_.term != 0 && !leads_.covers(now)) lose(lease_reason::lapsed);
}

template <class Rules>
void basic_lease_machine<Rules>::learn(const lease_time& now, const lease_sight& sight, bool fresh) {
  if (sight.exists && sight.claim.term > term_max_) term_max_ = sight.claim.term;  // of an old one, too
  // Without a layout nobody sets the duration for all: the longest is the longest that was ever seen.
  if (sight.exists && who_.era == 0) longest_ = longer(longest_, rules_.plausible(sight.claim.duration, longest_));
  const lease_claim before = view_.seen().claim;
  switch (view_.take(sight, fresh, ++ordinal_, now, lively())) {
    case sight_kind::unordered:
      want_load();
      break;
    case sight_kind::changed:
      witnessed_ = view_.followed() && rules_.follows_on(before, sight.claim);
      recognize(now);
      break;
    case sight_kind::none:
    case sight_kind::old:
    case sight_kind::orphaned:
      break;
  }
}

// Whose is the version that has just become known, and what does it make of what this process holds?
template <class Rules>
void basic_lease_machine<Rules>::recognize(const lease_time& now) {
  const lease_sight& seen = view_.seen();
  if (!seen.exists && !view_.went_back()) {
    handing_over_ = false;
    return forget_writes();  // who makes it again is silent for long enough
  }
  const lease_claim& claim = seen.claim;
  if (claim.writer == who_.writer && claim.era == who_.era && !view_.went_back()) {
    if (attempt_ && claim.attempt == attempt_->claim().attempt) return committed(now, seen.at);
    const bool may_keep = holds_ && may_keep_touched(now);
    if (may_keep && is_touched()) {
      // Only of a release that is on its way it matters whether it was done; that will meet a conflict.
      return attempt_ && purpose_ == purpose::release ? void() : keep_touched();
    }
    const bool is_given_up = claim.mode != lease_mode::released && claim.attempt < entitling_from_;
    if (may_keep && is_given_up && claim.attempt > held_.attempt && seen.at.newer_than(held_.at)) {
      // A renewal that was given up in favour of a release: it entitles to nothing, but the release must name it.
      held_.at = seen.at;
      held_.attempt = claim.attempt;
      held_.term = claim.term;
      attempt_.reset();
      lineage_unresolved_ = false;
      return;
    }
  }
  overtaken(lease_reason::superseded);
  // A record of its own that it may not keep, since somebody touched it too late, shows no other holder.
  const bool is_followed =
      claim.writer != who_.writer && (claim.mode == lease_mode::held || claim.mode == lease_mode::waiting);
  const lease_identity holder = is_followed ? lease_identity{claim.node, claim.writer, claim.era} : lease_identity{};
  if (std::exchange(told_holder_, holder) != holder && is_followed) {
    tell(lease_change::follows, {}, claim.term, claim.node);
  }
}

template <class Rules>
void basic_lease_machine<Rules>::committed(const lease_time& now, const version& at) {
  const lease_attempt done = *attempt_;
  const lease_claim& claim = done.claim();
  forget_writes();
  holds_ = purpose_ != purpose::release;
  held_ = {at,
           claim.attempt,
           claim.term,
           claim.duration,
           claim.mode == lease_mode::waiting,
           rules_.valid_from(done.first_sent(), done.last_sent(), now),
           done.first_sent()};
  if (claim.term > term_max_) term_max_ = claim.term;
  failures_ = 0;
  pause_ = {};
  told_holder_ = {};
  view_.take({at, true, claim}, true, ++ordinal_, now, lively());
  witnessed_ = true;
  if (purpose_ == purpose::release) {
    handing_over_ = false;
    tell(lease_change::released, {}, claim.term);
  }
  if (purpose_ == purpose::seize) {
    const countdown asked{rules_.silent_from(done.first_sent(), now), rules_.silence(timing_.duration, longest_)};
    silence_ = {now, rules_.longer_silence(silence_.left(now), asked.left(now))};
    tell(lease_change::seized, lease_reason::missing, claim.term);
  }
}

template <class Rules>
void basic_lease_machine<Rules>::keep_touched() {
  const lease_claim& claim = view_.seen().claim;
  held_.at = view_.seen().at;
  attempt_.reset();  // over a version that is no more: it takes no effect, or has had one that was undone
  lineage_unresolved_ = false;
  if (claim.heir == node_id{} || claim.heir == who_.node) return;
  handing_over_ = true;
  heir_ = claim.heir;
  lose(lease_reason::handed_over);
}

template <class Rules>
void basic_lease_machine<Rules>::on_load_response(const lease_time& now, const lease_response& response) {
  if (response.id != load_.id) {  // given up meanwhile, but a hint still
    if (response.outcome == lease_outcome::done) learn(now, response.sight, false);
    return;
  }
  load_.id = 0;
  if (response.outcome != lease_outcome::done) {
    load_wanted_ = true;
    return failed(now, response.retry_after);
  }
  failures_ = 0;
  load_wanted_ = std::exchange(load_missed_, false);
  const bool fresh = rules_.is_fresh(load_.ordinal, view_.known_at());
  learn(now, response.sight, fresh);
  if (attempt_ && fresh) attempt_->settle();
}

template <class Rules>
void basic_lease_machine<Rules>::on_cas_response(const lease_time& now, const lease_response& response) {
  if (!attempt_ || !attempt_->may_have_sent(response.id)) {
    // Of a write that was forgotten, or that the watch has told of already: often its news comes first.
    const version& at = response.sight.at;
    const bool is_old = view_.known() && (at == view_.seen().at || view_.seen().at.newer_than(at));
    if (response.outcome == lease_outcome::done && !is_old) want_load();
    return;
  }
  attempt_->end(response.id, response.outcome);
  switch (response.outcome) {
    case lease_outcome::done:
      return committed(now, response.sight.at);
    case lease_outcome::conflict:
      want_load();
      if (is_touched()) {
        // A release that may have taken effect may have let another lead before the record was put back.
        if (attempt_->unresolved() || !may_keep_touched(now)) return overtaken(lease_reason::conflict);
        return keep_touched();
      }
      if (rules_.conflict_may_be_own(attempt_->unresolved() || lineage_unresolved_)) return attempt_->dispute();
      overtaken(lease_reason::conflict);
      return view_.doubt();
    case lease_outcome::refused:
    case lease_outcome::unknown:
    case lease_outcome::none:
      return failed(now, response.retry_after);
  }
}

template <class Rules>
void basic_lease_machine<Rules>::want_load() noexcept {
  if (!wanted() && idle()) return;
  load_wanted_ = true;
  load_missed_ = load_.id != 0;
}

template <class Rules>
void basic_lease_machine<Rules>::forget_writes() noexcept {
  attempt_.reset();
  holds_ = false;
  lineage_unresolved_ = false;
}

template <class Rules>
void basic_lease_machine<Rules>::overtaken(lease_reason why) {
  forget_writes();
  handing_over_ = false;
  lose(why);
}

template <class Rules>
void basic_lease_machine<Rules>::lose(lease_reason why) {
  entitling_from_ = next_attempt_;
  if (leads_.term == 0) return;
  tell(lease_change::lost, why, leads_.term);
  leads_ = {};
}

template <class Rules>
void basic_lease_machine<Rules>::failed(const lease_time& now, duration asked) {
  const duration most = shorter(backoff_max, timing_.renew_period);  // short leases have no time for long pauses
  const duration backoff = detail::spread(detail::doubled(backoff_min, failures_, most), random_.next());
  ++failures_;
  pause_ = {now, rules_.retry_delay(leads_.term != 0, backoff, asked)};
}

}  // namespace isat::inline v0::election
