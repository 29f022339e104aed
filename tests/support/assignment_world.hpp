// SPDX-License-Identifier: BSL-1.0

// A small cluster for assignment tables: Services with versions, records with compare-and-swap, and any number of
// tables that all believe to lead, each with a watch that lags as the test wants and requests that are performed,
// answered or lost when the test wants. Virtual time. After each write it checks what must hold always: no two Services
// have one address unless they share it. It can be told to break a promise that tables rely on.
#pragma once

#include "isat/election/lease_record.hpp"
#include "isat/kubernetes/service/assignment_table.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace isat::test {

/// A promise that is broken, to see that it is needed.
enum class broken_promise : std::uint8_t {
  none = 0,
  patch_at_any_version = 1,  ///< statuses are written without regard to resourceVersion
  blind_write = 2,           ///< records are written without regard to their version
  early_answer = 3,          ///< a claim is said to be written before it is: the patch comes first
  unconfirmed_free = 4,      ///< a Service is said to be gone without a look
  silent_touch = 5,          ///< a write that changes no claim changes no version either
};

/// The API server and its users.
class assignment_world {
 public:
  using assignee = kubernetes::assignee;
  using request = kubernetes::assignment_request;

  /// What a watch tells: the Service as it is from here on, or its name only when it is gone.
  struct event {
    kubernetes::object_name name;
    std::optional<assignee> now;
  };

  broken_promise broken{};
  std::map<kubernetes::object_name, assignee> services;
  std::map<std::string, election::entry> records;
  std::vector<event> events;
  std::string violation;  ///< the first one; empty: none

  // ---- Users ----

  assignee& create(const std::string& name, std::string wanted = {}, std::string sharing = {}, unsigned port = 80) {
    assignee made;
    made.service = {{"default", name}, "uid-" + std::to_string(++uids_)};
    made.load_balancer = true;
    made.wanted = std::move(wanted);
    made.sharing = std::move(sharing);
    made.ports = {{kubernetes::port_protocol::tcp, static_cast<std::uint16_t>(port)}};
    auto& kept = services[made.service.name] = std::move(made);
    changed(kept);
    return kept;
  }
  void remove(const std::string& name) {
    const kubernetes::object_name key{"default", name};
    if (services.erase(key) != 0) events.push_back({key, std::nullopt});
  }
  /// As the API server does it: with the type goes the status.
  void set_type(const std::string& name, bool load_balancer, std::string lb_class = {}) {
    assignee& of = at(name);
    of.load_balancer = load_balancer;
    of.lb_class = load_balancer ? std::move(lb_class) : std::string{};
    if (!load_balancer) of.addresses.clear();
    changed(of);
  }
  void set_wanted(const std::string& name, std::string wanted) {
    at(name).wanted = std::move(wanted);
    changed(at(name));
  }
  void set_status(const std::string& name, std::vector<ipv4_address> addresses) {
    at(name).addresses = std::move(addresses);
    changed(at(name));
  }
  bool has(const std::string& name) const { return services.contains({"default", name}); }
  assignee& at(const std::string& name) { return services.at({"default", name}); }
  void changed(assignee& of) {
    of.version = std::to_string(++versions_);
    events.push_back({of.service.name, of});
  }

  // ---- Requests ----

  struct answer {
    kubernetes::assignment_outcome outcome = kubernetes::assignment_outcome::done;
    election::entry record;
    std::vector<election::entry> records;
    std::optional<assignee> service;
  };

  answer perform(const request& asked) {
    using step = kubernetes::assignment_step;
    answer result;
    switch (asked.step) {
      case step::none:
        break;
      case step::list_records:
        for (const auto& [name, entry] : records) {
          if (name.starts_with(asked.record.name)) result.records.push_back(entry);
        }
        break;
      case step::load_record:
        result.record = record_of(asked.record.name);
        break;
      case step::write_record:
        write(asked.record, result);
        break;
      case step::write_status:
        patch(asked, result);
        break;
      case step::read_service:
        if (const auto found = services.find(asked.service.name);
            found != services.end() && broken != broken_promise::unconfirmed_free) {
          result.service = found->second;
        }
        break;
    }
    return result;
  }

  /// The addresses that Services have, those that are shared once.
  std::map<ipv4_address, int> given() const {
    std::map<ipv4_address, int> found;
    for (const auto& [name, service] : services) {
      for (const ipv4_address each : service.addresses) ++found[each];
    }
    return found;
  }

 private:
  election::entry record_of(const std::string& name) const {
    const auto found = records.find(name);
    return found != records.end() ? found->second : election::entry{name, {}, {}, false};
  }

  void write(const election::entry& next, answer& result) {
    election::entry& kept = records.try_emplace(next.name, record_of(next.name)).first->second;
    if (kept.at != next.at && broken != broken_promise::blind_write) {
      result.outcome = kubernetes::assignment_outcome::conflict;
    } else if (broken != broken_promise::silent_touch || !kept.value || kept.value->notes != next.value->notes) {
      kept.value = next.value;
      kept.at.incarnation = 1;
      ++kept.at.number;
    }
    result.record = kept;
  }

  void patch(const request& asked, answer& result) {
    const auto found = services.find(asked.service.name);
    const bool same = found != services.end() && found->second.service.uid == asked.service.uid &&
                      (found->second.version == asked.version || broken == broken_promise::patch_at_any_version);
    if (!same) {
      result.outcome = kubernetes::assignment_outcome::conflict;
      return;
    }
    found->second.addresses = asked.addresses;
    changed(found->second);
    check(found->second);
  }

  void check(const assignee& changed) {
    for (const auto& [name, other] : services) {
      if (name == changed.service.name || !violation.empty()) continue;
      for (const ipv4_address each : changed.addresses) {
        if (other.names(each) && !kubernetes::may_share(changed, other)) {
          violation = each.to_string() + " was given to " + name.name + " and to " + changed.service.name.name;
        }
      }
    }
  }

  std::uint64_t versions_ = 0;
  std::uint64_t uids_ = 0;
};

/// One assigner: its table, its watch and what it has sent.
class assignment_actor {
 public:
  using clock = std::chrono::steady_clock;

  struct flight {
    kubernetes::assignment_request asked;
    std::optional<assignment_world::answer> answer;  // performed
    bool given_up{};                                 // the table was told that it has failed
  };

  assignment_actor(assignment_world& world, kubernetes::assignment_settings settings)
      : world_{world}, settings_{std::move(settings)} {
    restart();
  }

  kubernetes::assignment_table& table() { return *table_; }
  std::vector<kubernetes::assignment_notice> notices;
  std::vector<flight> flights;

  /// Another process: it lists; what the one before has sent stays on its way.
  void restart() {
    for (flight& each : flights) each.given_up = true;
    settings_.seed += 1000;
    table_ = std::make_unique<kubernetes::assignment_table>(settings_);
    table_->begin_list();
    for (const auto& [name, service] : world_.services) table_->set(service);
    table_->end_list();
    seen_ = world_.events.size();
  }

  bool lags() const { return seen_ < world_.events.size(); }
  /// The watch tells what is next.
  void watch() {
    if (!lags()) return;
    const auto& event = world_.events[seen_++];
    event.now ? table_->set(*event.now) : table_->erase(event.name);
  }

  void collect(clock::time_point now) {
    while (auto request = table_->take_request(now)) {
      flights.push_back({std::move(*request), {}, false});
      if (world_.broken != broken_promise::early_answer ||
          flights.back().asked.step != kubernetes::assignment_step::write_record) {
        continue;
      }
      // Said to be done; it is done when it comes to it.
      const auto asked = flights.back().asked;
      flights.back().given_up = true;
      auto as_if = asked.record;
      as_if.at.incarnation = 1;
      ++as_if.at.number;
      table_->on_record(asked.id, now, kubernetes::assignment_outcome::done, as_if);
    }
    while (auto notice = table_->take_notice()) notices.push_back(std::move(*notice));
  }

  void perform(std::size_t which) {
    flight& of = flights[which];
    if (!of.answer) of.answer = world_.perform(of.asked);
  }
  /// Tells the table what became of it; nothing is known of what was not performed.
  void tell(std::size_t which, clock::time_point now, bool lost) {
    flight of = flights[which];
    if (!of.answer && !lost) return;
    if (of.answer) flights.erase(flights.begin() + static_cast<std::ptrdiff_t>(which));
    if (!of.answer) flights[which].given_up = true;
    if (of.given_up) return;
    using outcome = kubernetes::assignment_outcome;
    assignment_world::answer answer = of.answer.value_or(assignment_world::answer{});
    if (lost) answer = {outcome::failed, of.asked.record, {}, {}};
    switch (of.asked.step) {
      case kubernetes::assignment_step::none:
        break;
      case kubernetes::assignment_step::list_records:
        table_->on_records(of.asked.id, now, answer.outcome, answer.records);
        break;
      case kubernetes::assignment_step::load_record:
      case kubernetes::assignment_step::write_record:
        table_->on_record(of.asked.id, now, answer.outcome, answer.record);
        break;
      case kubernetes::assignment_step::write_status:
        table_->on_status(of.asked.id, now, answer.outcome);
        break;
      case kubernetes::assignment_step::read_service:
        table_->on_service(of.asked.id, now, answer.outcome, answer.service);
        break;
    }
  }

  /// A request of that kind is on its way, is performed and told. @return false: there is none
  bool does(kubernetes::assignment_step step, clock::time_point now) {
    collect(now);
    for (std::size_t i = 0; i < flights.size(); ++i) {
      if (flights[i].asked.step != step || flights[i].given_up) continue;
      perform(i);
      tell(i, now, false);
      collect(now);
      return true;
    }
    return false;
  }

  /// Everything is performed and told at once until there is nothing to do for a minute.
  void settle(clock::time_point& now) {
    const auto end = now + std::chrono::minutes{1};
    for (int rounds = 0; rounds < 100'000; ++rounds) {
      while (lags()) watch();
      collect(now);
      if (!flights.empty()) {
        perform(0);
        tell(0, now, false);
      } else if (!lags()) {
        const auto wait = table_->wake_in(now);
        if (now + std::min<std::chrono::nanoseconds>(wait, std::chrono::hours{1}) > end) return;
        now += std::max<std::chrono::nanoseconds>(wait, std::chrono::nanoseconds{1});
      }
    }
    FAIL("the table never comes to rest");
  }

 private:
  assignment_world& world_;
  kubernetes::assignment_settings settings_;
  std::unique_ptr<kubernetes::assignment_table> table_;
  std::size_t seen_ = 0;
};

}  // namespace isat::test
