// SPDX-License-Identifier: BSL-1.0

// An elector of one's own, a dead man's switch: it leads its one group while somebody keeps pressing it, say a health
// check. The leadership carries its deadline, so the speaker falls silent in time even if nothing else happens.

#include "isat/net.hpp"

#include <boost/asio/io_context.hpp>
#include <fmt/format.h>

#include <chrono>
#include <cstdint>

using namespace isat;
using namespace std::chrono_literals;

// [elector]
class dead_mans_switch final : public election::elector {
 public:
  explicit dead_mans_switch(boost::asio::any_io_executor executor) : executor_{executor}, run_{executor} {}

  /// Leads for `hold` from now on.
  void press(std::chrono::milliseconds hold) {
    if (table_ == nullptr || !willing_) return;
    const lease_time now = lease_clock::now();
    if (!table_->leads(group_id{}, now)) ++term_;
    table_->set(group_id{}, {now + hold, term_});
  }

  boost::asio::any_io_executor get_executor() noexcept override { return executor_; }

  void set_candidate(group_id, bool willing) override {
    willing_ = willing;
    if (!willing && table_ != nullptr) table_->revoke_all();
  }

 private:
  void do_run(election::leadership_table& table, handler<run_signature> done) override {
    table_ = &table;
    run_.store(std::move(done), [this] {  // when cancelled
      table_->revoke_all();
      table_ = nullptr;
      run_.complete(boost::asio::error::operation_aborted);
    });
  }

  boost::asio::any_io_executor executor_;
  election::leadership_table* table_ = nullptr;
  bool willing_ = false;
  std::uint64_t term_ = 0;
  pending_operation<run_signature> run_;
};
// [/elector]

int main() {
  constexpr ipv4_address vip{{192, 0, 2, 100}}, asker{{192, 0, 2, 1}};
  constexpr mac_address ours{{2, 0, 0, 0, 0, 10}}, theirs{{2, 0, 0, 0, 0, 1}};
  boost::asio::io_context io{1};
  transport::memory_link segment{io.get_executor()};
  dead_mans_switch elector{io.get_executor()};
  source::static_source source{io.get_executor(), {{vip}}};
  speaker answering{io.get_executor(), elector, source};
  const served_interface& served = *answering.find_interface(*answering.attach(segment.attach("eth0", ours)));
  answering.async_run([](error_code) {});

  const auto ask = [&](const char* when) {
    io.poll();
    segment.send(wire::emit({{mac_address::broadcast(), theirs, wire::ether_type::arp},
                             {wire::operation::request, theirs, asker, mac_address{}, vip}}));
    io.poll();
    fmt::print("{}: {} replies so far\n", when, served.counted().replies);
  };
  ask("not pressed yet");
  elector.press(1h);
  ask("pressed for an hour");
  elector.press(50ms);
  io.run_for(50ms);
  ask("50 ms after it was pressed for 50 ms");
  return served.counted().replies == 1 ? 0 : 1;
}
