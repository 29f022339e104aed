// SPDX-License-Identifier: BSL-1.0

// The source of VIPs that never change: a list given at construction (a command line, a configuration file) is handed
// to the sink once, and that is all. It refuses to expand ranges and to choose groups; who makes the list does that.
#pragma once

#include "isat/detail/build.hpp"
#include "isat/detail/erase.hpp"
#include "isat/pending_operation.hpp"
#include "isat/responder/vip_table.hpp"
#include "isat/source/vip_source.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <vector>

namespace isat::inline v0::source {

/// Feeds a fixed list of VIPs, in the order given; then it is synced and waits to be cancelled.
/// Every run feeds the whole list anew. Not thread-safe: use it on its executor.
class ISAT_API static_source final : public vip_source {
 public:
  static_source(asio::any_io_executor executor, std::vector<responder::vip> vips);

  asio::any_io_executor get_executor() noexcept override { return executor_; }

  const std::vector<responder::vip>& vips() const noexcept { return vips_; }

 private:
  ISAT_INLINE void do_run(vip_sink& sink, handler<run_signature> done) override;

  void feed(vip_sink& sink);

  asio::any_io_executor executor_;
  std::vector<responder::vip> vips_;
  pending_operation<run_signature> run_;
};

}  // namespace isat::inline v0::source

#if ISAT_HEADER_ONLY
#include "isat/source/impl/static_source.ipp"
#endif
