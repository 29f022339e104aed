// SPDX-License-Identifier: BSL-1.0

// The bodies of event_recorder.hpp. Compiled into the library, or included by that header; never by itself.
#pragma once

#include "isat/kubernetes/error.hpp"
#include "isat/kubernetes/service/detail/event_object.hpp"
#include "isat/kubernetes/service/event_recorder.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <chrono>
#include <deque>
#include <set>
#include <string>
#include <utility>

namespace isat::inline v0::kubernetes {

// One Event is on its way at a time; what follows it waits for its answer, and for its turn by the rate.
class event_recorder::state : public std::enable_shared_from_this<state> {
 public:
  state(api_client& client, event_recorder_options options)
      : client_{client}, options_{std::move(options)}, turn_{client.get_executor()} {}

  void record(service_event fact) {
    auto& queue = fact.type == event_type::warning ? warnings_ : others_;
    queue.push_back(std::move(fact));
    if (waiting() > std::max<std::size_t>(options_.queue_max, 1)) {
      (others_.empty() ? warnings_ : others_).pop_front();
      ++counters_.forgotten;
    }
    if (!busy_) wait_for_turn();
  }

  void close() noexcept {
    closed_ = true;
    warnings_.clear();
    others_.clear();
    turn_.cancel();
  }

  const event_counters& counters() const noexcept { return counters_; }
  std::size_t waiting() const noexcept { return warnings_.size() + others_.size(); }

 private:
  using clock = std::chrono::steady_clock;

  void wait_for_turn() {
    busy_ = true;
    turn_.expires_at(next_);
    turn_.async_wait([weak = weak_from_this()](error_code cancelled) {
      const auto self = weak.lock();
      if (!cancelled && self && !self->closed_) self->send();
    });
  }

  void send() {
    while (waiting() > 0) {
      auto& queue = warnings_.empty() ? others_ : warnings_;
      const service_event fact = std::move(queue.front());
      queue.pop_front();
      const auto now = std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now());
      const std::string name = detail::event_name(fact, options_.window, now);
      if (told_already(name, now)) continue;
      return send(fact, name, now);
    }
    busy_ = false;
  }

  void send(const service_event& fact, const std::string& name, micro_time now) {
    api_request request;
    request.method = method::post;
    request.target = "/apis/events.k8s.io/v1/namespaces/" + fact.service.name.name_space + "/events";
    request.body = boost::json::serialize(detail::make_event(fact, options_, name, now));
    request.subject = name;
    request.timeout = options_.timeout;
    next_ = clock::now() + std::chrono::nanoseconds{std::chrono::seconds{1}} / std::max(options_.rate, 1U);
    client_.async_request(std::move(request),
                          [weak = weak_from_this(), name](error_code failed, const api_response& response) {
                            const auto self = weak.lock();
                            if (self && !self->closed_) self->on_answer(name, failed, response);
                          });
  }

  void on_answer(const std::string& name, error_code failed, const api_response& response) {
    const bool repeats = failed == error::already_exists;
    if (repeats || !failed) {
      ++(repeats ? counters_.repeated : counters_.told);
      if (told_.size() < told_max) told_.insert(name);
      failure_ = {};
    } else {
      ++counters_.failed;
    }
    // Before anybody is told: he may record something.
    waiting() == 0 ? void(busy_ = false) : wait_for_turn();
    if (repeats || !failed || std::exchange(failure_, failed) == failed || !options_.on_failure) return;
    options_.on_failure(failed,
                        "cannot write Events: " + (response.message.empty() ? failed.message() : response.message));
  }

  // Spares the server what is known to be refused.
  bool told_already(const std::string& name, micro_time now) {
    const auto window = now.time_since_epoch() / std::max(options_.window, std::chrono::seconds{1});
    if (std::exchange(window_, window) != window) told_.clear();
    const bool already = told_.contains(name);
    if (already) ++counters_.repeated;
    return already;
  }

  static constexpr std::size_t told_max = 4096;

  api_client& client_;
  event_recorder_options options_;
  asio::steady_timer turn_;
  clock::time_point next_;              // when the rate allows the next one
  std::deque<service_event> warnings_;  // go before the others, and are forgotten after them
  std::deque<service_event> others_;
  std::set<std::string> told_;  // names, of this window
  std::int64_t window_ = 0;
  event_counters counters_;
  error_code failure_;
  bool busy_ = false;  // waits for its turn or for an answer
  bool closed_ = false;
};

ISAT_INLINE event_recorder::event_recorder(api_client& client, event_recorder_options options)
    : state_{std::make_shared<state>(client, std::move(options))} {}

ISAT_INLINE event_recorder::~event_recorder() { state_->close(); }

ISAT_INLINE void event_recorder::record(service_event fact) { state_->record(std::move(fact)); }

ISAT_INLINE const event_counters& event_recorder::counters() const noexcept { return state_->counters(); }

ISAT_INLINE std::size_t event_recorder::waiting() const noexcept { return state_->waiting(); }

}  // namespace isat::inline v0::kubernetes
