// SPDX-License-Identifier: BSL-1.0

// Leader election for any daemon, over any store: one lease per group, by a name of the user's choice, and no more than
// that. When this process may act is decided by lease_machine; this connects it to the elector seam. It refuses to rank
// the candidates and to spread groups over them: layout_elector does.
#pragma once

#include "isat/complete_later.hpp"
#include "isat/detail/erase.hpp"
#include "isat/detail/random_number.hpp"
#include "isat/election/elector.hpp"
#include "isat/election/lease_set.hpp"
#include "isat/election/lease_store.hpp"
#include "isat/election/store_driver.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace isat::inline v0::election {

/// What a lease_elector is told at its start.
struct lease_options {
  std::string node_name;            ///< who leads, for people; candidates of one lease should differ in it
  std::vector<std::string> leases;  ///< names of the records, that of group 0 first
  lease_timing timing;              ///< must be sound
  /// The longest duration that any candidate uses, at most lease_timing::duration_max; zero: that of `timing`.
  std::chrono::nanoseconds longest{};
  /// Called on the executor for all that a log should tell, between lowering and releasing: a slow one delays releases.
  /// Must not destroy the elector.
  std::function<void(const election_notice&)> on_notice;
  std::chrono::nanoseconds release_limit = std::chrono::seconds{2};  ///< how long a cancellation waits for its releases
};

/// Leads the groups whose leases it gets. Not thread-safe.
class lease_elector final : public elector {
 public:
  /// `store` must outlive the elector. A run whose timing is not sound, or whose longest duration is beyond
  /// lease_timing::duration_max, ends at once: error::unsound_timing.
  lease_elector(asio::any_io_executor executor, lease_store& store, lease_options options)
      : options_{std::move(options)},
        driver_{
            std::move(executor), store,
            driver_options{
                options_.node_name, record_names{options_.leases}, {}, options_.on_notice, options_.release_limit}} {}

  asio::any_io_executor get_executor() noexcept override { return driver_.get_executor(); }

  /// Groups beyond the names that were given are never led. Whoever has released one, willingly or not, stays out of it
  /// for D + lease_machine::hold_down even if there is no other candidate: without presence nobody knows.
  void set_candidate(group_id group, bool willing) override {
    if (knows(group)) driver_.set_candidate(group, willing);
  }

  /// Gives up `group` although willing, for another candidate to take; then stays out of it for a while.
  void hand_over(group_id group) {
    if (!knows(group)) return;
    driver_.feed([group](lease_set& election, const lease_time& now) { election.hand_over(now, group); });
  }

  /// The election that runs, or null: who leads what, and why.
  const lease_set* election() const noexcept { return driver_.election(); }

 private:
  bool knows(group_id group) const noexcept { return static_cast<std::size_t>(group) < options_.leases.size(); }

  void do_run(leadership_table& table, handler<run_signature> done) override {
    const auto longest = options_.longest > options_.timing.duration ? options_.longest : options_.timing.duration;
    if (!options_.timing.is_sound() || longest > lease_timing::duration_max) {
      return complete_later(get_executor(), std::move(done), error_code{isat::error::unsound_timing});
    }
    const std::uint64_t writer = isat::detail::random_number();
    if (writer == 0) return complete_later(get_executor(), std::move(done), isat::detail::no_random_number());
    lease_set election{{node_named(options_.node_name), writer, options_.timing, longest}};
    driver_.run(std::move(election), table, std::move(done));
  }

  lease_options options_;
  store_driver<lease_set> driver_;
};

}  // namespace isat::inline v0::election
