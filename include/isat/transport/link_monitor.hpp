// SPDX-License-Identifier: BSL-1.0

// Follows the network interfaces of this namespace through rtnetlink: first all that there are, then every observable
// change. Source of the control path: the speaker opens and closes transports by it. It subscribes before it asks for
// the dump, so no change falls between the two, and asks anew when the kernel had to drop messages. It refuses to
// poll, and it reads only while somebody waits, so that its memory is bounded by the number of interfaces.
#pragma once

#include "isat/detail/build.hpp"
#include "isat/detail/erase.hpp"
#include "isat/transport/link_state.hpp"
#include "isat/transport/link_table.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <memory>
#include <utility>
#include <vector>

namespace isat::inline v0::detail {

class link_monitor_state;

}  // namespace isat::inline v0::detail

namespace isat::inline v0::transport {

/// Tells what happens to the network interfaces. Not thread-safe; every operation runs on its executor.
class ISAT_API link_monitor {
 public:
  using changes_signature = void(error_code, std::vector<link_change>);

  /// Starts nothing: the socket is opened by the first async_changes().
  explicit link_monitor(asio::any_io_executor executor);
  link_monitor(const link_monitor&) = delete;
  link_monitor& operator=(const link_monitor&) = delete;
  ~link_monitor();

  asio::any_io_executor get_executor() noexcept;

  /// Waits until something changed since the last completion. The first completion brings all interfaces there are, as
  /// having appeared; so from then on one that has not been named does not exist. One call at a time.
  /// @return through the token: `error_code`, and the changes in order (at least one on success, after the first call).
  ///   Errors: `operation_aborted` when cancelled (any cancellation type; nothing is lost) or when the monitor is
  ///   destroyed; else what the system said. After such an error the next call opens a new socket and brings what
  ///   changed meanwhile; the caller decides when to try that.
  template <asio::completion_token_for<changes_signature> Token>
  auto async_changes(Token&& token) {
    return detail::erase<changes_signature>(std::forward<Token>(token),
                                            [this](handler<changes_signature> done) { start(std::move(done)); });
  }

  /// What is known now; it may be ahead of the changes that were delivered. Complete once `synced()` says so.
  const link_table& links() const noexcept;

 private:
  void start(handler<changes_signature> done);

  std::shared_ptr<detail::link_monitor_state> state_;
};

}  // namespace isat::inline v0::transport

#if ISAT_HEADER_ONLY
#include "isat/transport/impl/link_monitor.ipp"
#endif
