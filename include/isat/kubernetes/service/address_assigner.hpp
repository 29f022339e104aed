// SPDX-License-Identifier: BSL-1.0

// Gives addresses of a pool to Services of type LoadBalancer, for clusters that have no other controller that does. All
// speakers may run one: an election of its own chooses who works, and that one watches the Services, keeps its claims
// in records of a lease store and patches statuses. assignment_table.hpp decides and keeps addresses apart; this
// connects it to the cluster. It refuses to announce anything: a service_source does, by the statuses.
#pragma once

#include "isat/detail/build.hpp"
#include "isat/detail/erase.hpp"
#include "isat/election/election_notice.hpp"
#include "isat/election/lease_store.hpp"
#include "isat/election/lease_timing.hpp"
#include "isat/error.hpp"
#include "isat/kubernetes/api/api_client.hpp"
#include "isat/kubernetes/service/address_pool.hpp"
#include "isat/kubernetes/service/assignment_notice.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <variant>

namespace isat::inline v0::kubernetes {

/// What an assigner does with the cluster. The values are API: append only.
enum class assigner_task : std::uint8_t {
  none = 0,
  follow_services = 1,  ///< list and watch Services
  keep_claims = 2,      ///< read and write the records of the pool
  write_status = 3,     ///< patch the status of Services
  read_service = 4,     ///< read one, before its address is freed
};

/// One of them fails. Told when that begins, and when the error becomes another.
struct assigner_trouble {
  assigner_task task{};
  error_code error;
  std::string message;  ///< a sentence for people, with what the server said
};

/// It is done again: told after an assigner_trouble.
struct assigner_recovery {
  assigner_task task{};
};

/// This assigner is the one that works, or is not any more.
struct assigner_turn {
  bool ours{};
  std::uint64_t term{};  ///< of the leadership that began or ended
};

using assigner_notice = std::variant<assignment_notice, assigner_trouble, assigner_recovery, assigner_turn>;

/// What an address_assigner is told at its start.
struct assigner_options {
  std::string node_name;        ///< who works, for people
  std::string prefix = "isat";  ///< of its records: PREFIX-assigner, PREFIX-pool-192.0.2.0
  address_pool pool;
  std::string lb_class = {};      ///< only Services of this class; empty: only those of none
  election::lease_timing timing;  ///< of PREFIX-assigner; must be sound
  std::size_t page = 250;         ///< Services per page of a list
  /// True if something else in the cluster has this address, as a Node may. Asked when one is chosen.
  std::function<bool(ipv4_address)> in_use = {};
  /// Called on the executor with what a log or an Event should tell. Must not destroy the assigner.
  std::function<void(const assigner_notice&)> on_notice = {};
  /// Likewise, of the election.
  std::function<void(const election::election_notice&)> on_election = {};
};

/// An assigner over one cluster. Not thread-safe: use it on the client's executor, which must be the store's, too.
class ISAT_API address_assigner {
 public:
  using run_signature = void(error_code);

  /// `client` and `store` must outlive the assigner.
  address_assigner(api_client& client, election::lease_store& store, assigner_options options);
  address_assigner(const address_assigner&) = delete;
  address_assigner& operator=(const address_assigner&) = delete;
  /// Aborts a run.
  ~address_assigner();

  /// Contends for its turn, and assigns while it has it, until cancelled. @return through the token: operation_aborted
  ///   after a cancellation, by when its turn is given up, if the store answers in time; error::unsound_timing
  template <asio::completion_token_for<run_signature> Token>
  auto async_run(Token&& token) {
    return isat::detail::erase<run_signature>(std::forward<Token>(token),
                                              [this](handler<run_signature> done) { start(std::move(done)); });
  }

  /// True while it is this one's turn.
  bool is_working() const noexcept;
  /// Addresses that are claimed, as far as is known: 0 unless it works.
  std::size_t claim_count() const noexcept;

 private:
  class state;

  void start(handler<run_signature> done);

  std::unique_ptr<state> state_;
};

}  // namespace isat::inline v0::kubernetes

#if ISAT_HEADER_ONLY
#include "isat/kubernetes/service/impl/address_assigner.ipp"
#endif
