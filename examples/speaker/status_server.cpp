// SPDX-License-Identifier: BSL-1.0

#include "status_server.hpp"

#include <string_view>
#include <utility>

namespace speakerd {

status_server::status_server(const boost::asio::any_io_executor& executor, const options& what)
    : executor_{executor},
      extent_{what.metrics},
      events_{what.lease_name},
      server_{executor, *what.http, [this](std::string_view path) { return pages_->find(path); },
              [this](unsigned status) { events_.note_http_answer(status); }} {}

void status_server::start(const isat::speaker& speaker, std::function<run_state()> state,
                          std::function<isat::election::layout()> layout, const isat::election::group_names* groups,
                          std::function<std::optional<std::size_t>()> source_memory) {
  pulse_.emplace(executor_, state);
  pages_.emplace(
      status_source{speaker, *pulse_, events_, std::move(state), std::move(layout), groups, std::move(source_memory)},
      extent_);
  pulse_->start();
  server_.start();
}

void status_server::stop() {
  if (pulse_) pulse_->stop();
  server_.stop();
}

}  // namespace speakerd
