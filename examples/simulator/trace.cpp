// SPDX-License-Identifier: BSL-1.0

#include "any_claim.hpp"
#include "isat/detail/unreachable.hpp"
#include "isat/election/lease_event.hpp"
#include "judge.hpp"
#include "trace.hpp"
#include "trouble.hpp"

#include <fmt/format.h>

#include <string>
#include <string_view>

namespace simulator {

using isat::election::lease_change;
using isat::election::lease_claim;
using isat::election::lease_mode;
using isat::election::lease_outcome;
using isat::election::lease_reason;

namespace {

std::string_view word(lease_mode mode) noexcept {
  switch (mode) {
    case lease_mode::none:
      return "nothing";
    case lease_mode::held:
      return "held";
    case lease_mode::waiting:
      return "waiting";
    case lease_mode::released:
      return "released";
    case lease_mode::vacant:
      return "vacant";
  }
  isat::detail::unreachable();
}

std::string_view word(lease_outcome outcome) noexcept {
  switch (outcome) {
    case lease_outcome::none:
      return "nothing";
    case lease_outcome::done:
      return "done";
    case lease_outcome::conflict:
      return "conflict";
    case lease_outcome::refused:
      return "refused";
    case lease_outcome::unknown:
      return "unknown";
  }
  isat::detail::unreachable();
}

constexpr std::string_view trouble_words[] = {
    "none",         "deschedule",     "crash",           "stop",        "unwilling",
    "hand-over",    "wish",           "suspend",         "freeze",      "slew",
    "step-wall",    "block-requests", "block-responses", "block-both",  "slow",
    "lose",         "duplicate",      "refuse",          "hold-writes", "lose-responses",
    "refuse-next",  "delay-loads",    "watch-lost",      "watch-stall", "watch-lag",
    "watch-rewind", "watch-skip",     "watch-reorder",   "outage",      "restore",
    "remove",       "edit-garbage",   "edit-vacant",     "edit-holder", "edit-duration",
    "recreate",     "replay-release", "replay-era",      "put-back",    "touch",
    "rival-starts", "rival-crashes",  "rival-stops",     "heal",        "expect-leader",
    "shun"};
static_assert(std::size(trouble_words) == static_cast<std::size_t>(trouble_kind::shun) + 1);

std::string at(const isat::election::version& at) { return fmt::format("v{}.{}", at.incarnation, at.number); }

std::string said(const lease_claim& claim) {
  return fmt::format("{} by w{:04x} #{} term {} for {} ms", word(claim.mode), claim.writer & 0xFFFF, claim.attempt,
                     claim.term, claim.duration.count() / 1'000'000);
}

std::string said_of_layout(const lease_claim& claim) {
  constexpr std::string_view phases[] = {"unreadable", "opening", "open", "foreign"};
  return fmt::format("{}, groups: {}, generation {}", phases[claim.attempt & 3], claim.duration.count() / 1'000'000,
                     claim.term);
}

std::string said(const trace_entry& entry) {
  if (entry.record < layout_record) return said(entry.claim);
  return entry.record == layout_record ? said_of_layout(entry.claim) : std::string{"a presence"};
}

/// The record that an entry is about, or the VIP; of a lone lease nothing.
std::string about(const trace_entry& entry) {
  if (entry.record == 0) return {};
  if (entry.what == trace_kind::answers) return fmt::format("VIP {}: ", entry.record);
  if (entry.record == layout_record) return "layout: ";
  if (entry.record < first_vip_record) return fmt::format("group {}: ", entry.record);
  return entry.record < layout_record ? fmt::format("group of VIP {}: ", entry.record - first_vip_record)
                                      : std::string{};
}

std::string what_happened(const trace_entry& entry) {
  const std::string version = at(entry.version);
  const std::string claim = said(entry);
  const double seconds = static_cast<double>(entry.lasting.count()) / 1e9;
  switch (entry.what) {
    case trace_kind::none:
      return {};
    case trace_kind::started:
      return fmt::format("starts as w{:04x}", entry.claim.writer & 0xFFFF);
    case trace_kind::ended:
      return "ends";
    case trace_kind::descheduled:
      return fmt::format("is descheduled for {:.3f} s", seconds);
    case trace_kind::resumed:
      return "goes on";
    case trace_kind::asks:
      if (entry.detail == static_cast<std::uint8_t>(isat::election::lease_operation::load)) return "asks: load";
      return fmt::format("asks: over {} {}", version, claim);
    case trace_kind::written:
      return fmt::format("  store: {} is {}", version, claim);
    case trace_kind::conflict:
      return fmt::format("  store: conflict, not {}: {}", version, claim);
    case trace_kind::refused:
      return fmt::format("  store: refused, again in {:.1f} s", seconds);
    case trace_kind::told:
      return fmt::format("is told: {} {} {}", word(static_cast<lease_outcome>(entry.detail)), version, claim);
    case trace_kind::saw:
      return fmt::format("sees {} {}", version, claim);
    case trace_kind::watch_lost:
      return "has lost its watch";
    case trace_kind::answers:
      if (entry.detail == 0) return "ANSWERS NO MORE";
      return fmt::format("ANSWERS for {:.3f} s in term {}", seconds, entry.claim.term);
    case trace_kind::changes:
      return fmt::format("event: {} term {}: {}",
                         isat::election::to_string(static_cast<lease_change>(entry.detail / 16)), entry.claim.term,
                         isat::election::to_string(static_cast<lease_reason>(entry.detail % 16)));
    case trace_kind::trouble:
      return fmt::format("* {} for {:.3f} s, {}", trouble_words[entry.detail], seconds,
                         static_cast<std::int64_t>(entry.version.number));
    case trace_kind::by_hand:
      return fmt::format("  store: {} is by hand {}", version, claim);
    case trace_kind::rival:
      return fmt::format("  store: {} is the rival's{}: {}", version, entry.detail != 0 ? " by expiry" : "", claim);
    case trace_kind::violation:
      return fmt::format("VIOLATION: {}", to_string(static_cast<violation_kind>(entry.detail)));
  }
  isat::detail::unreachable();
}

}  // namespace

void trace_log::print(std::FILE* to, const trace_entry& entry) {
  const double seconds = static_cast<double>(entry.at.count()) / 1e9;
  const std::string line =
      fmt::format("{:12.6f} node {} {}{}\n", seconds, entry.node, about(entry), what_happened(entry));
  std::fwrite(line.data(), 1, line.size(), to);
}

void trace_log::print(std::FILE* to) const {
  const std::uint64_t kept = noted_ < entries_.size() ? noted_ : entries_.size();
  for (std::uint64_t each = noted_ - kept; each < noted_; ++each) print(to, entries_[each % entries_.size()]);
}

}  // namespace simulator
