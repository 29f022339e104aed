// SPDX-License-Identifier: BSL-1.0

#include "mutant.hpp"

#include <array>

namespace simulator {

namespace {

constexpr std::array table{
    mutant_entry{mutant::deadline_from_response, "deadline-from-response", 20,
                 "a lease is valid from the response on, not from the send"},
    mutant_entry{mutant::deadline_from_last_send, "deadline-from-last-send", 20,
                 "a lease is valid from the last copy that was sent, not from the first"},
    mutant_entry{mutant::deadline_from_read_back, "deadline-from-read-back", 20,
                 "a write that took effect late is valid from when that is learnt"},
    mutant_entry{mutant::no_drift_allowance, "no-drift-allowance", 60, "epsilon is zero although clocks drift"},
    mutant_entry{mutant::touched_kept_late, "touched-record-kept-late", 60,
                 "a holder goes on with its record at a newer version although its validity is over"},
    mutant_entry{mutant::resumes_after_release, "resumes-after-release", 60,
                 "what was held before a release was sent entitles again"},
    mutant_entry{mutant::conflict_drops_leadership, "conflict-drops-leadership", 20,
                 "a conflict that an own copy explains ends the leadership"},
    mutant_entry{mutant::obeys_retry_after, "obeys-retry-after", 20,
                 "a leader waits for as long as an overloaded store asks"},
    mutant_entry{mutant::unmarked_release_frees, "unmarked-release-frees", 20,
                 "an empty holder frees without the mark of a release"},
    mutant_entry{mutant::any_release_frees, "any-release-frees", 60,
                 "a marked release frees although nobody saw what it replaced"},
    mutant_entry{mutant::empty_waits_own_duration, "empty-waits-own-duration", 20,
                 "an empty record is waited out for the duration that it carries"},
    mutant_entry{mutant::follower_uses_own_duration, "follower-uses-own-duration", 20,
                 "a follower waits for its own duration, not for the record's"},
    mutant_entry{mutant::orphaned_waiting_frees, "orphaned-waiting-frees", 60,
                 "a waiting record is taken at once when its writer has died"},
    mutant_entry{mutant::trusts_stale_read, "trusts-stale-read", 60,
                 "a read that was sent earlier takes something back"},
    mutant_entry{mutant::heir_needs_no_mark, "heir-needs-no-mark", 60,
                 "a release for a named heir frees although nobody saw what it replaced"},
    mutant_entry{mutant::creates_and_answers, "creates-and-answers", 20, "who creates a missing record leads at once"},
    mutant_entry{mutant::silence_from_send, "silence-from-send", 60,
                 "a seizer is silent from its send on, not from the confirmation"},
    mutant_entry{mutant::waiting_carries_own_duration, "waiting-carries-own-duration", 60,
                 "a seizer's record carries its own duration, not the longest"},
    mutant_entry{mutant::waiting_releases, "waiting-releases", 60, "a seizer that is silent still releases"},
    mutant_entry{mutant::waiting_entitles, "waiting-entitles", 60,
                 "what a seizer wrote while it was silent entitles as soon as it is not"},
    mutant_entry{mutant::guards_by_fresh_read, "guards-by-fresh-read", 20,
                 "a takeover is guarded by a fresh read, not by the version that was waited out"},
    mutant_entry{mutant::ignores_foreign_events, "ignores-foreign-events", 20,
                 "the watch's news of other holders are ignored"},
    mutant_entry{mutant::releases_before_silence, "releases-before-silence", 20,
                 "the release is written before answering has stopped"},
    mutant_entry{mutant::no_incarnation_guard, "no-incarnation-guard", 60,
                 "a write to a deleted record makes it again"},
    mutant_entry{mutant::steady_clock_only, "steady-clock-only", 20,
                 "one clock that is slewed and stops in suspend counts the time"},
    mutant_entry{mutant::reads_clock_before_message, "reads-clock-before-message", 20,
                 "what was received counts from before the process was descheduled"},
    mutant_entry{mutant::whole_seconds_without_one, "whole-seconds-without-one", 60,
                 "the duration in whole seconds is not a second longer, beside a rival that compares whole seconds"},
    mutant_entry{mutant::layout_valid_from_response, "layout-valid-from-response", 60,
                 "a reading of the layout is valid from the answer on, not from the send"},
    mutant_entry{mutant::layout_made_open, "layout-made-open", 60, "a missing layout is made open, without a wait"},
    mutant_entry{mutant::opened_at_once, "opened-at-once", 60,
                 "a new layout is opened before all readings of the last one have run out"},
    mutant_entry{mutant::answers_while_opening, "answers-while-opening", 60,
                 "an answer is given by a layout that is opening"},
    mutant_entry{mutant::era_kept_over_change, "era-kept-over-change", 60,
                 "a new layout keeps the era of the last one"},
    mutant_entry{mutant::trusts_stale_layout_read, "trusts-stale-layout-read", 60,
                 "a reading of the layout that was sent earlier takes something back"},
    mutant_entry{mutant::layout_not_read, "layout-not-read", 20, "an answer needs no reading of the layout"},
    mutant_entry{mutant::ended_era_returns, "ended-era-returns", 60,
                 "a layout of an era that is over is followed again"},
    mutant_entry{mutant::foreign_era_free, "foreign-era-free", 60, "a group's record of another era is free"},
    mutant_entry{mutant::foreign_era_ours, "foreign-era-ours", 60, "a group's record of another era is as good as any"},
    mutant_entry{mutant::group_id_reused_at_once, "group-id-reused-at-once", 60,
                 "an id stands for another address while the lease of the last one is still at work"},
    mutant_entry{mutant::removes_held, "removes-held", 60,
                 "who does not want a group removes its record although another holds it"},
    mutant_entry{mutant::removes_unguarded, "removes-unguarded", 60,
                 "a record is removed whatever its version has become"},
};

}  // namespace

std::span<const mutant_entry> mutants() noexcept { return table; }

std::optional<mutant> find_mutant(std::string_view name) noexcept {
  for (const mutant_entry& each : table) {
    if (each.name == name) return each.which;
  }
  return std::nullopt;
}

std::string_view to_string(mutant which) noexcept {
  for (const mutant_entry& each : table) {
    if (each.which == which) return each.name;
  }
  return "none";
}

}  // namespace simulator
