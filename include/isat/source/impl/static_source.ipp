// SPDX-License-Identifier: BSL-1.0

// The bodies of static_source.hpp. Compiled into the library, or included by that header; never by itself.
#pragma once

#include "isat/source/static_source.hpp"

#include <boost/asio/dispatch.hpp>
#include <boost/asio/error.hpp>

#include <utility>

namespace isat::inline v0::source {

ISAT_INLINE static_source::static_source(asio::any_io_executor executor, std::vector<responder::vip> vips)
    : executor_{std::move(executor)}, vips_{std::move(vips)}, run_{executor_} {}

ISAT_INLINE void static_source::do_run(vip_sink& sink, handler<run_signature> done) {
  run_.store(std::move(done), [this] { run_.complete(asio::error::operation_aborted); });
  auto start = run_.while_pending([this, &sink] { feed(sink); });
  asio::dispatch(executor_, std::move(start));
}

ISAT_INLINE void static_source::feed(vip_sink& sink) {
  // A cancellation from within the sink ends the feeding at once: from then on the sink may be gone.
  for (const auto& vip : vips_) {
    sink.add(vip);
    if (run_.empty()) return;
  }
  sink.synced();
}

}  // namespace isat::inline v0::source
