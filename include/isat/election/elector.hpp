// SPDX-License-Identifier: BSL-1.0

// The seam that decides who leads: an elector runs beside the data path and writes what this process leads into a
// leadership_table, group by group. Nothing above it may assume a store, a record or a network. Shipped:
// always_leader (no election), lease_elector and layout_elector (over any lease_store). An elector refuses to know VIPs
// and frames.
#pragma once

#include "isat/detail/build.hpp"
#include "isat/detail/erase.hpp"
#include "isat/election/leadership.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/system/error_code.hpp>

#include <utility>

namespace isat::inline v0::election {

/// Decides which groups this process leads.
class ISAT_API elector {
 public:
  using run_signature = void(error_code);

  elector() = default;
  elector(const elector&) = delete;
  elector& operator=(const elector&) = delete;
  virtual ~elector() = default;

  virtual asio::any_io_executor get_executor() noexcept = 0;

  /// Contends for the groups it is a candidate for, and keeps `table` true, until cancelled.
  /// @param table this elector is its only writer meanwhile; must outlive the operation or its cancellation, which
  ///   lowers every entry and lets go of the table before it returns
  /// @return through the token: `operation_aborted` after a cancellation, by when every leadership is released, too,
  ///   unless its store did not answer in time (the electors' release_limit); another error when it can never lead
  ///   again (its entries are lowered then). @pre no other run is pending; one may follow when it has completed
  template <asio::completion_token_for<run_signature> Token>
  auto async_run(leadership_table& table, Token&& token) {
    return detail::erase<run_signature>(
        std::forward<Token>(token), [this, &table](handler<run_signature> done) { do_run(table, std::move(done)); });
  }

  /// Says whether this process wants `group` (initially none is wanted). Unwilling while leading means: hand over.
  virtual void set_candidate(group_id group, bool willing) = 0;

 private:
  virtual void do_run(leadership_table& table, handler<run_signature> done) = 0;
};

}  // namespace isat::inline v0::election
