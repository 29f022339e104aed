// SPDX-License-Identifier: BSL-1.0

// The seam that tells which VIPs there are: a source runs beside the data path and feeds a vip_sink with additions and
// removals. Shipped: static_source (a fixed list). A source refuses to know who leads and where frames go.
#pragma once

#include "isat/address.hpp"
#include "isat/detail/build.hpp"
#include "isat/detail/erase.hpp"
#include "isat/responder/vip_table.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/system/error_code.hpp>

#include <utility>

namespace isat::inline v0::source {

/// Takes the VIPs of a source.
class ISAT_API vip_sink {
 public:
  /// `vip` is to be answered for; one with the same address is replaced.
  virtual void add(const responder::vip& vip) = 0;
  /// `address` is to be withdrawn; unknown addresses are ignored.
  virtual void remove(ipv4_address address) = 0;
  /// All that the source knew at its start has been added.
  virtual void synced() = 0;

 protected:
  vip_sink() = default;
  vip_sink(const vip_sink&) = default;
  vip_sink& operator=(const vip_sink&) = default;
  ~vip_sink() = default;
};

/// A stream of VIP changes.
class ISAT_API vip_source {
 public:
  using run_signature = void(error_code);

  vip_source() = default;
  vip_source(const vip_source&) = delete;
  vip_source& operator=(const vip_source&) = delete;
  virtual ~vip_source() = default;

  virtual asio::any_io_executor get_executor() noexcept = 0;

  /// Feeds `sink` until cancelled.
  /// @param sink only called on the source's executor; must outlive the operation or its cancellation, after which it
  ///   is not called any more
  /// @return through the token: `operation_aborted` after a cancellation; another error when the source has ended.
  template <asio::completion_token_for<run_signature> Token>
  auto async_run(vip_sink& sink, Token&& token) {
    return detail::erase<run_signature>(std::forward<Token>(token),
                                        [this, &sink](handler<run_signature> done) { do_run(sink, std::move(done)); });
  }

 private:
  virtual void do_run(vip_sink& sink, handler<run_signature> done) = 0;
};

}  // namespace isat::inline v0::source
