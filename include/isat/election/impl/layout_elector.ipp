// SPDX-License-Identifier: BSL-1.0

// The bodies of layout_elector.hpp. Compiled into the library, or included by that header; never by itself.
#pragma once

#include "isat/complete_later.hpp"
#include "isat/detail/random_number.hpp"
#include "isat/election/election_machine.hpp"
#include "isat/election/layout_elector.hpp"
#include "isat/election/lease_codec.hpp"
#include "isat/election/store_driver.hpp"

#include <chrono>
#include <memory>
#include <utility>

namespace isat::inline v0::election {

ISAT_INLINE layout_elector::layout_elector(asio::any_io_executor executor, lease_store& store, layout_options options)
    : options_{std::move(options)},
      driver_{std::make_unique<store_driver<election_machine>>(
          std::move(executor), store,
          driver_options{options_.node_name, record_names{options_.prefix, options_.groups}, options_.layout_validity,
                         options_.on_notice, options_.release_limit, options_.on_layout, options_.groups})} {
  options_.wish.duration = std::chrono::ceil<std::chrono::milliseconds>(options_.timing.duration);  // as recorded
}

ISAT_INLINE layout_elector::~layout_elector() = default;

ISAT_INLINE asio::any_io_executor layout_elector::get_executor() noexcept { return driver_->get_executor(); }

ISAT_INLINE void layout_elector::set_candidate(group_id group, bool willing) { driver_->set_candidate(group, willing); }

ISAT_INLINE const election_machine* layout_elector::election() const noexcept { return driver_->election(); }

ISAT_INLINE void layout_elector::do_run(leadership_table& table, handler<run_signature> done) {
  if (const error_code unsound = check()) return complete_later(get_executor(), std::move(done), unsound);
  election_settings settings;
  settings.self = node_named(options_.node_name);
  settings.wish = options_.wish;
  settings.timing = options_.timing;
  settings.layout_validity = options_.layout_validity;
  settings.rebalance = options_.rebalance;
  settings.groups = options_.groups;
  settings.seed = isat::detail::random_number();
  if (settings.seed == 0) return complete_later(get_executor(), std::move(done), isat::detail::no_random_number());
  driver_->run(election_machine{settings}, table, std::move(done));
}

ISAT_INLINE error_code layout_elector::check() const noexcept {
  if (!options_.timing.is_sound()) return error::unsound_timing;
  if (!options_.wish.is_sound()) return error::unsound_layout;
  if (options_.wish.is_per_address() && options_.groups == nullptr) return error::unsound_layout;
  return {};
}

}  // namespace isat::inline v0::election
