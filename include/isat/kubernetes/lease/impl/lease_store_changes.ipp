// SPDX-License-Identifier: BSL-1.0

// How a lease_store lists Leases and tells of changes. Compiled into the library, or included by lease_store.hpp; never
// by itself.
#pragma once

#include "isat/complete_later.hpp"
#include "isat/kubernetes/detail/percent.hpp"
#include "isat/kubernetes/error.hpp"
#include "isat/kubernetes/lease/detail/lease_store_state.hpp"
#include "isat/kubernetes/watch/detail/list_page.hpp"
#include "isat/kubernetes/watch/reflector.hpp"

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/error.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace isat::inline v0::kubernetes {

// ---- List ----

ISAT_INLINE void lease_store::state::list(std::string prefix, handler<many_signature> done) {
  look_at_watch();
  next_page(std::make_shared<detail::lease_listing>(std::move(prefix), std::move(done)));
}

ISAT_INLINE void lease_store::state::next_page(const std::shared_ptr<detail::lease_listing>& run) {
  api_request request = request_for(method::get, "");
  request.target += options_.only.empty()
                        ? "?labelSelector=" + detail::percent_encoded(detail::record_label)
                        : "?fieldSelector=" + detail::percent_encoded("metadata.name=" + options_.only);
  request.target += "&limit=500";
  if (!run->next.empty()) request.target += "&continue=" + detail::percent_encoded(run->next);
  auto slot = asio::get_associated_cancellation_slot(run->done);
  auto answer = [this, self = shared_from_this(), run](error_code failed, const api_response& response) {
    if (!failed && !take_page(*run, response.body)) failed = error::malformed_answer;
    note(failed, response, "list", run->prefix + '*');
    if (!failed && !run->next.empty() && closed_) failed = asio::error::operation_aborted;
    if (!failed && !run->next.empty()) return next_page(run);
    if (failed) run->found.clear();
    complete_later(executor_, std::move(run->done), failed, std::move(run->found));
  };
  client_.async_request(std::move(request), asio::bind_cancellation_slot(slot, std::move(answer)));
}

ISAT_INLINE bool lease_store::state::take_page(detail::lease_listing& run, const std::string& body) {
  auto page = detail::read_page(body);
  if (page.items == nullptr) return false;
  for (const auto& item : *page.items) {
    auto lease = item.is_object() ? detail::read_lease(item.get_object()) : std::nullopt;
    if (!lease) continue;
    election::entry seen = take_in(std::move(*lease), false);
    if (seen.name.starts_with(run.prefix)) run.found.push_back(std::move(seen));
  }
  run.next = std::move(page.continue_token);
  return true;
}

// ---- Changes ----

ISAT_INLINE void lease_store::state::changes(std::string prefix, handler<many_signature> done) {
  if (!feed_) feed_.emplace(executor_, [this] { reflector_.reset(); });
  idle_.cancel();
  resting_ = false;
  feed_->wait(std::move(prefix), std::move(done));
  rest_unless_heard();  // it may have been told at once
  if (reflector_ || !feed_->is_waiting()) return;
  reflector_options what;
  what.path = path_;
  if (options_.only.empty()) {
    what.label_selector = detail::record_label;
  } else {
    what.field_selector = "metadata.name=" + options_.only;
  }
  progress_.begin();
  reflector_ = std::make_unique<reflector>(client_, std::move(what), *this);
  reflector_->async_run(asio::detached);
}

ISAT_INLINE void lease_store::state::on_object(object_change change, boost::json::object& object) {
  auto lease = detail::read_lease(object);
  if (!lease) return;
  const election::entry found = take_in(std::move(*lease), true);
  if (!feed_->wants(found.name)) return;
  if (change == object_change::deleted) {
    // Perhaps only its label has gone.
    told_.erase(found.name);
    return tell_gone(found.name);
  }
  told_.insert_or_assign(found.name, generation_);
  feed_->tell(found);
  rest_unless_heard();
}

ISAT_INLINE void lease_store::state::on_synced() {
  for (auto each = told_.begin(); each != told_.end();) {
    if (each->second == generation_) {
      ++each;
    } else {
      tell_gone(each->first);
      each = told_.erase(each);
    }
  }
}

ISAT_INLINE void lease_store::state::on_lost(error_code error, const std::string& message) {
  failures_.note(error, "cannot watch the Leases of " + options_.name_space + ": " +
                            (message.empty() ? error.message() : message));
  feed_->lose_all(error);
  rest_unless_heard();
}

// Whoever listens asks again as soon as he was told; for whoever does not, nothing is watched. What changes meanwhile
// puts that off no longer.
ISAT_INLINE void lease_store::state::rest_unless_heard() {
  if (feed_->is_waiting() || std::exchange(resting_, true)) return;
  idle_.expires_after(std::chrono::seconds{1});
  idle_.async_wait([weak = weak_from_this()](error_code cancelled) {
    const auto self = weak.lock();
    if (cancelled || !self) return;
    self->resting_ = false;
    if (self->feed_ && !self->feed_->is_waiting()) self->reflector_.reset();
  });
}

// Reads what seems to have gone, each once and not all at the same time, and tells what is there.
ISAT_INLINE void lease_store::state::tell_gone(const std::string& name) {
  gone_.insert(name);
  read_gone();
}

ISAT_INLINE void lease_store::state::read_gone() {
  while (gone_reads_ < gone_reads_max && !gone_.empty()) {
    const std::string name = std::move(gone_.extract(gone_.begin()).value());
    ++gone_reads_;
    load(name, [self = shared_from_this(), name](error_code failed, const election::entry& found) {
      --self->gone_reads_;
      if (!self->feed_) return;
      if (!failed && !found.value) self->known_.forget(name);
      failed ? self->feed_->lose(name, failed) : self->feed_->tell(found);
      self->rest_unless_heard();
      self->read_gone();
    });
  }
}

}  // namespace isat::inline v0::kubernetes
