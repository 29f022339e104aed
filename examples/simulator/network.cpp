// SPDX-License-Identifier: BSL-1.0

#include "network.hpp"

#include <utility>

namespace simulator {

using isat::election::lease_operation;
using isat::election::lease_outcome;

using namespace std::chrono_literals;

duration network::delay(pace speed) {
  random_source& random = time_.random;
  const std::uint64_t of_thousand = speed == pace::calm ? 0 : random.below(1000);
  switch (speed) {
    case pace::none:
    case pace::calm:
      return random.between(200us, 2ms);
    case pace::busy:
      if (of_thousand < 900) return random.between(200us, 5ms);
      return of_thousand < 990 ? random.between(5ms, 80ms) : random.between(80ms, 800ms);
    case pace::heavy:
      break;
  }
  if (of_thousand < 700) return random.between(200us, 20ms);
  if (of_thousand < 900) return random.between(20ms, 400ms);
  if (of_thousand < 985) return random.between(400ms, 3s);
  return of_thousand < 999 ? random.between(3s, 9s) : random.between(9s, 60s);
}

std::uint32_t network::keep(const message& one) {
  if (free_.empty()) {
    messages_.push_back(one);
    return static_cast<std::uint32_t>(messages_.size() - 1);
  }
  const std::uint32_t subject = free_.back();
  free_.pop_back();
  messages_[subject] = one;
  return subject;
}

message network::take(std::uint32_t subject) {
  free_.push_back(subject);
  return messages_[subject];
}

void network::send(node_number node, record_number record, const any_request& request, const public_face& face) {
  link& way = links_[node];
  message one;
  one.kind = message_kind::request;
  one.node = node;
  one.record = record;
  one.process = way.process;
  one.face = face;
  one.request = request;
  duration extra{};
  if (request.operation != lease_operation::load && way.writes_to_hold > 0) {
    --way.writes_to_hold;
    extra = way.hold_for;
  }
  if (way.duplicated != 0 && time_.random.chance(way.duplicated)) {
    message copy = one;
    copy.is_copy = true;
    dispatch(copy, extra);
  }
  dispatch(one, extra);
}

// A request that meets a partition is lost, or is sent again by lower layers until that is over.
void network::dispatch(const message& one, duration extra) {
  const link& way = links_[one.node];
  if (way.lost != 0 && time_.random.chance(way.lost)) return;
  instant from = time_.now;
  if (from < way.requests_blocked) {
    if (time_.random.chance(500)) return;
    from = way.requests_blocked;
  }
  time_.queue.push(from + delay(way.speed) + extra, event_kind::arrive, one.node, keep(one));
}

void network::arrive(std::uint32_t subject) {
  message& one = messages_[subject];
  if (is_away()) {
    if (outage_ == outage_kind::late) {
      time_.queue.push(away_until_ + delay(pace::busy), event_kind::arrive, one.node, subject);
    } else if (outage_ == outage_kind::silent) {
      free_.push_back(subject);
    } else {
      answer(one, lease_outcome::refused, time_.random.chance(300) ? time_.random.between(1s, 10s) : 0s);
      reply(subject);
    }
    return;
  }
  link& way = links_[one.node];
  const bool is_next = way.requests_to_refuse != 0;
  if (is_next) --way.requests_to_refuse;
  if (is_next || (way.refused != 0 && time_.random.chance(way.refused))) {
    answer(one, lease_outcome::refused, time_.random.between(1s, 10s));
  } else {
    carry_out(one);
  }
  reply(subject);
}

void network::carry_out(message& one) {
  if (one.request.operation == lease_operation::load) {
    answer(one, lease_outcome::done, {});
    one.response.sight = read(one.record);
    return;
  }
  const isat::election::lease_claim lease = traced(one.request.claim);
  const stored before = records_[one.record].now();
  if (!write(one)) {
    time_.trace.note({time_.now, trace_kind::conflict, one.node, {}, one.request.expected, lease, {}, one.record});
    return answer(one, lease_outcome::conflict, {});
  }
  answer(one, lease_outcome::done, {});
  const stored& after = records_[one.record].now();
  one.response.sight.at = after.sight.at;
  time_.trace.note({time_.now, trace_kind::written, one.node, {}, after.sight.at, lease, {}, one.record});
  observer_.on_written(one.node, one.record, before, after);
  tell_watches(one.record);
}

bool network::write(const message& one) {
  const any_request& asked = one.request;
  if (asked.operation == lease_operation::remove) return records_[one.record].swap_out(time_.now, asked.expected);
  return records_[one.record].swap(time_.now, asked.expected, asked.claim, one.face, true);
}

void network::answer(message& one, lease_outcome outcome, duration retry_after) {
  if (outcome == lease_outcome::refused) {
    time_.trace.note({time_.now, trace_kind::refused, one.node, {}, {}, {}, retry_after});
  }
  one.kind = message_kind::response;
  one.response = {one.request.id, outcome, {}, retry_after};
}

// A response that is lost may show as a broken connection, which tells the client that it will never know.
void network::reply(std::uint32_t subject) {
  message& one = messages_[subject];
  link& way = links_[one.node];
  instant from = time_.now;
  bool lost = way.lost != 0 && time_.random.chance(way.lost);
  if (from < way.responses_blocked) {
    lost = lost || time_.random.chance(500);
    from = way.responses_blocked;
  }
  duration after = delay(way.speed);
  if (one.request.operation == lease_operation::cas && way.responses_to_lose > 0) {
    --way.responses_to_lose;
    lost = true;
  } else if (one.request.operation == lease_operation::load && way.loads_to_delay > 0) {
    --way.loads_to_delay;
    after += way.loads_delayed_by;
  }
  // Of a request that was duplicated on its way only one answer comes back; seldom that of the copy.
  if (one.is_copy && !time_.random.chance(100)) lost = true;
  if (lost && (one.is_copy || time_.random.chance(700))) {
    free_.push_back(subject);
    return;
  }
  if (lost) one.response = {one.request.id, lease_outcome::unknown, {}, {}};
  time_.queue.push(from + after, event_kind::deliver, one.node, subject);
}

// ---- Watches ----

void network::tell(node_number node, const message& news) {
  link& way = links_[node];
  instant from = time_.now;
  if (from < way.watch_stalled || from < way.responses_blocked) {
    if (way.stall_drops) return;
    from = way.watch_stalled > way.responses_blocked ? way.watch_stalled : way.responses_blocked;
  }
  if (way.watch_skips != 0 && time_.random.chance(way.watch_skips)) return;
  instant at = from + delay(way.speed) + way.watch_lag;
  if (at < way.last_told && !(way.watch_reorders != 0 && time_.random.chance(way.watch_reorders))) at = way.last_told;
  if (at > way.last_told) way.last_told = at;
  time_.queue.push(at, event_kind::deliver, node, keep(news));
}

void network::tell(node_number node, record_number record, const any_sight& sight) {
  message news;
  news.kind = message_kind::sight;
  news.node = node;
  news.record = record;
  news.process = links_[node].process;
  news.response.sight = sight;
  tell(node, news);
}

void network::tell_watches(record_number record) {
  const any_sight is = read(record);
  for (node_number node = 0; node < links_.size(); ++node) {
    if (links_[node].process != 0) tell(node, record, is);
  }
}

// A listing is read by itself, and again until that succeeds: it is late at worst.
void network::list(node_number node) {
  link& way = links_[node];
  message end;
  end.kind = message_kind::listed;
  end.node = node;
  end.process = way.process;
  const instant unblocked = way.responses_blocked > way.requests_blocked ? way.responses_blocked : way.requests_blocked;
  const instant from = away_until_ > unblocked ? away_until_ : unblocked;
  const instant at = (from > time_.now ? from : time_.now) + delay(way.speed);
  for (record_number record = 0; record < records_.size(); ++record) {
    const bool lags = way.speed == pace::heavy;
    message news = end;
    news.kind = message_kind::sight;
    news.record = record;
    const stored& cached = records_[record].before(lags ? time_.random.below(3) : 0);
    news.response.sight = cached.since >= records_[record].restored() ? cached.sight : read(record);
    if (records_.size() == 1 || news.response.sight.exists) time_.queue.push(at, event_kind::deliver, node, keep(news));
  }
  time_.queue.push(at, event_kind::deliver, node, keep(end));
}

void network::begin_watch(node_number node, std::uint32_t process) {
  links_[node].process = process;
  links_[node].last_told = time_.now;
  list(node);
}

void network::lose_watch(node_number node) {
  link& way = links_[node];
  if (way.process == 0) return;
  message news;
  news.kind = message_kind::watch_lost;
  news.node = node;
  news.process = way.process;
  time_.queue.push(time_.now + delay(pace::busy), event_kind::deliver, node, keep(news));
  begin_watch(node, way.process);
}

void network::rewind_watch(node_number node) {
  if (links_[node].process == 0) return;
  const auto record = static_cast<record_number>(time_.random.below(records_.size()));
  const stored_record& told = records_[record];
  // Of a layout, what was before a change by hand may rightly be taken for a proof that the present one was put back.
  const instant from = is_layout(told.now().sight.claim) ? told.disturbed() : told.restored();
  for (std::uint64_t back = time_.random.below(8) + 1; back-- > 0;) {
    if (told.before(back).since >= from) tell(node, record, told.before(back).sight);
  }
}

// ---- The store ----

void network::begin_outage(outage_kind kind, instant until) noexcept {
  outage_ = kind;
  if (until > away_until_) away_until_ = until;
}

void network::end_outage(instant at) noexcept {
  if (at < away_until_) away_until_ = at;
}

any_sight network::read(record_number record) const noexcept {
  any_sight sight = records_[record].now().sight;
  sight.orphaned = sight.exists && is_dead(writer_of(sight.claim));
  return sight;
}

bool network::is_dead(std::uint64_t writer) const noexcept {
  for (const std::uint64_t each : dead_writers_) {
    if (each == writer) return true;
  }
  return false;
}

void network::process_died(std::uint64_t writer) {
  if (!proves_deaths_) return;
  dead_writers_.push_back(writer);
  for (record_number record = 0; record < records_.size(); ++record) {
    if (writer_of(records_[record].now().sight.claim) == writer) tell_watches(record);
  }
}

}  // namespace simulator
