// SPDX-License-Identifier: BSL-1.0

// What --http adds to a run, in one piece: the server, its pages, the beat that they listen for and the metrics that
// count events. Nothing of it exists without --http, and nothing else in the daemon waits for any of it.
#pragma once

#include "event_metrics.hpp"
#include "health.hpp"
#include "http_server.hpp"
#include "isat/speaker.hpp"
#include "options.hpp"
#include "run_state.hpp"
#include "status_pages.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <cstddef>
#include <functional>
#include <optional>

namespace speakerd {

class status_server {
 public:
  /// Listens from now on. @pre what.http
  /// @throws failure with exit_code::os when the address cannot be had
  status_server(const boost::asio::any_io_executor& executor, const options& what);

  /// To be told what happens, also before start().
  event_metrics& events() noexcept { return events_; }

  /// Answers from now on. @param speaker must outlive this; @param state is asked for each answer and a few times a
  /// second; @param layout and `source_memory` as status_source has them; @param groups the groups of one address each,
  /// must outlive this; null: there are none
  void start(const isat::speaker& speaker, std::function<run_state()> state,
             std::function<isat::election::layout()> layout, const isat::election::group_names* groups,
             std::function<std::optional<std::size_t>()> source_memory);

  /// Ends it: nothing of it is left for the executor to do.
  void stop();

  http_address address() const { return server_.address(); }

 private:
  boost::asio::any_io_executor executor_;
  metrics_extent extent_;
  event_metrics events_;
  std::optional<health> pulse_;
  std::optional<status_pages> pages_;
  http_server server_;
};

}  // namespace speakerd
