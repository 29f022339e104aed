// SPDX-License-Identifier: BSL-1.0

// A lease store on the Lease objects of a namespace (coordination.k8s.io/v1): a record is a Lease, a version its uid
// and resourceVersion, a compare-and-swap a PUT with both. How a record looks as a Lease is lease_object.hpp's
// business; what kubectl shows is right, and candidates that know client-go's election only may contend for the same
// Lease. One watch serves all records. It refuses to know what records mean.
#pragma once

#include "isat/detail/build.hpp"
#include "isat/election/lease_store.hpp"
#include "isat/error.hpp"
#include "isat/kubernetes/api/api_client.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <chrono>
#include <memory>
#include <string>

namespace isat::inline v0::kubernetes {

/// What a lease_store is told at its start.
struct lease_store_options {
  std::string name_space;  ///< of the Leases; must exist
  std::string only = {};   ///< the name of the one Lease that is watched; empty: all that carry this store's label
  /// How long an answer is waited for; a leader's patience ends earlier (lease_timing::attempt_timeout).
  std::chrono::nanoseconds timeout = std::chrono::seconds{5};
};

/// A store over one namespace. Not thread-safe. Names must be DNS subdomain names (RFC 1123), texts UTF-8, and keys of
/// notes good for annotations (letters, digits, '-', '_', '.'): else error::unusable_name. Nothing is removed by
/// anybody else than who asks for it. Destroying it aborts async_changes; other operations complete.
class ISAT_API lease_store final : public election::lease_store {
 public:
  /// `client` must outlive the store.
  lease_store(api_client& client, lease_store_options options);
  ISAT_INLINE ~lease_store() override;

  ISAT_INLINE asio::any_io_executor get_executor() noexcept override;

  /// What the server said when an operation most recently failed, for people: one sentence without a full stop.
  const std::string& failure() const noexcept;

  /// Likewise, of the operation that most recently failed with `error`, as its handler or election::store_failed is
  /// told; empty if none of the last few errors was this one.
  const std::string& failure(const error_code& error) const noexcept;

  /// What is left of the longest Retry-After that a server sent with a failure.
  ISAT_INLINE std::chrono::nanoseconds asked_pause() const noexcept override;

 private:
  class state;

  ISAT_INLINE void do_load(std::string name, handler<one_signature> done) override;
  ISAT_INLINE void do_cas(election::entry next, handler<one_signature> done) override;
  ISAT_INLINE void do_list(std::string prefix, handler<many_signature> done) override;
  ISAT_INLINE void do_changes(std::string prefix, handler<many_signature> done) override;

  std::shared_ptr<state> state_;
};

}  // namespace isat::inline v0::kubernetes

#if ISAT_HEADER_ONLY
#include "isat/kubernetes/lease/impl/lease_store.ipp"
#include "isat/kubernetes/lease/impl/lease_store_changes.ipp"
#endif
