// SPDX-License-Identifier: BSL-1.0

#include "chosen_elector.hpp"
#include "election_log.hpp"
#include "failure.hpp"
#include "isat/election/always_leader.hpp"
#include "isat/election/file_store.hpp"
#include "isat/election/layout_elector.hpp"

#include <utility>

namespace speakerd {

namespace {

namespace election = isat::election;

election::layout_options layout_options_of(const options& what) {
  election::layout_options result;
  result.node_name = what.node_name;
  result.wish = what.layout_wish;
  result.timing = what.timing;
  result.rebalance = what.rebalance;
  return result;
}

}  // namespace

chosen_elector::chosen_elector(isat::asio::any_io_executor executor, const options& what, const logger& log,
                               std::function<void(const election::layout&)> on_layout) {
  if (what.elector == elector_kind::always) {
    elector_ = std::make_unique<election::always_leader>(std::move(executor));
    return;
  }
  auto store = std::make_unique<election::file_store>(executor, election::file_store_options{what.directory});
  if (store->open()) throw failure{exit_code::unavailable, store->failure().message()};
  election::layout_options wanted = layout_options_of(what);
  wanted.on_notice = [&log](const election::election_notice& notice) { log_election(log, notice); };
  wanted.on_layout = std::move(on_layout);
  elector_ = std::make_unique<election::layout_elector>(std::move(executor), *store, std::move(wanted));
  store_ = std::move(store);
}

}  // namespace speakerd
