// SPDX-License-Identifier: BSL-1.0

// A lease store of one's own, here a table in memory: four operations, and nothing to know about leases. Two candidates
// elect a leader on it; when the first one stops, the other takes over.

#include "isat/net.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/io_context.hpp>
#include <fmt/format.h>

#include <chrono>
#include <map>
#include <string>
#include <vector>

using namespace isat;
using namespace std::chrono_literals;

// [store]
using table = std::map<std::string, election::entry>;

class table_store final : public election::lease_store {
 public:
  table_store(boost::asio::any_io_executor executor, table& records)
      : executor_{executor}, records_{records}, changes_{executor} {}

  boost::asio::any_io_executor get_executor() noexcept override { return executor_; }

 private:
  void do_load(std::string name, handler<one_signature> done) override {
    election::entry& found = records_.try_emplace(name, election::entry{name, {}, {}}).first->second;
    complete_later(executor_, std::move(done), error_code{}, found);
  }

  void do_cas(election::entry next, handler<one_signature> done) override {
    election::entry& now = records_.try_emplace(next.name, election::entry{next.name, {}, {}}).first->second;
    if (now.at != next.at) return complete_later(executor_, std::move(done), error::version_conflict, now);
    ++next.at.number;  // removed records stay in the table without a value, so that no version ever repeats
    now = next;
    complete_later(executor_, std::move(done), error_code{}, std::move(next));
  }

  void do_list(std::string prefix, handler<many_signature> done) override {
    std::vector<election::entry> found;
    for (const auto& [name, at] : records_) {
      if (at.value && name.starts_with(prefix)) found.push_back(at);
    }
    complete_later(executor_, std::move(done), error_code{}, std::move(found));
  }

  // A store that cannot tell of changes never completes this: then candidates read the lease now and then.
  void do_changes(std::string, handler<many_signature> done) override {
    changes_.store(std::move(done), [this] { changes_.complete(boost::asio::error::operation_aborted, {}); });
  }

  boost::asio::any_io_executor executor_;
  table& records_;
  pending_operation<many_signature> changes_;
};
// [/store]

struct candidate {
  candidate(boost::asio::io_context& io, table& records, const char* name)
      : store{io.get_executor(), records}, elector{io.get_executor(), store, options(name)} {
    // [elect]
    elector.set_candidate(group_id{}, true);
    elector.async_run(leaderships, boost::asio::bind_cancellation_slot(stop.slot(), [](error_code) {}));
    // [/elect]
  }

  static election::lease_options options(const char* name) {
    election::lease_options result;
    result.node_name = name;
    result.leases = {"leader"};
    result.timing = election::lease_timing::derived_from(400ms);
    return result;
  }

  bool leads() const { return leaderships.leads(group_id{}, lease_clock::now()); }

  table_store store;
  election::lease_elector elector;
  election::leadership_table leaderships;
  boost::asio::cancellation_signal stop;
};

int main() {
  boost::asio::io_context io{1};
  table records;
  candidate one{io, records, "one"};
  candidate two{io, records, "two"};
  // Whoever makes a new lease is silent for its duration first: an older holder might not have heard yet.
  while (!one.leads() && !two.leads()) io.run_one();
  candidate& first = one.leads() ? one : two;
  candidate& second = one.leads() ? two : one;
  fmt::print("one leads, and only one: {}\n", first.leads() != second.leads());
  first.stop.emit(boost::asio::cancellation_type::terminal);
  while (!second.leads()) io.run_one();
  fmt::print("it has stopped, and the other leads: {}\n", second.leads() && !first.leads());
}
