// SPDX-License-Identifier: BSL-1.0

// The bodies of lease_store.hpp, and how one Lease is read and written. Compiled into the library, or included by that
// header; never by itself.
#pragma once

#include "isat/complete_later.hpp"
#include "isat/detail/random_number.hpp"
#include "isat/kubernetes/detail/parse_options.hpp"
#include "isat/kubernetes/error.hpp"
#include "isat/kubernetes/lease/detail/lease_object.hpp"
#include "isat/kubernetes/lease/detail/lease_store_state.hpp"
#include "isat/kubernetes/lease/lease_store.hpp"

#include <boost/asio/error.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <fstream>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace isat::inline v0::kubernetes {

namespace detail {

// What tells the processes of one node name apart: the boot of the host and a random number.
inline std::string new_identity() {
  std::string boot;
  std::getline(std::ifstream{"/proc/sys/kernel/random/boot_id"}, boot);
  boot.resize(std::min<std::size_t>(boot.size(), 8));
  return (boot.empty() ? "0" : boot) + '_' + isat::detail::hex_text(isat::detail::random_number());
}

// The Lease that a server has sent by itself; none: it is none.
inline std::optional<lease_object> read_answer(const std::string& body) {
  error_code error;
  const boost::json::value parsed = boost::json::parse(body, error, {}, object_parse_options());
  return error || !parsed.is_object() ? std::nullopt : read_lease(parsed.get_object());
}

}  // namespace detail

// ---- Requests ----

ISAT_INLINE lease_store::state::state(api_client& client, lease_store_options options)
    : client_{client},
      executor_{client.get_executor()},
      options_{std::move(options)},
      identity_{detail::new_identity()},
      path_{"/apis/coordination.k8s.io/v1/namespaces/" + options_.name_space + "/leases"},
      idle_{executor_} {}

ISAT_INLINE api_request lease_store::state::request_for(method how, const std::string& name) const {
  api_request request;
  request.method = how;
  request.target = name.empty() ? path_ : path_ + '/' + name;
  request.timeout = options_.timeout;
  if (how != method::get) {
    request.urgency = urgency::urgent;
    // A write that may have been done is unknown to whoever asked for it: a copy's conflict would be taken for
    // another's.
    request.repeatable = false;
  }
  return request;
}

ISAT_INLINE election::entry lease_store::state::take_in(detail::lease_object seen, bool by_watch) {
  election::entry found = seen.found;
  if (by_watch) {
    progress_.told(found.at.number);
  } else if (options_.only.empty() ? seen.labelled : found.name == options_.only) {
    progress_.owes(found.at.number, clock::now());
  }
  known_.learn(std::move(seen));
  return found;
}

// Keeps what people want to know of a failure, and what the server asks for.
ISAT_INLINE void lease_store::state::note(error_code error, const api_response& response, std::string_view action,
                                          const std::string& name) {
  if (!error || error == asio::error::operation_aborted) return;
  std::string text = std::string{"cannot "}.append(action).append(" the Lease ");
  text += options_.name_space + '/' + name + ": ";
  text += response.message.empty() ? error.message() : response.message;
  failures_.note(error, std::move(text));
  if (response.retry_after <= std::chrono::seconds{0}) return;
  asked_until_ = std::max(asked_until_, clock::now() + std::min(response.retry_after, asked_pause_max));
}

ISAT_INLINE void lease_store::state::look_at_watch() {
  if (reflector_ && progress_.is_dead(clock::now())) reflector_->restart();
}

// Writes that are on their way may make it again.
ISAT_INLINE void lease_store::state::note_gone(const std::string& name) {
  if (!writing_.contains(name)) written_.erase(name);
}

// ---- Load ----

ISAT_INLINE void lease_store::state::load(std::string name, one_handler done) {
  if (!is_usable(name)) {
    election::entry asked{std::move(name), {}, {}, false};
    return complete_later(executor_, std::move(done), error_code{error::unusable_name}, std::move(asked));
  }
  look_at_watch();
  api_request request = request_for(method::get, name);
  // Whoever writes a record reads it to find out what became of that.
  if (written_.contains(name)) request.urgency = urgency::urgent;
  send(std::move(request), done,
       [this, name = std::move(name)](error_code failed, const api_response& response, one_handler told) {
         election::entry found{name, {}, {}, false};
         auto seen = failed ? std::nullopt : detail::read_answer(response.body);
         if (seen) {
           found = take_in(std::move(*seen), false);
         } else if (!failed) {
           failed = error::malformed_answer;
         } else if (failed == error::not_found) {
           failed = {};
           note_gone(name);
         }
         note(failed, response, "read", name);
         complete_later(executor_, std::move(told), failed, std::move(found));
       });
}

// ---- Compare and swap ----

ISAT_INLINE void lease_store::state::cas(election::entry next, one_handler done) {
  if (!is_usable(next.name) || !detail::can_be_written(next)) {
    return complete_later(executor_, std::move(done), error_code{error::unusable_name}, std::move(next));
  }
  look_at_watch();
  if (next.at == election::version{}) return create(std::move(next), std::move(done));
  const detail::lease_object* before = known_.find(next.name, next.at.incarnation);
  // With a version goes the metadata of that very version, or what others have written since would come back.
  if (before == nullptr || before->found.at != next.at) return read_and_replace(std::move(next), std::move(done));
  replace(std::move(next), *before, std::move(done));
}

ISAT_INLINE void lease_store::state::create(election::entry next, one_handler done) {
  if (!next.value) return remove_nothing(std::move(next), std::move(done));
  api_request request = request_for(method::post, "");
  request.body = lease_text(next, nullptr);
  write(std::move(next), std::move(request), std::move(done));
}

ISAT_INLINE void lease_store::state::replace(election::entry next, const detail::lease_object& before,
                                             one_handler done) {
  api_request request = request_for(next.value ? method::put : method::remove, next.name);
  if (next.value) {
    request.body = lease_text(next, &before);
  } else {
    const boost::json::object guard{{"uid", before.uid}, {"resourceVersion", std::to_string(next.at.number)}};
    request.body = boost::json::serialize(
        boost::json::object{{"apiVersion", "v1"}, {"kind", "DeleteOptions"}, {"preconditions", guard}});
  }
  write(std::move(next), std::move(request), std::move(done));
}

ISAT_INLINE std::string lease_store::state::lease_text(const election::entry& next,
                                                       const detail::lease_object* before) {
  const auto wall = std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now());
  const micro_time now = dates_.next(wall, clock::now().time_since_epoch());
  return boost::json::serialize(detail::make_lease(next, {options_.name_space, identity_, now, before}));
}

// Of a version that this store has not seen or has forgotten, or that lies before what it knows, as after a restored
// backup: reads what is there now, which alone can be replaced.
ISAT_INLINE void lease_store::state::read_and_replace(election::entry next, one_handler done) {
  auto request = request_for(method::get, next.name);
  request.urgency = urgency::urgent;
  request.elsewhere = writing_.contains(next.name);
  const election::version before = known_.version_of(next.name, next.at.incarnation);
  send(std::move(request), done,
       [this, before, next = std::move(next)](error_code failed, const api_response& response,
                                              one_handler told) mutable {
         const auto seen = failed ? std::nullopt : detail::read_answer(response.body);
         if (closed_)
           return complete_later(executor_, std::move(told), asio::error::operation_aborted, std::move(next));
         if (seen && seen->found.at == next.at) {
           known_.correct(*seen, before);
           return replace(std::move(next), *seen, std::move(told));
         }
         if (seen) take_in(*seen, false);
         if (!failed && !seen) failed = error::malformed_answer;
         if (!failed || failed == error::not_found) {
           failed = isat::error::version_conflict;
         } else {
           note(failed, response, "read", next.name);
         }
         complete_later(executor_, std::move(told), failed, std::move(next));
       });
}

ISAT_INLINE void lease_store::state::write(election::entry next, api_request request, one_handler done) {
  // What is written while a copy of it is on its way had better go elsewhere.
  request.elsewhere = writing_[next.name]++ > 0;
  request.subject = next.name;
  written_.insert(next.name);
  send(std::move(request), done,
       [this, next = std::move(next)](error_code failed, const api_response& response, one_handler told) mutable {
         if (const auto writing = writing_.find(next.name); --writing->second == 0) writing_.erase(writing);
         const bool is_conflict = failed == error::conflict || failed == error::already_exists ||
                                  (failed == error::not_found && next.at != election::version{});
         auto seen = failed || !next.value ? std::nullopt : detail::read_answer(response.body);
         if (is_conflict) {
           failed = isat::error::version_conflict;
         } else if (seen) {
           const election::version before = std::exchange(next.at, seen->found.at);
           known_.correct(*seen, before);
           take_in(std::move(*seen), false);
         } else if (!failed && !next.value) {
           next.at = {};
           note_gone(next.name);
         } else {
           if (!failed) failed = error::malformed_answer;
           note(failed, response, next.value ? "write" : "remove", next.name);
         }
         complete_later(executor_, std::move(told), failed, std::move(next));
       });
}

// To remove what is not there is done if it is not there.
ISAT_INLINE void lease_store::state::remove_nothing(election::entry next, one_handler done) {
  api_request request = request_for(method::get, next.name);
  send(std::move(request), done,
       [this, next = std::move(next)](error_code failed, const api_response& response, one_handler told) mutable {
         note(failed == error::not_found ? error_code{} : failed, response, "read", next.name);
         if (!failed) failed = isat::error::version_conflict;
         if (failed == error::not_found) failed = {};
         complete_later(executor_, std::move(told), failed, std::move(next));
       });
}

// ---- The store itself ----

ISAT_INLINE lease_store::lease_store(api_client& client, lease_store_options options)
    : state_{std::make_shared<state>(client, std::move(options))} {}

ISAT_INLINE lease_store::~lease_store() { state_->close(); }

ISAT_INLINE asio::any_io_executor lease_store::get_executor() noexcept { return state_->executor(); }

ISAT_INLINE const std::string& lease_store::failure() const noexcept { return state_->failures().latest(); }

ISAT_INLINE const std::string& lease_store::failure(const error_code& error) const noexcept {
  return state_->failures().of(error);
}

ISAT_INLINE std::chrono::nanoseconds lease_store::asked_pause() const noexcept { return state_->asked_pause(); }

ISAT_INLINE void lease_store::do_load(std::string name, handler<one_signature> done) {
  state_->load(std::move(name), std::move(done));
}

ISAT_INLINE void lease_store::do_cas(election::entry next, handler<one_signature> done) {
  state_->cas(std::move(next), std::move(done));
}

ISAT_INLINE void lease_store::do_list(std::string prefix, handler<many_signature> done) {
  state_->list(std::move(prefix), std::move(done));
}

ISAT_INLINE void lease_store::do_changes(std::string prefix, handler<many_signature> done) {
  state_->changes(std::move(prefix), std::move(done));
}

}  // namespace isat::inline v0::kubernetes
