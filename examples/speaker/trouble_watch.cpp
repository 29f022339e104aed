// SPDX-License-Identifier: BSL-1.0

#include "isat/detail/mix.hpp"
#include "trouble_watch.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace speakerd {

namespace {

namespace kubernetes = isat::kubernetes;
using kubernetes::notice_kind;
using kubernetes::service_notice;

bool begins_something(const service_notice& notice) noexcept {
  return notice.kind != notice_kind::node && (is_trouble(notice) || notice.kind == notice_kind::local);
}

/// The same on all nodes.
std::uint64_t key_of(const service_notice& notice) noexcept {
  const bool is_of_address = notice.kind != notice_kind::ingress || notice.services.empty();
  return is_of_address ? notice.address.bits() : isat::detail::mix(notice.services.front().uid);
}

}  // namespace

trouble_watch::subject trouble_watch::subject_of(const service_notice& notice) {
  if (notice.kind != notice_kind::ingress) return {notice.kind, notice.address, {}, {}};
  return {notice.kind, {}, notice.services.front().name, notice.ingress};
}

void trouble_watch::note(time_point now, const service_notice& notice) {
  if (!begins_something(notice)) {
    if (notice.kind == notice_kind::address) note_end(now, notice);
    return;
  }
  entry& noted = entries_[subject_of(notice)];
  const bool is_held = noted.due > now;  // it goes on in another way
  if (!is_held) noted.due = now + hold_;
  noted.notice = notice;
  noted.had_line = noted.had_line || noted.has_line;
  noted.has_line = false;
  noted.told_by.reset();
  wake_at(noted.due);
}

void trouble_watch::note_end(time_point now, const service_notice& notice) {
  const auto found = entries_.find(subject_of(notice));
  if (found == entries_.end()) return;
  const bool was_told = found->second.was_told();
  entries_.erase(found);
  if (!was_told) return;
  ends_.push_back({notice, true, false, 0});
  wake_at(now);
}

/// None: another has to tell it.
std::optional<mandate> trouble_watch::mandate_for(const service_notice& notice) const {
  if (notice.kind == notice_kind::local) {
    const std::uint64_t term = duty_.term_of(notice.address);
    return term != 0 ? std::optional{mandate{term}} : std::nullopt;
  }
  const bool is_of_this_node = notice.standing == kubernetes::vip_standing::carried_address;
  return is_of_this_node || duty_.comes_first(key_of(notice)) ? std::optional{mandate{}} : std::nullopt;
}

/// The end of what is not so any more will be noted, too.
bool trouble_watch::ends_later(const service_notice& notice) const {
  return notice.kind == notice_kind::address && known_.standing_of(notice.address) != kubernetes::vip_standing::none;
}

std::vector<telling> trouble_watch::take(time_point now) {
  std::vector<telling> result = std::exchange(ends_, {});
  wake_.reset();
  for (auto each = entries_.begin(); each != entries_.end();) {
    entry& noted = each->second;
    if (!known_.is_so(noted.notice)) {
      each = noted.was_told() && ends_later(noted.notice) ? std::next(each) : entries_.erase(each);
      continue;
    }
    ++each;
    telling told = look_at(now, noted);
    if (told.line || told.event) result.push_back(std::move(told));
  }
  return result;
}

telling trouble_watch::look_at(time_point now, entry& noted) {
  telling told;
  if (noted.due > now) {
    wake_at(noted.due);
    return told;
  }
  const bool is_local = noted.notice.kind == notice_kind::local;
  const auto mandate = is_local || !noted.told_by ? mandate_for(noted.notice) : std::nullopt;
  told.event = mandate && mandate != noted.told_by;
  told.line = is_local ? told.event : !noted.has_line;
  if (told.event) noted.told_by = mandate;
  noted.has_line = noted.has_line || told.line;
  if (!is_local && !noted.told_by) wake_at(now + review_period);
  if (!told.event && !told.line) return told;
  told.notice = noted.notice;
  if (mandate) told.term = mandate->term;
  if (is_local) told.notice.services = known_.services_of(noted.notice.address);
  return told;
}

void trouble_watch::wake_at(time_point when) { wake_ = wake_ ? std::min(*wake_, when) : when; }

}  // namespace speakerd
