// SPDX-License-Identifier: BSL-1.0

// The bodies of watch_machine.hpp. Compiled into the library, or included by that header; never by itself.
#pragma once

#include "isat/detail/backoff.hpp"
#include "isat/detail/unreachable.hpp"
#include "isat/kubernetes/detail/percent.hpp"
#include "isat/kubernetes/error.hpp"
#include "isat/kubernetes/watch/watch_machine.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

namespace isat::inline v0::kubernetes {

namespace detail {

/// Appends one parameter to the query of `target`, unless its value is empty.
ISAT_INLINE void append_parameter(std::string& target, std::string_view name, std::string_view value) {
  if (value.empty()) return;
  target += target.find('?') == std::string::npos ? '?' : '&';
  target += name;
  target += '=';
  target += percent_encoded(value);
}

}  // namespace detail

ISAT_INLINE watch_machine::watch_machine(watch_settings settings)
    : settings_{std::move(settings)}, random_{settings_.seed} {}

// ---- Inputs ----

ISAT_INLINE void watch_machine::start(time_point now) {
  notices_.clear();
  trouble_.reset();
  failures_ = 0;
  relisted_ = false;
  backward_ = 0;
  elsewhere_ = false;
  in_pages_ = true;
  page_ = settings_.page;
  ask(now, step::list_quorum);
}

ISAT_INLINE void watch_machine::tick(time_point now) {
  switch (state_) {
    case state::idle:
    case state::listing:
      return;
    case state::watching:
      if (opened_ && now - *opened_ >= proof) prove();
      if (now < silent_at()) return;
      elsewhere_ = true;
      return watch_again(now);
    case state::pausing:
      if (now >= pause_end_) ask(now, step_);
      return;
  }
  isat::detail::unreachable();
}

ISAT_INLINE bool watch_machine::on_page(time_point now, const resource_version& version, std::string continue_token,
                                        std::size_t octets) {
  if (state_ != state::listing) return false;
  if (version.empty()) {
    fail(now, step::list_quorum, error::malformed_answer, "the list has no resource version");
    return false;
  }
  if (step_ != step::list_page && !accept_list(now, version)) return false;
  next_token_ = std::move(continue_token);
  largest_ = std::max(largest_, octets);
  return true;
}

ISAT_INLINE void watch_machine::on_page_told(time_point now) {
  if (state_ != state::listing) return;
  page_token_ = std::exchange(next_token_, {});
  if (!page_token_.empty()) return ask(now, step::list_page);
  in_pages_ = true;
  widen_page();
  heard_ = now;
  trouble_.reset();
  notices_.push_back({watch_notice_kind::synced, {}, {}});
  ask(now, step::watch);
}

ISAT_INLINE void watch_machine::on_list_failed(time_point now, const watch_end& end) {
  if (state_ != state::listing) return;
  if (end.error == error::answer_too_large && in_pages_ && page_ > 1) {
    if (step_ == step::list_not_older) return ask(now, step::list_quorum);  // a cache may know no pages
    page_ /= 2;
    return ask(now, step_);
  }
  const bool expired = end.error == error::expired;
  in_pages_ = !(step_ == step::list_page && expired);
  if (!in_pages_ && !std::exchange(relisted_, true)) return ask(now, step::list_quorum);
  fail(now, end.status == 0 ? step_ : step::list_quorum, end.error, end.message, end.retry_after);
}

ISAT_INLINE void watch_machine::on_opened(time_point now) {
  if (state_ == state::watching && !opened_) opened_ = now;
}

ISAT_INLINE bool watch_machine::on_event(time_point now, watch_event_type type, const resource_version& version) {
  if (state_ != state::watching) return false;
  on_opened(now);
  if (version.empty()) {
    on_broken_stream(now, error::malformed_answer);
    return false;
  }
  if (version < seen_) {
    elsewhere_ = true;
    const bool often = ++backward_ >= backward_max;
    if (often) backward_ = 0;
    fail(now, often ? step::list_quorum : step::watch, error::unavailable, "the server is behind what was seen");
    return false;
  }
  backward_ = 0;
  heard_ = now;
  const bool newer = version > seen_;
  seen_ = version;
  if (type == watch_event_type::bookmark) had_bookmark_ = true;
  if (type == watch_event_type::bookmark || !newer) return false;
  had_event_ = true;
  failures_ = 0;
  relisted_ = false;
  return true;
}

ISAT_INLINE void watch_machine::on_error_event(time_point now, const watch_status& status) {
  if (state_ != state::watching) return;
  const auto failure = error_of_status(status.code, status.reason);
  if (failure == error::expired) return relist(now, failure, status.message);
  fail(now, step::list_not_older, failure != error::none ? failure : error::other_status, status.message);
}

ISAT_INLINE void watch_machine::on_broken_stream(time_point now, error_code failure) {
  if (state_ == state::watching) fail(now, step::list_not_older, failure, "an event of the watch cannot be read");
}

ISAT_INLINE void watch_machine::on_watch_ended(time_point now, const watch_end& end) {
  if (state_ != state::watching) return;
  if (end.error == error::expired) return relist(now, end.error, end.message);
  const bool good = end.status >= 200 && end.status < 300;
  if (end.status != 0 && !good) {
    // A watch that is not understood may be one from a version that is no good.
    const step next = end.status == 400 ? step::list_not_older : step::watch;
    return fail(now, next, end.error, end.message, end.retry_after);
  }
  if (good && !opened_) opened_ = asked_;  // whoever drives this did not tell
  const bool lasted = opened_ && now - *opened_ >= proof;
  if (lasted) prove();
  if (lasted || had_event_) return watch_again(now);
  fail(now, step::watch, end.error ? end.error : error_code{error::unavailable},
       end.error ? end.message : "the server ended the watch at once");
}

ISAT_INLINE void watch_machine::restart(time_point now) {
  if (state_ != state::watching && state_ != state::listing) return;
  if (now - asked_ < (opened_ ? pause_min : proof)) return;  // it may yet come about
  elsewhere_ = true;
  ask(now, step_);
}

ISAT_INLINE void watch_machine::on_outage_over(time_point now) {
  if (state_ != state::pausing) return;
  failures_ = 0;  // what comes now is another story
  pause_end_ = std::max(pause_least_, std::min(pause_end_, now + random_part(back_jitter)));
}

// ---- Outputs ----

ISAT_INLINE std::optional<watch_notice> watch_machine::take_notice() {
  if (notices_.empty()) return std::nullopt;
  std::optional<watch_notice> notice{std::move(notices_.front())};
  notices_.pop_front();
  return notice;
}

ISAT_INLINE std::optional<watch_request> watch_machine::take_request() { return std::exchange(request_, std::nullopt); }

ISAT_INLINE watch_machine::duration watch_machine::wake_in(time_point now) const noexcept {
  switch (state_) {
    case state::idle:
    case state::listing:
      return pause_max;  // nothing is due: the request has its own time-out
    case state::watching: {
      auto next = silent_at();
      if (opened_ && !proved_) next = std::min(next, *opened_ + proof);
      return std::max<duration>(next - now, duration{0});
    }
    case state::pausing:
      return std::max<duration>(pause_end_ - now, duration{0});
  }
  isat::detail::unreachable();
}

// ---- What follows ----

ISAT_INLINE void watch_machine::ask(time_point now, step what) {
  if (what == step::list_not_older && seen_.empty()) what = step::list_quorum;
  const bool watch = what == step::watch;
  state_ = watch ? state::watching : state::listing;
  step_ = what;
  asked_ = now;
  opened_.reset();
  proved_ = had_event_ = had_bookmark_ = false;
  if (what == step::list_quorum || what == step::list_not_older) {
    page_token_.clear();
    largest_ = 0;
  }
  request_id_ = ++last_id_;
  watch_request& request = request_.emplace();
  request.id = request_id_;
  request.watch = watch;
  request.elsewhere = std::exchange(elsewhere_, false);
  request.target = watch ? watch_target() : list_target();
  request.timeout = std::chrono::seconds{10};
  // A list that is not to be older than something comes from a cache, which may ignore that pages are wanted.
  if (what == step::list_not_older) request.timeout = std::chrono::seconds{30};
  if (!watch && (!in_pages_ || page_ == 0)) request.timeout = std::chrono::seconds{60};
  if (!watch && in_pages_ && page_ > 1) request.answer_max = settings_.page_octets;
}

ISAT_INLINE void watch_machine::pause(time_point end, time_point earliest, step next) noexcept {
  state_ = state::pausing;
  step_ = next;
  pause_end_ = end;
  pause_least_ = earliest;
  request_id_ = 0;
  request_.reset();
}

ISAT_INLINE void watch_machine::watch_again(time_point now) {
  if (now - heard_ >= silence_max) return ask(now, step::list_quorum);
  const time_point earliest = asked_ + pause_min;  // of a server that ends each watch after one event
  if (now < earliest) return pause(earliest, earliest, step::watch);
  ask(now, step::watch);
}

ISAT_INLINE void watch_machine::relist(time_point now, error_code failure, const std::string& message) {
  // After the first time a pause: to a server with a short memory every version may be too old.
  if (std::exchange(relisted_, true)) return fail(now, step::list_not_older, failure, message);
  lose(failure, message);
  ask(now, step::list_not_older);
}

ISAT_INLINE void watch_machine::fail(time_point now, step next, error_code failure, const std::string& message,
                                     duration at_least) {
  ++failures_;
  lose(failure, message);
  at_least = std::min(at_least, pause_max);
  pause(now + std::max(back_off(), at_least), now + at_least, next);
}

ISAT_INLINE void watch_machine::lose(error_code failure, const std::string& message) {
  if (trouble_ == failure) return;
  trouble_ = failure;
  notices_.push_back({watch_notice_kind::lost, failure, message});
}

/// Decides about the first page of a list.
ISAT_INLINE bool watch_machine::accept_list(time_point now, const resource_version& version) {
  if (version < seen_) {
    const bool by_quorum = step_ == step::list_quorum;
    if (by_quorum) ++backward_;
    if (!by_quorum || backward_ < backward_max) {
      elsewhere_ = true;
      fail(now, step::list_quorum, error::unavailable, "the server is behind what was seen");
      return false;
    }
    trouble_.reset();  // so that it is told in any case
    lose(error::expired, "what was seen is no more: the servers are at an older version");
  }
  backward_ = 0;
  seen_ = version;
  notices_.push_back({watch_notice_kind::listing, {}, {}});
  return true;
}

/// A page of twice as many objects holds what lies in three pages of a list at most, so that it fits as long as nothing
/// changes.
ISAT_INLINE void watch_machine::widen_page() noexcept {
  for (std::size_t octets = largest_; page_ < settings_.page && octets <= settings_.page_octets / 3; octets *= 2) {
    page_ = std::min(2 * page_, settings_.page);
  }
}

/// The watch works.
ISAT_INLINE void watch_machine::prove() {
  if (std::exchange(proved_, true)) return;
  failures_ = 0;
  relisted_ = false;
  if (!trouble_) return;
  trouble_.reset();
  notices_.push_back({watch_notice_kind::synced, {}, {}});
}

ISAT_INLINE watch_machine::duration watch_machine::back_off() noexcept {
  const unsigned before = failures_ > 0 ? static_cast<unsigned>(failures_) - 1 : 0;
  const auto longest = isat::detail::doubled(settings_.pause_longest / 10, before, settings_.pause_longest);
  return std::max(pause_min, random_part(longest));
}

ISAT_INLINE watch_machine::duration watch_machine::random_part(duration whole) noexcept {
  return duration{static_cast<duration::rep>(static_cast<double>(whole.count()) * random_share())};
}

/// From 0 to 1, without 1.
ISAT_INLINE double watch_machine::random_share() noexcept {
  return static_cast<double>(random_.next() >> 11U) * 0x1p-53;
}

/// When the watch is given up unless something is heard before.
ISAT_INLINE watch_machine::time_point watch_machine::silent_at() const noexcept {
  const time_point end = asked_ + timeout_ + grace;
  return had_bookmark_ ? std::min(end, heard_ + silence_max) : end;
}

ISAT_INLINE std::string watch_machine::list_target() const {
  std::string target = settings_.path;
  if (in_pages_ && page_ != 0) detail::append_parameter(target, "limit", std::to_string(page_));
  detail::append_parameter(target, "continue", page_token_);
  if (step_ == step::list_not_older) {
    detail::append_parameter(target, "resourceVersion", seen_.text());
    detail::append_parameter(target, "resourceVersionMatch", "NotOlderThan");
  }
  detail::append_parameter(target, "labelSelector", settings_.label_selector);
  detail::append_parameter(target, "fieldSelector", settings_.field_selector);
  return target;
}

ISAT_INLINE std::string watch_machine::watch_target() {
  const double share = 0.7 + 0.6 * random_share();
  const auto nanoseconds = static_cast<double>(settings_.watch_timeout.count()) * share;
  const auto seconds = std::max<std::int64_t>(static_cast<std::int64_t>(nanoseconds / 1e9), 1);
  timeout_ = std::chrono::seconds{seconds};
  std::string target = settings_.path;
  detail::append_parameter(target, "watch", "1");
  detail::append_parameter(target, "resourceVersion", seen_.text());
  detail::append_parameter(target, "allowWatchBookmarks", "true");
  detail::append_parameter(target, "timeoutSeconds", std::to_string(seconds));
  detail::append_parameter(target, "labelSelector", settings_.label_selector);
  detail::append_parameter(target, "fieldSelector", settings_.field_selector);
  return target;
}

}  // namespace isat::inline v0::kubernetes
