// SPDX-License-Identifier: BSL-1.0

// The bodies of detail/assigner_work.hpp. Compiled into the library, or included by that header; never by itself.
#pragma once

#include "isat/detail/random_number.hpp"
#include "isat/kubernetes/detail/parse_options.hpp"
#include "isat/kubernetes/error.hpp"
#include "isat/kubernetes/service/detail/assigner_work.hpp"
#include "isat/kubernetes/service/detail/object_facts.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>

#include <optional>
#include <utility>
#include <vector>

namespace isat::inline v0::kubernetes::detail {

inline assignment_settings settings_of(const assigner_options& options) {
  assignment_settings settings;
  settings.pool = options.pool;
  settings.prefix = options.prefix;
  settings.lb_class = options.lb_class;
  settings.seed = isat::detail::random_number();
  settings.in_use = options.in_use;
  return settings;
}

inline std::string path_of(const object_name& service) {
  return "/api/v1/namespaces/" + service.name_space + "/services/" + service.name;
}

inline std::string status_patch_of(const assignment_request& request) {
  boost::json::array ingress;
  for (const ipv4_address each : request.addresses) ingress.emplace_back(boost::json::object{{"ip", each.to_string()}});
  // Whoever thaws after another has gone on must not write: the guard is the version, the uid is for the case that the
  // name has been given to another Service.
  boost::json::object guard{{"uid", request.service.uid}, {"resourceVersion", request.version}};
  boost::json::object balancer{{"ingress", std::move(ingress)}};
  boost::json::object status{{"loadBalancer", std::move(balancer)}};
  return boost::json::serialize(boost::json::object{{"metadata", std::move(guard)}, {"status", std::move(status)}});
}

inline std::optional<assignee> read_assignee_text(const std::string& body) {
  error_code error;
  const boost::json::value parsed = boost::json::parse(body, error, {}, object_parse_options());
  return error || !parsed.is_object() ? std::nullopt : kubernetes::read_assignee(parsed.get_object());
}

// ---- Beginning and end ----

ISAT_INLINE assigner_work::assigner_work(api_client& client, election::lease_store& store,
                                         const assigner_options& options, std::function<bool()> leads)
    : client_{client},
      store_{store},
      options_{options},
      leads_{std::move(leads)},
      table_{settings_of(options)},
      timer_{client.get_executor()} {}

ISAT_INLINE void assigner_work::begin() {
  reflector_options what;
  what.path = "/api/v1/services";
  what.page = options_.page;
  reflector_ = std::make_unique<reflector>(client_, std::move(what), *this);
  reflector_->async_run(asio::bind_cancellation_slot(stop_.slot(), [](error_code) {}));
  settle();
}

ISAT_INLINE void assigner_work::end() {
  if (std::exchange(ended_, true)) return;
  stop_.emit(asio::cancellation_type::terminal);
  timer_.cancel();
  // It may be the reflector that called whoever ends this.
  asio::post(client_.get_executor(), [self = shared_from_this()] {});
}

// ---- Services ----

ISAT_INLINE void assigner_work::on_object(object_change change, boost::json::object& object) {
  if (ended_) return;
  if (change == object_change::deleted) {
    if (const auto name = read_name(object)) table_.erase(*name);
  } else if (auto service = kubernetes::read_assignee(object)) {
    table_.set(std::move(*service));
  }
  // A list is better looked at as a whole; until the first one is, nothing is done anyway.
  if (change != object_change::listed) settle();
}

ISAT_INLINE void assigner_work::on_synced() {
  if (ended_) return;
  table_.end_list();
  report(assigner_task::follow_services, {}, {}, {});
  settle();
}

ISAT_INLINE void assigner_work::on_lost(error_code lost, const std::string& message) {
  // That a watch has to begin anew now and then is no trouble.
  if (ended_ || lost == error::expired) return;
  report(assigner_task::follow_services, lost, "follow the Services", message);
}

// ---- Requests ----

ISAT_INLINE void assigner_work::settle() {
  if (ended_ || std::exchange(settling_, true)) return;
  const auto self = shared_from_this();  // whoever is told may end this
  while (!ended_) {
    const auto request = table_.take_request(clock::now());
    tell_notices();
    if (!request || ended_) break;
    send(*request);
  }
  settling_ = false;
  if (!ended_) wake_later();
}

ISAT_INLINE void assigner_work::tell_notices() {
  while (const auto notice = table_.take_notice()) {
    if (options_.on_notice) options_.on_notice(*notice);
    if (ended_) return;
  }
}

ISAT_INLINE void assigner_work::wake_later() {
  const auto wait = table_.wake_in(clock::now());
  if (wait == std::chrono::nanoseconds::max()) {
    timer_.cancel();
    return;
  }
  timer_.expires_after(std::chrono::ceil<clock::duration>(wait));
  timer_.async_wait([weak = weak_from_this()](error_code cancelled) {
    const auto self = weak.lock();
    if (!cancelled && self) self->settle();
  });
}

ISAT_INLINE void assigner_work::send(const assignment_request& request) {
  const bool writes = request.step == assignment_step::write_record || request.step == assignment_step::write_status;
  // Whose leadership has ended is told so soon; until then nothing is sent, and nothing will be.
  if (writes && !leads_()) return end();
  switch (request.step) {
    case assignment_step::none:
      return;
    case assignment_step::list_records:
      return list_records(request);
    case assignment_step::load_record:
      return load_record(request);
    case assignment_step::write_record:
      return write_record(request);
    case assignment_step::write_status:
      return write_status(request);
    case assignment_step::read_service:
      return read_service(request);
  }
}

ISAT_INLINE void assigner_work::list_records(const assignment_request& request) {
  auto done = [id = request.id](assigner_work& self, error_code error, const std::vector<election::entry>& records) {
    self.report(assigner_task::keep_claims, error, "read the claims on the pool", {});
    const auto outcome = error ? assignment_outcome::failed : assignment_outcome::done;
    self.table_.on_records(id, clock::now(), outcome, records);
  };
  store_.async_list(request.record.name, unless_ended(std::move(done)));
}

ISAT_INLINE void assigner_work::load_record(const assignment_request& request) {
  auto done = [id = request.id](assigner_work& self, error_code error, const election::entry& record) {
    self.report(assigner_task::keep_claims, error, "read the claims on the pool", {});
    const auto outcome = error ? assignment_outcome::failed : assignment_outcome::done;
    self.table_.on_record(id, clock::now(), outcome, record);
  };
  store_.async_load(request.record.name, unless_ended(std::move(done)));
}

ISAT_INLINE void assigner_work::write_record(const assignment_request& request) {
  auto done = [id = request.id](assigner_work& self, error_code error, const election::entry& record) {
    auto outcome = error ? assignment_outcome::failed : assignment_outcome::done;
    if (error == isat::error::version_conflict) outcome = assignment_outcome::conflict;
    const bool fails = outcome == assignment_outcome::failed;
    self.report(assigner_task::keep_claims, fails ? error : error_code{}, "write the claims on the pool", {});
    self.table_.on_record(id, clock::now(), outcome, record);
  };
  store_.async_cas(request.record, unless_ended(std::move(done)));
}

ISAT_INLINE void assigner_work::write_status(const assignment_request& request) {
  api_request what;
  what.method = method::patch;
  what.target = path_of(request.service.name) + "/status";
  what.content_type = "application/merge-patch+json";
  what.body = status_patch_of(request);
  auto done = [id = request.id](assigner_work& self, error_code error, const api_response& response) {
    auto outcome = error ? assignment_outcome::failed : assignment_outcome::done;
    if (error == error::conflict || error == error::not_found) outcome = assignment_outcome::conflict;
    const bool fails = outcome == assignment_outcome::failed;
    self.report(assigner_task::write_status, fails ? error : error_code{}, "write the status of a Service",
                response.message);
    self.table_.on_status(id, clock::now(), outcome);
  };
  client_.async_request(std::move(what), unless_ended(std::move(done)));
}

ISAT_INLINE void assigner_work::read_service(const assignment_request& request) {
  api_request what;
  what.target = path_of(request.service.name);
  auto done = [id = request.id](assigner_work& self, error_code error, const api_response& response) {
    std::optional<assignee> found;
    if (!error) found = read_assignee_text(response.body);
    if (!error && !found) error = error::malformed_answer;
    if (error == error::not_found) error = {};
    self.report(assigner_task::read_service, error, "read a Service", response.message);
    const auto outcome = error ? assignment_outcome::failed : assignment_outcome::done;
    self.table_.on_service(id, clock::now(), outcome, std::move(found));
  };
  client_.async_request(std::move(what), unless_ended(std::move(done)));
}

ISAT_INLINE void assigner_work::report(assigner_task task, const error_code& error, std::string_view action,
                                       const std::string& words) {
  error_code& last = failures_[static_cast<std::size_t>(task)];
  if (std::exchange(last, error) == error || !options_.on_notice) return;
  if (!error) return options_.on_notice(assigner_recovery{task});
  const std::string& why = words.empty() ? error.message() : words;
  options_.on_notice(assigner_trouble{task, error, "cannot " + std::string{action} + ": " + why});
}

}  // namespace isat::inline v0::kubernetes::detail
