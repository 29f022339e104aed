// SPDX-License-Identifier: BSL-1.0

// The bodies of store_driver.hpp, in the order of its declarations. Included by that header, never by itself.
#pragma once

#include "isat/detail/random_number.hpp"
#include "isat/election/store_driver.hpp"

#include <algorithm>

namespace isat::inline v0::election {

template <class Election>
void store_driver<Election>::run(Election election, leadership_table& table, handler<run_signature> done) {
  run_.store(std::move(done), [this] { stop(); });
  stop_by_.reset();
  followed_.reset();
  told_layout_.reset();
  name_taken_ = false;
  relisting_ = false;
  health_ = store_health{detail::random_number()};
  auto start = run_.while_pending([this, &table, election = std::move(election)]() mutable {
    election_.emplace(std::move(election));
    table_ = &table;
    const lease_time now = lease_clock::now();
    for (const auto& [group, willing] : std::map{wanted_}) {
      if (options_.groups != nullptr) options_.groups->use(group);
      election_->set_candidate(now, group, willing);
    }
    watch();
    list();
    step();
  });
  asio::dispatch(executor_, std::move(start));
}

// ---- The store tells ----

template <class Election>
void store_driver<Election>::watch() {
  watching_ = true;
  watch_asked_at_ = std::chrono::steady_clock::now();
  auto told = run_.while_pending([this](error_code error, const std::vector<entry>& changed) {
    watching_ = false;
    if (stop_by_) {
      if (!error) watch();  // so that finish() has something to cancel: by that a store knows that nobody listens
      return;
    }
    note_store(store_task::watch, error);
    if (error) {
      election_->on_watch_lost(lease_clock::now());
      watch_again();
      relist_later();
    } else {
      watch();
      take_in(changed);
    }
    step();
  });
  store_.async_changes(options_.names.prefix(), stop_watch_.bind(std::move(told)));
}

template <class Election>
void store_driver<Election>::watch_again() {
  const auto now = std::chrono::steady_clock::now();
  const auto pause = health_.watch_pause(watch_asked_at_, now);
  if (pause <= std::chrono::nanoseconds{0}) return watch();
  rewatch_.expires_at(now + pause);
  rewatch_.async_wait(run_.while_pending([this](error_code cancelled) {
    if (!cancelled && !stop_by_ && !watching_) watch();
  }));
}

template <class Election>
void store_driver<Election>::list() {
  store_.async_list(options_.names.prefix(),
                    run_.while_pending([this](error_code error, const std::vector<entry>& all) {
                      if (stop_by_) return;
                      note_store(store_task::list, error);
                      if (error) {
                        relist_later();
                      } else {
                        take_in(all);
                        election_->on_listed(lease_clock::now());
                      }
                      step();
                    }));
}

// Whatever has failed is tried again, the watch first: what changes after the list must not be missed. A watch that
// goes on failing meanwhile does not put the list off.
template <class Election>
void store_driver<Election>::relist_later() {
  if (std::exchange(relisting_, true)) return;
  relist_.expires_after(health_.pause(store_.asked_pause()));
  relist_.async_wait(run_.while_pending([this](error_code cancelled) {
    if (cancelled || stop_by_) return;
    relisting_ = false;
    if (!watching_) watch();
    list();
  }));
}

// The layout first: by its era the leases are judged.
template <class Election>
void store_driver<Election>::take_in(const std::vector<entry>& all) {
  for (const bool leases : {false, true}) {
    for (const entry& each : all) {
      const record_key key = options_.names.key_of(each.name);
      if ((key.kind == record_kind::lease) == leases) take_in(key, each);
    }
  }
}

template <class Election>
void store_driver<Election>::take_in(const record_key& key, const entry& told) {
  const lease_time now = lease_clock::now();
  if (key.kind == record_kind::lease) {
    const auto group = group_of(key, told.value.has_value());
    if (group) election_->on_lease(now, *group, sight_of<lease_claim>(told));
  }
  if constexpr (has_layout) {
    if (key.kind == record_kind::layout) election_->on_layout(now, sight_of<layout_claim>(told));
    // The layout and the leases of an election whose prefix looks like the name of a node here name another holder.
    if (key.kind == record_kind::presence && (!told.value || told.value->holder == key.node)) {
      remember(key.node);
      election_->on_presence(now, node_named(key.node), sight_of<presence_claim>(told));
    }
  }
}

// A record of an address that nobody wants here gets an id, too: who leads what is known then, and what is litter.
template <class Election>
std::optional<group_id> store_driver<Election>::group_of(const record_key& key, bool exists) {
  if (!key.vip) return key.group;
  if (options_.groups == nullptr) return std::nullopt;
  const auto found = exists ? options_.groups->see(*key.vip) : options_.groups->find(*key.vip);
  if (found) options_.groups->use(*found);
  return found;
}

template <class Election>
template <class Claim>
basic_sight<Claim> store_driver<Election>::sight_of(const entry& told) {
  basic_sight<Claim> sight{told.at, told.value.has_value(), {}, told.orphaned};
  if (!told.value) return sight;
  if (!told.value->holder.empty()) remember(told.value->holder);
  if constexpr (std::is_same_v<Claim, lease_claim>) {
    sight.claim = to_lease_claim(*told.value);
    if (const auto heir = told.value->notes.find(heir_note); heir != told.value->notes.end()) remember(heir->second);
  }
  if constexpr (std::is_same_v<Claim, layout_claim>)
    sight.claim = to_layout_claim(*told.value, options_.layout_validity);
  if constexpr (std::is_same_v<Claim, presence_claim>) sight.claim = to_presence_claim(*told.value);
  return sight;
}

template <class Election>
void store_driver<Election>::note_store(store_task task, error_code error) {
  if (const auto news = health_.note(task, error, std::chrono::steady_clock::now())) store_news_.push_back(*news);
}

// No failure of the store: leases are kept all the same. While the store has failed that is told, and no more.
template <class Election>
void store_driver<Election>::note_removal(error_code error) {
  if (!error) removal_refused_ = {};
  if (error != condition::write_refused || health_.has_failed() || error == removal_refused_) return;
  removal_refused_ = error;
  tells_removal_ = true;
}

// ---- What follows ----

// Observers of the table, and whoever hears notices, may act on the driver: then the table comes first again, so that
// no request that follows from what they did is sent before it.
template <class Election>
void store_driver<Election>::step() {
  step_again_ = true;
  if (std::exchange(stepping_, true)) return;
  while (std::exchange(step_again_, false)) {
    lower_and_raise();
    if (!step_again_) follow_layout();
    if (!step_again_) tell_layout();
    if (!step_again_) tell_events();
    if (!step_again_) send_requests();
    if (!step_again_) give_up_groups();
  }
  stepping_ = false;
  if (stop_by_ && (election_->stopped() || std::chrono::steady_clock::now() >= *stop_by_)) return finish();
  wake_later();
}

template <class Election>
void store_driver<Election>::lower_and_raise() {
  for (std::size_t at = 0; table_ != nullptr && at < election_->size(); ++at) {
    const auto group = static_cast<group_id>(at);
    table_->set(group, election_->leads(group));
  }
}

// The new layout's leases are asked for by the requests that come after this: none of them is led yet.
template <class Election>
void store_driver<Election>::follow_layout() {
  if constexpr (has_layout) {
    const auto adopted = election_->adopted();
    if (table_ == nullptr || !adopted || adopted->shape == followed_) return;
    followed_ = adopted->shape;
    if (options_.on_layout) options_.on_layout(adopted->shape);
  }
}

template <class Election>
void store_driver<Election>::tell_layout() {
  if constexpr (has_layout) {
    if (election_->name_is_taken() && !std::exchange(name_taken_, true)) tell(node_name_taken{});
    const bool foreign = election_->layout_is_foreign();
    if (foreign && !layout_is_foreign_) tell(layout_not_followed{});
    layout_is_foreign_ = foreign;
    const auto adopted = election_->adopted();
    if (adopted == told_layout_) return;
    told_layout_ = adopted;
    if (!foreign) tell(layout_changed{adopted});
  }
}

template <class Election>
void store_driver<Election>::tell_events() {
  while (!step_again_ && !store_news_.empty()) {
    const error_code reason = store_news_.front();
    store_news_.erase(store_news_.begin());
    reason ? tell(store_failed{reason}) : tell(store_answers{});
  }
  if (!step_again_ && std::exchange(tells_removal_, false)) tell(removal_refused{removal_refused_});
  while (!step_again_) {
    const auto next = election_->take_event();
    if (!next) return;
    tell(lease_transition{next->group, next->event, name_of(next->event.node)});
  }
}

template <class Election>
void store_driver<Election>::send_requests() {
  while (auto next = election_->take_lease_request()) {
    const bool is_write = next->request.operation == lease_operation::cas;
    std::optional<record> value;
    if (is_write) value = to_record(next->request.claim, options_.node_name, name_of(next->request.claim.heir));
    send(options_.names.lease(next->group), next->request, std::move(value),
         [this, group = next->group](const lease_time& now, const lease_response& response) {
           election_->on_lease_response(now, group, response);
         });
  }
  if constexpr (has_layout) {
    while (auto next = election_->take_layout_request()) {
      std::optional<record> value;
      if (next->operation == lease_operation::cas) value = to_record(next->claim, options_.layout_validity);
      send(options_.names.layout(), *next, std::move(value),
           [this](const lease_time& now, const layout_response& response) {
             election_->on_layout_response(now, response);
           });
    }
    while (auto next = election_->take_presence_request()) {
      std::optional<record> value;
      if (next->operation == lease_operation::cas) value = to_record(next->claim, options_.node_name);
      send(options_.names.presence(options_.node_name), *next, std::move(value),
           [this](const lease_time& now, const presence_response& response) {
             election_->on_presence_response(now, response);
           });
    }
  }
}

// Whoever is given such an id next finds no leadership of the last one's: the table says by now that there is none.
template <class Election>
void store_driver<Election>::give_up_groups() {
  if constexpr (gives_up_groups) {
    while (!step_again_ && options_.groups != nullptr) {
      const auto ceased = election_->take_ceased();
      if (!ceased) return;
      if (const auto wish = wanted_.find(*ceased); wish != wanted_.end() && !wish->second) wanted_.erase(wish);
      options_.groups->release(*ceased);
    }
  }
}

template <class Election>
template <class Claim, class Respond>
void store_driver<Election>::send(const std::string& name, const basic_request<Claim>& request,
                                  std::optional<record> value, Respond respond) {
  const bool is_load = request.operation == lease_operation::load;
  const bool removes = request.operation == lease_operation::remove;
  auto answer = run_.while_pending(
      [this, is_load, removes, id = request.id, respond = std::move(respond)](error_code error, const entry& found) {
        removes ? note_removal(error) : note_store(is_load ? store_task::load : store_task::cas, error);
        basic_response<Claim> response{id, outcome_of(error), {}, {}};
        // Writes renew and release, which nobody puts off.
        if (error && is_load) response.retry_after = store_.asked_pause();
        if (!error && is_load) response.sight = sight_of<Claim>(found);
        if (!error && !is_load) response.sight.at = found.at;
        respond(lease_clock::now(), response);
        step();
      });
  if (is_load) {
    store_.async_load(name, std::move(answer));
  } else {
    store_.async_cas(entry{name, request.expected, std::move(value), false}, std::move(answer));
  }
}

template <class Election>
void store_driver<Election>::wake_later() {
  using clock = std::chrono::steady_clock;
  const auto left = election_->wake_in(lease_clock::now());
  auto at = clock::now() + std::max<clock::duration>(left, clock::duration{0});
  if (stop_by_ && *stop_by_ < at) at = *stop_by_;
  if (wake_at_ && *wake_at_ <= at) return;  // that is early enough, and asks again
  wake_at_ = at;
  timer_.expires_at(at);
  timer_.async_wait(run_.while_pending([this](error_code cancelled) {
    if (cancelled) return;
    wake_at_.reset();
    election_->tick(lease_clock::now());
    step();
  }));
}

// The table is let go of before this returns; the releases follow it.
template <class Election>
void store_driver<Election>::stop() {
  if (stop_by_) return;
  leadership_table* const table = std::exchange(table_, nullptr);
  if (!election_) return finish();
  stop_by_ = std::chrono::steady_clock::now() + options_.release_limit;
  election_->stop(lease_clock::now());
  if (table != nullptr) table->revoke_all();
  step();
}

template <class Election>
void store_driver<Election>::finish() {
  election_.reset();
  if (options_.groups != nullptr) options_.groups->release_all();
  store_news_.clear();
  removal_refused_ = {};
  tells_removal_ = false;
  timer_.cancel();
  relist_.cancel();
  rewatch_.cancel();
  wake_at_.reset();
  stop_watch_.emit();
  run_.complete(asio::error::operation_aborted);
}

}  // namespace isat::inline v0::election
