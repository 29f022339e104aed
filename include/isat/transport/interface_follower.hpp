// SPDX-License-Identifier: BSL-1.0

// Follows the interfaces that patterns select: opens a transport when one appears, tells of every change of a link, and
// opens anew what failed. It stands between link_monitor and the speaker. An interface that is missing is waited for,
// for ever. It refuses to decide what a change means.
#pragma once

#include "isat/detail/build.hpp"
#include "isat/detail/erase.hpp"
#include "isat/detail/stop_signal.hpp"
#include "isat/error.hpp"
#include "isat/pending_operation.hpp"
#include "isat/transport/frame_transport.hpp"
#include "isat/transport/interface_pattern.hpp"
#include "isat/transport/link_monitor.hpp"
#include "isat/transport/link_state.hpp"

#include <boost/asio/steady_timer.hpp>

#include <functional>
#include <map>
#include <memory>
#include <utility>
#include <vector>

namespace isat::inline v0::transport {

/// Opens the transport of one interface, or says why not.
using transport_factory =
    std::function<std::unique_ptr<frame_transport>(asio::any_io_executor, const link_state&, error_code&)>;

/// The factory for Linux interfaces. Needs CAP_NET_RAW while it runs.
ISAT_API std::unique_ptr<frame_transport> open_packet_socket(asio::any_io_executor executor, const link_state& link,
                                                             error_code& error);

/// Takes what a follower finds.
class ISAT_API interface_sink {
 public:
  /// Any link of this host changed, selected or not.
  virtual void on_link(const link_change& change) = 0;
  /// A selected interface is there and `opened`; an error counts as if it could not be opened.
  virtual error_code on_interface(const link_state& link, std::unique_ptr<frame_transport> opened) = 0;
  /// A selected interface could not be opened. Unless it is not Ethernet, that is tried again every second; it is told
  /// when the reason changes.
  virtual void on_refused(const link_state& link, error_code reason) = 0;

 protected:
  interface_sink() = default;
  interface_sink(const interface_sink&) = default;
  interface_sink& operator=(const interface_sink&) = default;
  ~interface_sink() = default;
};

/// Follows interfaces by name or glob.
class ISAT_API interface_follower {
 public:
  using run_signature = void(error_code);

  interface_follower(asio::any_io_executor executor, std::vector<interface_pattern> patterns, transport_factory open);

  /// Feeds `sink` until cancelled.
  /// @param sink must outlive the operation; a follower runs once
  /// @return through the token: `operation_aborted` after a cancellation (any type), or the link monitor's error
  ///   when it has failed ten times in a row, a second apart
  template <asio::completion_token_for<run_signature> Token>
  auto async_run(interface_sink& sink, Token&& token) {
    return detail::erase<run_signature>(std::forward<Token>(token),
                                        [this, &sink](handler<run_signature> done) { run(sink, std::move(done)); });
  }

  /// The transport of this link has failed: opens another one a second later, if the link is still there.
  void reopen(unsigned link_index);

 private:
  struct followed {
    link_state link;
    bool retry = false;
    error_code refusal;  // the last one that was told
  };

  void run(interface_sink& sink, handler<run_signature> done);

  void next();

  void take(const link_change& change);

  void open(followed& link);

  void retry_later();

  // How often in a row the link monitor may fail, one second apart, until that is taken for final.
  static constexpr int failures_max = 10;

  asio::any_io_executor executor_;
  std::vector<interface_pattern> patterns_;
  transport_factory open_;
  link_monitor monitor_;
  interface_sink* sink_ = nullptr;
  std::map<unsigned, followed> links_;
  bool stopping_ = false;
  bool monitor_failed_ = false;
  int failures_ = 0;
  bool retrying_ = false;
  asio::steady_timer retry_timer_;
  detail::stop_signal stop_;
  pending_operation<run_signature> done_;
};

}  // namespace isat::inline v0::transport

#if ISAT_HEADER_ONLY
#include "isat/transport/impl/interface_follower.ipp"
#endif
