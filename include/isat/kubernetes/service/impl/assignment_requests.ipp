// SPDX-License-Identifier: BSL-1.0

// The bodies of assignment_table.hpp that make requests and take their answers. Compiled into the library, or included
// by that header; never by itself.
#pragma once

#include "isat/detail/backoff.hpp"
#include "isat/kubernetes/service/assignment_table.hpp"

#include <algorithm>

namespace isat::inline v0::kubernetes {

namespace detail {

// How long after a failure it is tried again.
inline std::chrono::nanoseconds pause_after(unsigned failures) noexcept {
  return isat::detail::doubled(std::chrono::milliseconds{100}, failures, std::chrono::seconds{30});
}

inline constexpr std::chrono::seconds foreign_pause{30};  // until a record that is not ours is read again
inline constexpr std::chrono::seconds watch_pause{5};     // until a patch is doubted of which the watch does not tell
inline constexpr std::chrono::seconds conflict_pause{1};  // likewise, of a conflict

}  // namespace detail

// ---- Beginnings ----

ISAT_INLINE void assignment_table::begin_work() {
  if (!is_ready()) return;
  for (auto& [name, service] : services_) queue(service);
  for (const auto& [first, block] : book_.blocks()) on_block_known(first, {});
}

ISAT_INLINE void assignment_table::on_records(std::uint64_t id, time_point now, assignment_outcome outcome,
                                              const std::vector<election::entry>& records) {
  if (id != list_request_) return;
  list_request_ = 0;
  if (outcome != assignment_outcome::done) {
    list_not_before_ = now + detail::pause_after(list_failures_++);
    return;
  }
  book_.list(settings_.pool.blocks(), records);
  begin_work();
}

ISAT_INLINE void assignment_table::on_block_known(ipv4_address block, time_point now) {
  auto& known = book_.blocks().at(block);
  if (known.foreign) {
    known.not_before = now + detail::foreign_pause;
    if (!std::exchange(known.told, true)) notices_.push_back({assignment_news::not_ours, {}, block, {}, {}});
  }
  if (!known.foreign) known.told = false;
  if (!is_ready()) return;
  for (const auto& [address, claim] : known.claims) {
    for (const auto& owner : claim.owners) {
      known_service* const service = find(owner.service);
      service != nullptr ? queue(*service) : check(address, owner);
    }
  }
  const auto end = named_by_.upper_bound(ipv4_address{block.bits() | 0xffU});
  for (auto named = named_by_.lower_bound(block); named != end; ++named) {
    for (const object_name& each : named->second) queue(services_.at(each));
  }
  queue_waiting();
}

// ---- Requests ----

ISAT_INLINE std::optional<assignment_request> assignment_table::take_request(time_point now) {
  do {
    work(now);
    if (auto request = next_record_request(now)) return request;
    if (auto request = next_patch()) return request;
    if (auto request = next_read(now)) return request;
  } while (is_ready() && !queue_.empty());
  return std::nullopt;
}

ISAT_INLINE std::optional<assignment_request> assignment_table::next_record_request(time_point now) {
  assignment_request request;
  if (!book_.is_listed()) {
    if (list_request_ != 0 || list_not_before_ > now) return std::nullopt;
    request.id = list_request_ = ++ids_;
    request.step = assignment_step::list_records;
    request.record.name = book_.prefix();
    return request;
  }
  for (auto& [first, block] : book_.blocks()) {
    if (block.request != 0) continue;
    const bool loads = !block.known || block.foreign;
    if (loads ? block.not_before > now : block.planned.empty()) continue;
    request.id = ++ids_;
    request.step = loads ? assignment_step::load_record : assignment_step::write_record;
    if (loads) request.record.name = book_.name_of(first);
    if (!loads) request.record = book_.make_write(first, request.id);
    block.request = request.id;
    block.loading = loads;
    return request;
  }
  return std::nullopt;
}

ISAT_INLINE std::optional<assignment_request> assignment_table::next_patch() {
  while (!patches_.empty() && patching_.size() < std::max(settings_.parallel, 1U)) {
    status_patch next = std::move(patches_.front());
    patches_.pop_front();
    known_service* const service = find(next.service);
    if (service == nullptr) continue;
    if (service->facts.version != next.version) {
      service->patching = false;
      queue(*service);
      continue;
    }
    assignment_request request;
    request.id = ++ids_;
    request.step = assignment_step::write_status;
    request.service = next.service;
    request.version = next.version;
    request.addresses = next.addresses;
    patching_.emplace(request.id, std::move(next));
    return request;
  }
  return std::nullopt;
}

ISAT_INLINE std::optional<assignment_request> assignment_table::next_read(time_point now) {
  if (checking_.size() >= std::max(settings_.parallel, 1U)) return std::nullopt;
  for (auto& [key, check] : checks_) {
    const auto* const block = book_.usable(key.address);
    if (check.asked != 0 || check.not_before > now || block == nullptr) continue;
    assignment_request request;
    request.id = check.asked = ++ids_;
    request.step = assignment_step::read_service;
    request.service = {check.name, key.uid};
    check.reading = block->reading;
    checking_.emplace(request.id, key);
    return request;
  }
  return std::nullopt;
}

ISAT_INLINE std::optional<assignment_notice> assignment_table::take_notice() {
  if (notices_.empty()) return std::nullopt;
  auto notice = std::move(notices_.front());
  notices_.pop_front();
  return notice;
}

ISAT_INLINE std::chrono::nanoseconds assignment_table::wake_in(time_point now) const noexcept {
  time_point wake = time_point::max();
  if (!book_.is_listed() && list_request_ == 0) wake = list_not_before_;
  for (const auto& [first, block] : book_.blocks()) {
    if (block.request == 0 && (!block.known || block.foreign)) wake = std::min(wake, block.not_before);
  }
  if (is_ready() && !retries_.empty()) wake = std::min(wake, retries_.begin()->first);
  for (const auto& [key, check] : checks_) {
    const bool can_be_asked = check.asked == 0 && book_.usable(key.address) != nullptr;
    if (can_be_asked && checking_.size() < std::max(settings_.parallel, 1U)) wake = std::min(wake, check.not_before);
  }
  if (wake == time_point::max()) return std::chrono::nanoseconds::max();
  return std::max<std::chrono::nanoseconds>(wake - now, {});
}

// ---- Records ----

ISAT_INLINE void assignment_table::on_record(std::uint64_t id, time_point now, assignment_outcome outcome,
                                             const election::entry& record) {
  const auto found = std::ranges::find_if(book_.blocks(), [id](const auto& each) { return each.second.request == id; });
  if (id == 0 || found == book_.blocks().end()) return;
  const ipv4_address block = found->first;
  found->second.request = 0;
  found->second.loading ? on_loaded(block, now, outcome, record) : on_written(block, now, outcome, record);
}

ISAT_INLINE void assignment_table::on_loaded(ipv4_address block, time_point now, assignment_outcome outcome,
                                             const election::entry& record) {
  auto& known = book_.blocks().at(block);
  if (outcome != assignment_outcome::done) {
    known.not_before = now + detail::pause_after(known.failures++);
    return;
  }
  on_changes(book_.load(block, record), false);
  on_block_known(block, now);
}

ISAT_INLINE void assignment_table::on_written(ipv4_address block, time_point now, assignment_outcome outcome,
                                              const election::entry& record) {
  auto& known = book_.blocks().at(block);
  if (outcome == assignment_outcome::done) return on_changes(book_.written(block, record.at), true);
  const unsigned failures = known.failures++;
  const bool at_once = outcome == assignment_outcome::conflict && failures < 2;
  book_.lose(block, at_once ? now : now + detail::pause_after(failures));
}

ISAT_INLINE void assignment_table::on_changes(const std::vector<detail::claim_change>& changes, bool written) {
  for (const detail::claim_change& each : changes) {
    if (each.frees) {
      if (written) notices_.push_back({assignment_news::freed, each.owner.service, each.address, {}, {}});
      continue;
    }
    if (known_service* const service = find(each.owner.service)) {
      // A Service that was lost and found again has forgotten what it waits for.
      if (service->claiming > 0) --service->claiming;
      if (written) {
        service->vouched_address = each.address;
        service->vouched_version = each.version;
      }
      queue(*service);
    } else if (written) {
      check(each.address, each.owner);
    }
  }
}

// ---- Statuses ----

ISAT_INLINE void assignment_table::on_status(std::uint64_t id, time_point now, assignment_outcome outcome) {
  const auto found = patching_.find(id);
  if (found == patching_.end()) return;
  status_patch patch = std::move(found->second);
  patching_.erase(found);
  if (outcome == assignment_outcome::done) notices_.push_back(std::move(patch.news));
  known_service* const service = find(patch.service);
  if (service == nullptr) return;
  service->patching = false;
  service->failures = outcome == assignment_outcome::failed ? service->failures + 1 : 0;
  if (outcome == assignment_outcome::done) service->trouble = {};
  if (service->facts.version == patch.version) {
    std::chrono::nanoseconds pause = detail::watch_pause;
    if (outcome == assignment_outcome::conflict) pause = detail::conflict_pause;
    if (outcome == assignment_outcome::failed) pause = detail::pause_after(service->failures - 1);
    service->not_before = now + std::chrono::duration_cast<time_point::duration>(pause);
  }
  // A patch that was refused, or of which nothing is heard, takes another claim.
  service->vouched_version.clear();
  queue(*service);
}

// ---- Claims that nobody needs ----

ISAT_INLINE void assignment_table::check(ipv4_address address, const detail::claim_owner& owner) {
  checks_.try_emplace({address, owner.service.uid}, free_check{owner.service.name, 0, 0, {}, 0});
}

ISAT_INLINE void assignment_table::on_service(std::uint64_t id, time_point now, assignment_outcome outcome,
                                              const std::optional<assignee>& found) {
  const auto asked = checking_.find(id);
  if (asked == checking_.end()) return;
  const check_key key = std::move(asked->second);
  checking_.erase(asked);
  const auto check = checks_.find(key);
  if (check == checks_.end() || check->second.asked != id) return;
  check->second.asked = 0;
  if (outcome != assignment_outcome::done) {
    check->second.not_before = now + detail::pause_after(check->second.failures++);
    return;
  }
  const auto* const block = book_.usable(key.address);
  // Others may have written the record since the Service was read: then it is read once more.
  if (block == nullptr || block->reading != check->second.reading) return;
  checks_.erase(check);
  free_unless_needed(key, now, found);
}

ISAT_INLINE void assignment_table::free_unless_needed(const check_key& key, time_point now,
                                                      const std::optional<assignee>& found) {
  const auto* const claim = book_.find(key.address);
  const auto* const owner = claim != nullptr ? claim->find(key.uid) : nullptr;
  if (owner == nullptr) return;
  known_service* const known = find(owner->service);
  if (found && found->service.uid == key.uid && needs(*found, key.address, *owner)) {
    // What the watch tells may be later, and nothing may come after it.
    if (known != nullptr) retries_.emplace(now + detail::conflict_pause, known->facts.service.name);
    return;
  }
  if (known != nullptr) {
    if (known->patching || known->claiming > 0) return queue(*known);
    if (needs(known->facts, key.address, *owner)) return;
  }
  book_.free(key.address, key.uid);
  queue_waiting();
}

}  // namespace isat::inline v0::kubernetes
