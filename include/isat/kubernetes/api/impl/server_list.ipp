// SPDX-License-Identifier: BSL-1.0

// The bodies of server_list.hpp. Compiled into the library, or included by that header; never by itself.
#pragma once

#include "isat/detail/backoff.hpp"
#include "isat/detail/mix.hpp"
#include "isat/kubernetes/api/server_list.hpp"

#include <algorithm>
#include <compare>

namespace isat::inline v0::kubernetes {

// What speaks against a server, the weightiest first. The smallest is chosen, the first of several.
struct server_list::standing {
  bool is_shunned{};       // it failed a moment ago
  bool is_suspect{};       // it owes an answer, or the request is a copy of one that it has
  bool is_doubtful{};      // it has not answered since it failed
  bool has_asked{};        // to come later
  duration owed{};         // for so long, an answer
  time_point better_at{};  // when it may be well again
  auto operator<=>(const standing&) const = default;
};

ISAT_INLINE server_list::server_list(std::uint64_t seed) : random_{seed} {}

ISAT_INLINE std::size_t server_list::add() {
  servers_.emplace_back();
  return servers_.size() - 1;
}

ISAT_INLINE void server_list::renew(std::size_t number) {
  servers_[number] = {};
  std::erase_if(streams_, [number](const auto& last) { return last.second == number; });
}

ISAT_INLINE bool server_list::has_choice(const std::set<std::size_t>& without) const {
  for (std::size_t number = 0; number < servers_.size(); ++number) {
    if (servers_[number].is_listed && !without.contains(number)) return true;
  }
  return false;
}

// A copy goes anywhere but where the original is; if there is no original any more, then where the oldest is that
// waits.
ISAT_INLINE bool server_list::should_avoid(std::size_t number, const wish& request) const {
  if (!request.elsewhere) return false;
  if (request.stream) {
    const auto last = streams_.find(request.what);
    if (last != streams_.end()) return last->second == number;
  }
  bool has_copy = false;
  bool has_original = false;
  const open_request* oldest = nullptr;
  for (const auto& [id, open] : open_) {
    has_original = has_original || open.what == request.what;
    has_copy = has_copy || (open.what == request.what && open.server == number);
    if (oldest == nullptr || open.since < oldest->since) oldest = &open;
  }
  if (has_original) return has_copy;
  return oldest != nullptr && oldest->server == number;
}

ISAT_INLINE server_list::standing server_list::stand(std::size_t number, const wish& request, time_point now) const {
  const server& which = servers_[number];
  const bool urgent = request.urgency == urgency::urgent;
  standing result;
  result.is_shunned = now < which.shunned_until;
  for (const auto& [id, open] : open_) {
    if (open.server == number && now - open.since > patience) {
      result.is_suspect = true;
      result.owed = std::max(result.owed, now - open.since);
    }
  }
  result.is_suspect = result.is_suspect || should_avoid(number, request);
  // Requests that can wait find out whether it is well again; unless there are none for long.
  result.is_doubtful = urgent && which.failures > 0 && now < which.shunned_until + doubt_max;
  result.has_asked = now < which.asked_until;
  if (result.is_shunned) result.better_at = which.shunned_until;
  if (!result.is_shunned && result.has_asked) result.better_at = which.asked_until;
  return result;
}

ISAT_INLINE server_list::choice server_list::choose(const wish& request, time_point now,
                                                    const std::set<std::size_t>& without) const {
  choice best{servers_.size(), now};
  standing least;
  for (std::size_t number = 0; number < servers_.size(); ++number) {
    if (!servers_[number].is_listed || without.contains(number)) continue;
    const standing candidate = stand(number, request, now);
    if (best.server == servers_.size() || candidate < least) {
      best.server = number;
      least = candidate;
    }
  }
  const bool urgent = request.urgency == urgency::urgent;
  if (!urgent && least.has_asked) best.not_before = std::min(servers_[best.server].asked_until, now + wait_max);
  return best;
}

ISAT_INLINE std::uint64_t server_list::begin(std::size_t number, const wish& request, time_point now) {
  if (request.stream) streams_[request.what] = number;
  open_.emplace(next_, open_request{number, now, request.what});
  return next_++;
}

ISAT_INLINE void server_list::end(std::uint64_t request, server_verdict verdict, duration retry_after, time_point now) {
  const auto found = open_.find(request);
  if (found == open_.end()) return;
  server& which = servers_[found->second.server];
  const bool was_slow = now - found->second.since > patience;
  open_.erase(found);
  switch (verdict) {
    case server_verdict::none:
      break;
    case server_verdict::answered:
      which.failures = 0;
      which.shunned_until = {};
      break;
    case server_verdict::failed:
      fail(which, now);
      break;
    case server_verdict::overrun:
      which.failures = 0;
      break;
    case server_verdict::abandoned:
      // As when another server has answered a copy: whoever is still silent then is no better than one that failed.
      if (was_slow) fail(which, now);
      break;
  }
  if (retry_after > duration{}) which.asked_until = std::max(which.asked_until, now + std::min(retry_after, wait_max));
}

ISAT_INLINE void server_list::fail(server& which, time_point now) {
  // Requests that were on their way together fail together: that is one failure.
  if (now < which.shunned_until) return;
  const auto doublings = static_cast<unsigned>(which.failures);
  const auto longest =
      std::chrono::duration_cast<duration>(isat::detail::doubled(back_off_first, doublings, back_off_max));
  random_ = isat::detail::mix(random_);
  const auto part = static_cast<duration::rep>(random_ % 1000);
  which.shunned_until = now + longest / 2 + longest / 2 * part / 1000;
  ++which.failures;
}

}  // namespace isat::inline v0::kubernetes
