// SPDX-License-Identifier: BSL-1.0

// The bodies of lease_elector.hpp. Compiled into the library, or included by that header; never by itself.
#pragma once

#include "isat/complete_later.hpp"
#include "isat/detail/random_number.hpp"
#include "isat/election/lease_codec.hpp"
#include "isat/election/lease_elector.hpp"
#include "isat/election/lease_set.hpp"
#include "isat/election/store_driver.hpp"
#include "isat/error.hpp"

#include <cstdint>
#include <memory>
#include <utility>

namespace isat::inline v0::election {

ISAT_INLINE lease_elector::lease_elector(asio::any_io_executor executor, lease_store& store, lease_options options)
    : options_{std::move(options)},
      driver_{std::make_unique<store_driver<lease_set>>(
          std::move(executor), store,
          driver_options{
              options_.node_name, record_names{options_.leases}, {}, options_.on_notice, options_.release_limit})} {}

ISAT_INLINE lease_elector::~lease_elector() = default;

ISAT_INLINE asio::any_io_executor lease_elector::get_executor() noexcept { return driver_->get_executor(); }

ISAT_INLINE void lease_elector::set_candidate(group_id group, bool willing) {
  if (knows(group)) driver_->set_candidate(group, willing);
}

ISAT_INLINE void lease_elector::hand_over(group_id group) {
  if (!knows(group)) return;
  driver_->feed([group](lease_set& election, const lease_time& now) { election.hand_over(now, group); });
}

ISAT_INLINE const lease_set* lease_elector::election() const noexcept { return driver_->election(); }

ISAT_INLINE void lease_elector::do_run(leadership_table& table, handler<run_signature> done) {
  const auto longest = options_.longest > options_.timing.duration ? options_.longest : options_.timing.duration;
  if (!options_.timing.is_sound() || longest > lease_timing::duration_max) {
    return complete_later(get_executor(), std::move(done), error_code{isat::error::unsound_timing});
  }
  const std::uint64_t writer = isat::detail::random_number();
  if (writer == 0) return complete_later(get_executor(), std::move(done), isat::detail::no_random_number());
  lease_set election{{node_named(options_.node_name), writer, options_.timing, longest}};
  driver_->run(std::move(election), table, std::move(done));
}

}  // namespace isat::inline v0::election
