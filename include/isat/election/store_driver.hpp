// SPDX-License-Identifier: BSL-1.0

// Connects the sans-I/O half of an election to a store: feeds it what the store tells, keeps its time, sends what it
// asks for and writes what it concludes into the leadership_table, always the table first and the requests after it.
// `Election` is a lease_set or an election_machine. lease_elector and layout_elector are this, with their settings.
// It refuses to conclude anything itself.
#pragma once

#include "isat/clock.hpp"
#include "isat/detail/erase.hpp"
#include "isat/detail/stop_signal.hpp"
#include "isat/election/election_notice.hpp"
#include "isat/election/group_names.hpp"
#include "isat/election/layout.hpp"
#include "isat/election/leadership.hpp"
#include "isat/election/lease_claim.hpp"
#include "isat/election/lease_codec.hpp"
#include "isat/election/lease_record.hpp"
#include "isat/election/lease_store.hpp"
#include "isat/election/record_exchange.hpp"
#include "isat/election/record_names.hpp"
#include "isat/election/store_health.hpp"
#include "isat/error.hpp"
#include "isat/lease_clock.hpp"
#include "isat/pending_operation.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace isat::inline v0::election {

/// What drivers are told at their start.
struct driver_options {
  std::string node_name;  ///< written into records
  record_names names;
  std::chrono::nanoseconds layout_validity{};  ///< of an election with a layout: L
  /// Called on the executor between lowering and releasing: a slow one delays releases. Must not destroy the driver.
  std::function<void(const election_notice&)> on_notice;
  std::chrono::nanoseconds release_limit = std::chrono::seconds{2};  ///< how long a stop waits for its releases
  /// As layout_options::on_layout; never called by an election without a layout.
  std::function<void(const layout&)> on_layout = {};
  /// As layout_options::groups; those that `names` knows.
  group_names* groups = nullptr;
};

/// Runs one election at a time over a store. Not thread-safe: use it on its executor.
template <class Election>
class store_driver {
 public:
  using run_signature = void(error_code);

  /// `store` must outlive the driver.
  store_driver(asio::any_io_executor executor, lease_store& store, driver_options options)
      : executor_{std::move(executor)},
        store_{store},
        options_{std::move(options)},
        timer_{executor_},
        relist_{executor_},
        rewatch_{executor_},
        run_{executor_} {
    known_names_.emplace(node_named(options_.node_name), options_.node_name);
  }
  store_driver(const store_driver&) = delete;
  store_driver& operator=(const store_driver&) = delete;
  /// Aborts a run and leaves its table alone, which may be gone.
  ~store_driver() { stop_watch_.emit(); }

  const asio::any_io_executor& get_executor() const noexcept { return executor_; }

  /// Runs `election`, as elector::async_run describes it.
  void run(Election election, leadership_table& table, handler<run_signature> done);

  void set_candidate(group_id group, bool willing) {
    wanted_[group] = willing;
    if (table_ == nullptr) return;
    if (options_.groups != nullptr) options_.groups->use(group);
    election_->set_candidate(lease_clock::now(), group, willing);
    step();
  }

  /// The election that runs, or null.
  const Election* election() const noexcept { return election_ ? &*election_ : nullptr; }

  /// Calls `input(election, now)` while one runs and is not stopping, and does what follows.
  template <class Input>
  void feed(Input input) {
    if (table_ == nullptr) return;
    input(*election_, lease_clock::now());
    step();
  }

 private:
  static constexpr bool has_layout = requires(Election& election) { election.take_layout_request(); };
  static constexpr bool gives_up_groups = requires(Election& election) { election.take_ceased(); };
  static constexpr std::size_t known_names_max = 1024;  // then those that are seen again are learnt again

  // The store tells.
  void watch();
  void watch_again();
  void list();
  void relist_later();
  void take_in(const std::vector<entry>& all);
  void take_in(const record_key& key, const entry& told);
  std::optional<group_id> group_of(const record_key& key, bool exists);
  void note_removal(error_code error);
  void note_store(store_task task, error_code error);

  // What follows.
  void step();
  void lower_and_raise();
  void follow_layout();
  void tell_events();
  void tell_layout();
  void send_requests();
  void give_up_groups();
  void wake_later();
  void stop();
  void finish();

  template <class Claim, class Respond>
  void send(const std::string& name, const basic_request<Claim>& request, std::optional<record> value, Respond respond);
  static lease_outcome outcome_of(const error_code& error) noexcept {
    if (!error) return lease_outcome::done;
    if (error == isat::error::version_conflict) return lease_outcome::conflict;
    return error == isat::condition::write_refused ? lease_outcome::refused : lease_outcome::unknown;
  }
  template <class Claim>
  basic_sight<Claim> sight_of(const entry& told);
  void remember(const std::string& name) {
    if (known_names_.size() >= known_names_max) {
      const std::string& own = options_.node_name;
      std::erase_if(known_names_, [&own](const auto& known) { return known.second != own; });
    }
    known_names_.emplace(node_named(name), name);
  }
  std::string name_of(node_id node) const {
    const auto found = known_names_.find(node);
    return found == known_names_.end() ? std::string{} : found->second;
  }
  void tell(const election_notice& notice) const {
    if (options_.on_notice) options_.on_notice(notice);
  }

  asio::any_io_executor executor_;
  lease_store& store_;
  driver_options options_;
  std::map<group_id, bool> wanted_;
  std::map<node_id, std::string> known_names_;

  std::optional<Election> election_;
  leadership_table* table_ = nullptr;  // null unless running and not stopping
  asio::steady_timer timer_;
  std::optional<std::chrono::steady_clock::time_point> wake_at_;
  asio::steady_timer relist_;
  bool relisting_ = false;  // relist_ is waited for
  asio::steady_timer rewatch_;
  std::chrono::steady_clock::time_point watch_asked_at_;
  detail::stop_signal stop_watch_;
  bool watching_ = false;
  bool stepping_ = false;
  bool step_again_ = false;
  store_health health_{0};
  std::vector<error_code> store_news_;  // to be told: why the store failed, or that it answers again
  error_code removal_refused_;          // why no record can be removed, as was told
  bool tells_removal_ = false;          // that is to be told
  bool name_taken_ = false;
  std::optional<layout> followed_;  // the layout that was handed on last in this run
  std::optional<layout_claim> told_layout_;
  bool layout_is_foreign_ = false;
  std::optional<std::chrono::steady_clock::time_point> stop_by_;
  pending_operation<run_signature> run_;  // destroyed first: from then on no callback comes
};

}  // namespace isat::inline v0::election

#include "isat/election/impl/store_driver.ipp"
