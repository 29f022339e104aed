// SPDX-License-Identifier: BSL-1.0

// One run of an elector under test: its table, the signal that ends it, and how it ended.
#pragma once

#include "isat/election/elector.hpp"
#include "isat/lease_clock.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>

namespace isat::test {

struct elector_run final : election::leadership_observer {
  elector_run() { table.subscribe(*this); }
  elector_run(const elector_run&) = delete;
  elector_run& operator=(const elector_run&) = delete;

  void start(election::elector& elector) {
    elector.async_run(table, boost::asio::bind_cancellation_slot(stopping.slot(), [this](error_code error) {
                        result = error;
                        entries_left = entries();
                      }));
  }
  void stop(boost::asio::cancellation_type type = boost::asio::cancellation_type::terminal) { stopping.emit(type); }

  std::uint64_t term(std::uint32_t group) const { return table.find(group_id{group}).term; }
  bool leads(std::uint32_t group = 0) const { return table.leads(group_id{group}, lease_clock::now()); }
  /// How many groups the table says are led, whatever the time.
  int entries() const {
    int found = 0;
    for (std::uint32_t group = 0; group < table.size(); ++group) found += term(group) != 0;
    return found;
  }

  election::leadership_table table;
  boost::asio::cancellation_signal stopping;
  std::optional<error_code> result;
  int entries_left = -1;
  /// Called at each change of the table, with the term that the group has now.
  std::function<void(std::uint32_t group, std::uint64_t term)> on_change;

 private:
  void on_leadership(group_id group, const election::leadership&, const election::leadership& after) override {
    if (on_change) on_change(static_cast<std::uint32_t>(group), after.term);
  }
};

}  // namespace isat::test
