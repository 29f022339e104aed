// SPDX-License-Identifier: BSL-1.0

// The source of VIPs that never change: a list given at construction (a command line, a configuration file) is handed
// to the sink once, and that is all. It refuses to expand ranges and to choose groups; who makes the list does that.
#pragma once

#include "isat/detail/erase.hpp"
#include "isat/pending_operation.hpp"
#include "isat/responder/vip_table.hpp"
#include "isat/source/vip_source.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/error.hpp>

#include <utility>
#include <vector>

namespace isat::inline v0::source {

/// Feeds a fixed list of VIPs, in the order given; then it is synced and waits to be cancelled.
/// Every run feeds the whole list anew. Not thread-safe: use it on its executor.
class static_source final : public vip_source {
 public:
  static_source(asio::any_io_executor executor, std::vector<responder::vip> vips)
      : executor_{std::move(executor)}, vips_{std::move(vips)}, run_{executor_} {}

  asio::any_io_executor get_executor() noexcept override { return executor_; }

  const std::vector<responder::vip>& vips() const noexcept { return vips_; }

 private:
  void do_run(vip_sink& sink, handler<run_signature> done) override {
    run_.store(std::move(done), [this] { run_.complete(asio::error::operation_aborted); });
    auto start = run_.while_pending([this, &sink] { feed(sink); });
    asio::dispatch(executor_, std::move(start));
  }

  void feed(vip_sink& sink) {
    // A cancellation from within the sink ends the feeding at once: from then on the sink may be gone.
    for (const auto& vip : vips_) {
      sink.add(vip);
      if (run_.empty()) return;
    }
    sink.synced();
  }

  asio::any_io_executor executor_;
  std::vector<responder::vip> vips_;
  pending_operation<run_signature> run_;
};

}  // namespace isat::inline v0::source
