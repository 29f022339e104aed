// SPDX-License-Identifier: BSL-1.0

// A lease store that stands before another one, passes everything on, and tells how each operation ended and how long
// it took: what the metrics know of a store. It changes nothing, and refuses nothing.
#pragma once

#include "isat/election/lease_store.hpp"
#include "isat/election/store_health.hpp"
#include "isat/error.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace speakerd {

/// One operation of a store that has ended.
struct store_operation {
  isat::election::store_task task{};
  std::string_view name;            ///< of the record, or the prefix; valid during the call only
  isat::error_code error;           ///< operation_aborted: nobody waits for it any more
  std::chrono::nanoseconds took{};  ///< from the call to its completion; of a watch mostly waiting
};

class timed_store final : public isat::election::lease_store {
 public:
  /// @param told is called on the executor before the operation's own handler; must not destroy the store
  timed_store(std::unique_ptr<isat::election::lease_store> inner, std::function<void(const store_operation&)> told)
      : inner_{std::move(inner)}, told_{std::make_shared<const told_function>(std::move(told))} {}

  isat::asio::any_io_executor get_executor() noexcept override { return inner_->get_executor(); }
  std::chrono::nanoseconds asked_pause() const noexcept override { return inner_->asked_pause(); }

 private:
  using told_function = std::function<void(const store_operation&)>;

  void do_load(std::string name, isat::handler<one_signature> done) override;
  void do_cas(isat::election::entry next, isat::handler<one_signature> done) override;
  void do_list(std::string prefix, isat::handler<many_signature> done) override;
  void do_changes(std::string prefix, isat::handler<many_signature> done) override;

  template <class Signature>
  auto timed(isat::election::store_task task, std::string name, isat::handler<Signature> done);

  std::unique_ptr<isat::election::lease_store> inner_;
  std::shared_ptr<const told_function> told_;  // operations may outlive the store
};

}  // namespace speakerd
