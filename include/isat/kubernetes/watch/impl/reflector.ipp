// SPDX-License-Identifier: BSL-1.0

// The bodies of reflector.hpp. Compiled into the library, or included by that header; never by itself.
#pragma once

#include "isat/detail/random_number.hpp"
#include "isat/kubernetes/error.hpp"
#include "isat/kubernetes/watch/detail/list_page.hpp"
#include "isat/kubernetes/watch/reflector.hpp"
#include "isat/kubernetes/watch/watch_decoder.hpp"
#include "isat/kubernetes/watch/watch_machine.hpp"
#include "isat/pending_operation.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <cstddef>
#include <optional>
#include <string_view>
#include <utility>

namespace isat::inline v0::kubernetes {

namespace detail {

ISAT_INLINE watch_settings watch_settings_of(const reflector_options& options) {
  watch_settings settings;
  settings.path = options.path;
  settings.label_selector = options.label_selector;
  settings.field_selector = options.field_selector;
  settings.page = options.page;
  settings.page_octets = options.page_octets;
  settings.watch_timeout = options.watch_timeout;
  settings.pause_longest = options.pause_longest;
  settings.seed = isat::detail::random_number();
  return settings;
}

ISAT_INLINE watch_end watch_end_of(error_code error, api_response& response) {
  return {error, response.status, std::move(response.message), response.retry_after};
}

ISAT_INLINE object_change change_of(watch_event_type type) noexcept {
  switch (type) {
    case watch_event_type::added:
      return object_change::added;
    case watch_event_type::modified:
      return object_change::modified;
    case watch_event_type::deleted:
      return object_change::deleted;
    case watch_event_type::none:
    case watch_event_type::bookmark:
    case watch_event_type::error:
      break;
  }
  return object_change::none;
}

}  // namespace detail

/// The driver of watch_machine: after each input, settle() does what the machine wants.
class reflector::state {
 public:
  state(api_client& client, reflector_options options, reflector_listener& listener)
      : client_{client},
        options_{std::move(options)},
        listener_{listener},
        machine_{detail::watch_settings_of(options_)},
        timer_{client.get_executor()},
        run_{client.get_executor()},
        when_back_{client.when_back([this] { on_outage_over(); })} {}
  state(const state&) = delete;
  state& operator=(const state&) = delete;
  ~state() { drop_request(); }

  void start(handler<run_signature> done) {
    run_.store(std::move(done), [this] { stop(); });
    machine_.start(now());
    settle();
  }

  void restart() {
    if (run_.empty()) return;
    machine_.restart(now());
    wake_at(now());  // whoever calls may be the listener, in the middle of something
  }

 private:
  /// In the middle of somebody's request.
  void on_outage_over() {
    if (run_.empty()) return;
    const auto at = now();
    machine_.on_outage_over(at);
    wake_at(at + std::chrono::ceil<std::chrono::steady_clock::duration>(machine_.wake_in(at)));
  }

  static watch_machine::time_point now() noexcept { return std::chrono::steady_clock::now(); }

  /// The one place where a run ends.
  void stop() {
    timer_.cancel();
    wake_.reset();
    drop_request();
    run_.complete(asio::error::operation_aborted);
  }

  void settle() {
    if (!tell_notices()) return;
    if (running_ != machine_.request_id()) drop_request();
    if (const auto request = machine_.take_request()) send(*request);
    const auto at = now();
    wake_at(at + std::chrono::ceil<std::chrono::steady_clock::duration>(machine_.wake_in(at)));
  }

  /// @return false if that ended the run
  bool tell_notices() {
    while (!run_.empty()) {
      const auto notice = machine_.take_notice();
      if (!notice) return true;
      switch (notice->kind) {
        case watch_notice_kind::listing:
          listener_.on_listing();
          break;
        case watch_notice_kind::synced:
          listener_.on_synced();
          break;
        case watch_notice_kind::lost:
          listener_.on_lost(notice->error, notice->message);
          break;
        case watch_notice_kind::none:
          break;
      }
    }
    return false;
  }

  void wake_at(watch_machine::time_point at) {
    if (wake_ && *wake_ <= at) return;  // wakes early, to no harm
    wake_ = at;
    timer_.expires_at(at);
    timer_.async_wait(run_.while_pending([this](error_code error) {
      if (error == asio::error::operation_aborted) return;
      wake_.reset();
      machine_.tick(now());
      settle();
    }));
  }

  // ---- Requests ----

  void send(const watch_request& request) {
    running_ = request.id;
    stop_request_ = std::make_shared<asio::cancellation_signal>();
    api_request what;
    what.target = request.target;
    what.accept = options_.accept;
    what.elsewhere = request.elsewhere;
    what.timeout = request.timeout;
    if (request.answer_max != 0) what.answer_max = request.answer_max;
    if (!request.watch) {
      auto done = [this, id = request.id, stop = stop_request_](error_code error, api_response response) {
        if (is_current(id)) on_list(id, error, response);
      };
      client_.async_request(std::move(what),
                            asio::bind_cancellation_slot(stop_request_->slot(), run_.while_pending(std::move(done))));
      return;
    }
    decoder_.emplace(options_.event_max);
    auto on_piece = [this, id = request.id](std::string_view piece) {
      if (is_current(id)) on_octets(id, piece);
    };
    auto done = [this, id = request.id, stop = stop_request_](error_code error, api_response response) {
      if (!is_current(id)) return;
      machine_.on_watch_ended(now(), detail::watch_end_of(error, response));
      settle();
    };
    client_.async_stream(std::move(what), run_.while_pending(std::move(on_piece)),
                         asio::bind_cancellation_slot(stop_request_->slot(), run_.while_pending(std::move(done))));
  }

  void drop_request() {
    running_ = 0;
    if (const auto stop = std::exchange(stop_request_, nullptr)) stop->emit(asio::cancellation_type::terminal);
  }

  /// True as long as the run goes on and its machine does not want another request.
  bool is_current(std::uint64_t id) const noexcept { return !run_.empty() && machine_.request_id() == id; }

  void on_list(std::uint64_t id, error_code error, api_response& response) {
    if (error) {
      machine_.on_list_failed(now(), detail::watch_end_of(error, response));
      return settle();
    }
    auto page = detail::read_page(response.body);
    const std::size_t octets = std::exchange(response.body, {}).size();
    if (page.items == nullptr) {
      machine_.on_list_failed(now(), {error::malformed_answer, response.status, "the list cannot be read", {}});
      return settle();
    }
    if (!machine_.on_page(now(), page.version, std::move(page.continue_token), octets)) return settle();
    if (!tell_notices()) return;
    for (auto& item : *page.items) {
      if (!is_current(id)) return;
      if (auto* const object = item.if_object()) listener_.on_object(object_change::listed, *object);
    }
    if (is_current(id)) machine_.on_page_told(now());
    settle();
  }

  void on_octets(std::uint64_t id, std::string_view piece) {
    machine_.on_opened(now());
    while (is_current(id)) {
      switch (decoder_->next(piece)) {
        case watch_step::none:
        case watch_step::more:
          return settle();
        case watch_step::failed:
          machine_.on_broken_stream(now(), decoder_->error());
          break;
        case watch_step::event:
          on_event(id);
          break;
      }
    }
    settle();
  }

  void on_event(std::uint64_t id) {
    if (decoder_->type() == watch_event_type::error) return machine_.on_error_event(now(), decoder_->status());
    if (!machine_.on_event(now(), decoder_->type(), decoder_->version())) return;
    if (tell_notices() && is_current(id)) listener_.on_object(detail::change_of(decoder_->type()), decoder_->object());
  }

  api_client& client_;
  reflector_options options_;
  reflector_listener& listener_;
  watch_machine machine_;
  std::optional<watch_decoder> decoder_;  // of the watch that runs
  std::uint64_t running_ = 0;             // the id of the request that was sent last
  std::shared_ptr<asio::cancellation_signal> stop_request_;
  asio::steady_timer timer_;
  std::optional<watch_machine::time_point> wake_;  // when the timer expires
  pending_operation<run_signature> run_;
  std::shared_ptr<void> when_back_;
};

ISAT_INLINE reflector::reflector(api_client& client, reflector_options options, reflector_listener& listener)
    : state_{std::make_shared<state>(client, std::move(options), listener)} {}

ISAT_INLINE reflector::~reflector() = default;

ISAT_INLINE void reflector::start(handler<run_signature> done) { state_->start(std::move(done)); }

ISAT_INLINE void reflector::restart() { state_->restart(); }

}  // namespace isat::inline v0::kubernetes
