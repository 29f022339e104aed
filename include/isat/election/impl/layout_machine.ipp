// SPDX-License-Identifier: BSL-1.0

// The bodies of layout_machine.hpp, in the order of its declarations. Included by that header, never by itself.
#pragma once

#include "isat/election/layout_machine.hpp"

#include <utility>

namespace isat::inline v0::election {

template <class Rules>
void basic_layout_machine<Rules>::on_response(const lease_time& now, const layout_response& response) {
  begin(now);
  if (load_id_ != 0 && response.id == load_id_) {
    load_id_ = 0;
    if (response.outcome == lease_outcome::done) {
      load_backoff_ = {};
      load_wanted_ = std::exchange(load_missed_, false);
      if (load_ordinal_ > doubted_at_) doubted_at_ = 0;
      learn(now, response.sight, rules_.is_fresh(load_ordinal_, view_.known_at()));
      const layout_claim& read = response.sight.claim;
      const bool in_force = response.sight.exists && adopted_ && read == *adopted_ && rules_.entitles(read.phase);
      const lease_time until = rules_.valid_from(load_sent_, now) + rules_.validity(timing_, validity_);
      if (in_force && before_for_holder(now, until)) valid_until_ = until;
    } else {
      load_wanted_ = true;
      load_backoff_.fail(now);
    }
  } else if (write_id_ != 0 && response.id == write_id_) {
    // Whatever became of it, only a read tells what is in force, and only something new there makes the next one soon.
    write_id_ = 0;
    want_load();
    write_backoff_.fail(now);
  }
  review(now);
}

template <class Rules>
auto basic_layout_machine<Rules>::wake_in(const lease_time& now) const noexcept -> duration {
  duration result = never;
  const auto at_most = [&result](duration left) {
    if (left < result) result = left;
  };
  at_most(load_id_ != 0 ? timing_.attempt_timeout - elapsed_for_holder(load_sent_, now) : read_in(now));
  at_most(write_id_ != 0 ? timing_.attempt_timeout - elapsed_for_holder(write_sent_, now) : write_in(now));
  if (valid_until_ != lease_time{}) at_most(-elapsed_for_holder(valid_until_, now));
  return result;
}

template <class Rules>
void basic_layout_machine<Rules>::begin(const lease_time& now) noexcept {
  const bool jump = started_ && jumped(last_, now);
  if (jump) want_load();
  if (jump || !before_for_holder(now, valid_until_)) valid_until_ = {};
  started_ = true;
  last_ = now;
}

template <class Rules>
void basic_layout_machine<Rules>::learn(const lease_time& now, const layout_sight& sight, bool fresh) {
  const bool is_layout = sight.exists && sight.claim.phase != layout_phase::foreign && is_readable(sight.claim);
  const sight_kind kind = view_.take(sight, fresh, ++ordinal_, now, duration{0});
  // Also what lies before the version that is known: that may be a record of the past, put back over it.
  const bool is_later = is_layout && generation_of(sight.claim.era) > generation_max_;
  if (is_later) generation_max_ = generation_of(sight.claim.era);
  if (view_.known() && is_missing()) {
    adopted_.reset();
    valid_until_ = {};
  }
  if (kind == sight_kind::unordered) want_load();
  if (kind != sight_kind::changed) return;
  if (is_layout) write_backoff_ = {};
  const layout_claim& claim = view_.seen().claim;
  const bool same_era = !is_missing() && adopted_ && adopted_->era == claim.era && adopted_->shape == claim.shape;
  if (!same_era || !rules_.entitles(claim.phase)) valid_until_ = {};
  if (is_missing() || is_foreign()) {
    adopted_.reset();
  } else {
    adopted_ = claim;
    if (reading_ && rules_.entitles(claim.phase)) want_load();
  }
}

template <class Rules>
auto basic_layout_machine<Rules>::read_in(const lease_time& now) const noexcept -> duration {
  const duration since = elapsed_for_holder(load_sent_, now);
  const duration pause = load_backoff_.left(now);
  if (load_wanted_) return pause > pause_min - since ? pause : pause_min - since;
  if (is_foreign()) return validity_ - since;
  return reading_ ? validity_ / 3 - since : never;
}

// How long until the record as it is known is to be written over.
template <class Rules>
auto basic_layout_machine<Rules>::write_in(const lease_time& now) const noexcept -> duration {
  if (!view_.known() || load_wanted_ || load_id_ != 0) return never;
  const duration pause = write_backoff_.left(now);
  if (is_foreign()) return never;
  if (is_missing()) return pause;
  const layout_claim& claim = view_.seen().claim;
  if (claim.phase == layout_phase::opening) {
    const duration left = rules_.open_after(validity_) - elapsed_for_follower(view_.since(), now);
    return left > pause ? left : pause;
  }
  return consensus_ && *consensus_ != claim.shape ? pause : never;
}

template <class Rules>
layout_claim basic_layout_machine<Rules>::next() noexcept {
  const layout_claim& seen = view_.seen().claim;
  if (!is_missing() && seen.phase == layout_phase::opening) return {layout_phase::open, seen.shape, seen.era};
  return {rules_.first_phase(), is_missing() ? wish_ : *consensus_,
          rules_.next_era(is_missing() ? era_of(generation_max_, 0) : seen.era, eras_.next())};
}

template <class Rules>
void basic_layout_machine<Rules>::review(const lease_time& now) {
  if (load_id_ != 0 && elapsed_for_holder(load_sent_, now) >= timing_.attempt_timeout) {
    load_id_ = 0;
    load_wanted_ = true;
    load_backoff_.fail(now);
  }
  if (write_id_ != 0 && elapsed_for_holder(write_sent_, now) >= timing_.attempt_timeout) {
    write_id_ = 0;
    want_load();
    write_backoff_.fail(now);
  }
  if (request_) return;
  if (write_id_ == 0 && write_in(now) <= duration{0}) {
    send(now, lease_operation::cas, next());
  } else if (load_id_ == 0 && read_in(now) <= duration{0}) {
    send(now, lease_operation::load, {});
  }
}

template <class Rules>
void basic_layout_machine<Rules>::send(const lease_time& now, lease_operation operation, const layout_claim& claim) {
  const std::uint64_t id = next_id_++;
  if (operation == lease_operation::load) {
    load_wanted_ = load_missed_ = false;
    load_id_ = id;
    load_ordinal_ = ++ordinal_;
    load_sent_ = now;
  } else {
    write_id_ = id;
    write_sent_ = now;
  }
  request_ = layout_request{operation, id, view_.seen().at, claim, false};
}

}  // namespace isat::inline v0::election
