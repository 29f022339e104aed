// SPDX-License-Identifier: BSL-1.0

#include "../support/fake_elector.hpp"
#include "../support/fake_transport.hpp"
#include "isat/election/always_leader.hpp"
#include "isat/pending_operation.hpp"
#include "isat/speaker.hpp"
#include "isat/transport/memory_link.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/io_context.hpp>
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <variant>
#include <vector>

namespace {

using namespace isat;
using namespace std::chrono_literals;

constexpr mac_address ours{{2, 0, 0, 0, 0, 0x0a}};
constexpr mac_address client{{2, 0, 0, 0, 0, 0x01}};
constexpr ipv4_address client_address{0x0a4d0001};
constexpr ipv4_address vip{0x0a4d0064};
constexpr ipv4_address second_vip{0x0a4d0065};

wire::arp_frame who_has(ipv4_address target) {
  return {{mac_address::broadcast(), client, wire::ether_type::arp},
          {wire::operation::request, client, client_address, mac_address{}, target}};
}

/// A source that the test feeds.
class hand_source final : public source::vip_source {
 public:
  explicit hand_source(asio::any_io_executor executor) : executor_{executor}, done_{executor} {}
  source::vip_sink* sink = nullptr;
  void end(error_code error) { done_.complete(error); }
  asio::any_io_executor get_executor() noexcept override { return executor_; }

 private:
  void do_run(source::vip_sink& into, handler<run_signature> done) override {
    sink = &into;
    done_.store(std::move(done), [this] { end(asio::error::operation_aborted); });
  }
  asio::any_io_executor executor_;
  pending_operation<run_signature> done_;
};

struct fixture {
  asio::io_context io{1};
  testing::fake_elector elector{io.get_executor()};
  hand_source vips{io.get_executor()};
  std::vector<speaker_event> events;
  std::function<void(const speaker_event&)> also;
  speaker speaking{io.get_executor(), elector, vips, options()};
  asio::cancellation_signal stop;
  std::optional<error_code> result;

  speaker_options options() {
    speaker_options made;
    made.schedule.offsets = {0ms};  // later rounds would come into a slow test
    made.on_event = [this](const speaker_event& event) {
      events.push_back(event);
      if (also) also(event);
    };
    return made;
  }

  testing::fake_transport& attach(bool carrier = true, mac_address mac = ours) {
    auto made = std::make_unique<testing::fake_transport>(io.get_executor(), transport::link_identity{"fake0", mac});
    auto& kept = *made;
    REQUIRE(speaking.attach(std::move(made), carrier));
    return kept;
  }
  void start() {
    speaking.async_run(asio::bind_cancellation_slot(stop.slot(), [this](error_code error) { result = error; }));
    turn();
  }
  /// Runs what is ready; nothing here waits for time to pass.
  void turn() {
    io.restart();
    io.poll();
  }
  void cancel() {
    stop.emit(asio::cancellation_type::terminal);
    turn();
  }
  void lead(unsigned group, std::uint64_t term = 1) {
    elector.lead(group, election::leadership::until_revoked(term));
    turn();
  }
  template <class Event>
  std::vector<Event> told() const {
    std::vector<Event> found;
    for (const auto& event : events) {
      if (const auto* one = std::get_if<Event>(&event)) found.push_back(*one);
    }
    return found;
  }
  std::size_t announced(const testing::fake_transport& on, ipv4_address address) const {
    return static_cast<std::size_t>(std::count_if(on.sent.begin(), on.sent.end(), [&](const wire::arp_frame& frame) {
      return frame.ethernet.destination.is_broadcast() && frame.arp.spa == address && frame.arp.tpa == address;
    }));
  }
};

}  // namespace

TEST_CASE_FIXTURE(fixture, "nobody is a candidate before the source has told all its VIPs") {
  attach();
  start();
  vips.sink->add({vip, group_id{0}});
  CHECK(!elector.wants(0));
  vips.sink->synced();
  CHECK(elector.wants(0));
  CHECK(told<source_synced>().at(0).vips == 1);
}

TEST_CASE_FIXTURE(fixture, "nobody is a candidate without an interface that has carrier") {
  attach(false);
  start();
  vips.sink->add({vip, group_id{0}});
  vips.sink->synced();
  CHECK(!elector.wants(0));
  attach(true);
  CHECK(elector.wants(0));
}

TEST_CASE_FIXTURE(fixture, "a takeover is announced at once in both forms, with our MAC") {
  auto& link = attach();
  start();
  vips.sink->add({vip, group_id{0}});
  vips.sink->synced();
  CHECK(link.sent.empty());
  lead(0);
  REQUIRE(link.sent.size() == 2);
  CHECK(link.sent[0] == wire::make_announcement(vip, ours, wire::announcement_form::request));
  CHECK(link.sent[1] == wire::make_announcement(vip, ours, wire::announcement_form::reply));
  CHECK(told<leadership_gained>().size() == 1);
}

TEST_CASE_FIXTURE(fixture, "a renewal of the same term is neither announced nor told") {
  auto& link = attach();
  start();
  vips.sink->add({vip, group_id{0}});
  vips.sink->synced();
  elector.lead(0, {lease_clock::now() + 1h, 5});
  turn();
  elector.lead(0, {lease_clock::now() + 2h, 5});
  turn();
  CHECK(link.sent.size() == 2);
  CHECK(told<leadership_gained>().size() == 1);
  lead(0, 6);
  CHECK(link.sent.size() == 4);
  CHECK(told<leadership_gained>().size() == 2);
  CHECK(told<leadership_lost>().at(0).term == 5);
}

TEST_CASE_FIXTURE(fixture, "requests are answered only while the group is led") {
  auto& link = attach();
  start();
  vips.sink->add({vip, group_id{0}});
  vips.sink->synced();
  link.deliver(who_has(vip));
  turn();
  CHECK(link.sent.empty());

  lead(0);
  const auto before = link.sent.size();
  link.deliver(who_has(vip));
  turn();
  REQUIRE(link.sent.size() == before + 1);
  CHECK(link.sent.back() == wire::make_reply(who_has(vip).arp, ours));

  elector.lead(0, {});
  link.deliver(who_has(vip));
  turn();
  CHECK(link.sent.size() == before + 1);
  CHECK(told<leadership_lost>().size() == 1);
  CHECK(speaking.find_interface(interface_id{0})->counted()[responder::drop_reason::not_leader] == 2);
}

TEST_CASE_FIXTURE(fixture,
                  "a VIP that is added while its group is led is announced, a removed one is answered no more") {
  auto& link = attach();
  start();
  vips.sink->add({vip, group_id{0}});
  vips.sink->synced();
  lead(0);
  link.sent.clear();
  vips.sink->add({second_vip, group_id{0}});
  turn();
  CHECK(announced(link, second_vip) == 2);
  CHECK(announced(link, vip) == 0);

  vips.sink->remove(second_vip);
  link.sent.clear();
  link.deliver(who_has(second_vip));
  turn();
  CHECK(link.sent.empty());
}

TEST_CASE_FIXTURE(fixture, "a VIP that moves to another group is withdrawn until that group is led") {
  auto& link = attach();
  start();
  vips.sink->add({vip, group_id{0}});
  vips.sink->synced();
  lead(0);
  vips.sink->add({vip, group_id{1}});
  CHECK(!elector.wants(0));
  CHECK(elector.wants(1));
  link.sent.clear();
  link.deliver(who_has(vip));
  turn();
  CHECK(link.sent.empty());
  lead(1);
  CHECK(announced(link, vip) == 2);
}

TEST_CASE_FIXTURE(fixture, "groups that are taken over in one turn are announced together, others not") {
  auto& link = attach();
  start();
  for (std::uint32_t i = 0; i < 10; ++i) vips.sink->add({ipv4_address{vip.bits() + i}, static_cast<group_id>(i)});
  vips.sink->synced();
  elector.lead(2, election::leadership::until_revoked(1));
  elector.lead(7, election::leadership::until_revoked(1));
  turn();
  CHECK(link.sent.size() == 4);
  CHECK(announced(link, ipv4_address{vip.bits() + 2}) == 2);
  CHECK(announced(link, ipv4_address{vip.bits() + 7}) == 2);
}

TEST_CASE_FIXTURE(fixture, "the last VIP of a group ends its candidacy") {
  attach();
  start();
  vips.sink->add({vip, group_id{0}});
  vips.sink->add({second_vip, group_id{0}});
  vips.sink->synced();
  vips.sink->remove(vip);
  CHECK(elector.wants(0));
  vips.sink->remove(second_vip);
  CHECK(!elector.wants(0));
  vips.sink->remove(second_vip);
  CHECK(!elector.wants(0));
}

TEST_CASE_FIXTURE(fixture, "an interface that is attached while leading announces at once, a detached one is silent") {
  start();
  attach();
  vips.sink->add({vip, group_id{0}});
  vips.sink->synced();
  lead(0);
  auto& second = attach(true, mac_address{{2, 0, 0, 0, 0, 0x0b}});
  turn();
  CHECK(announced(second, vip) == 2);
  CHECK(second.sent.at(0).arp.sha == mac_address{{2, 0, 0, 0, 0, 0x0b}});

  speaking.detach(interface_id{0});
  turn();
  CHECK(told<interface_left>().size() == 1);
  CHECK(elector.wants(0));
  speaking.detach(interface_id{1});
  turn();
  CHECK(!elector.wants(0));
  CHECK(speaking.find_interface(interface_id{1}) == nullptr);
}

TEST_CASE_FIXTURE(fixture, "a transport that fails for good leaves, and a link that is down does not") {
  auto& link = attach();
  start();
  link.fail(asio::error::network_down);
  turn();
  CHECK(told<interface_left>().empty());
  CHECK(link.receiving());
  link.fail(error_code{ENODEV, boost::system::system_category()});
  turn();
  REQUIRE(told<interface_left>().size() == 1);
  CHECK(told<interface_left>()[0].reason.value() == ENODEV);
  CHECK(!result);
}

TEST_CASE_FIXTURE(fixture, "conflicts are counted each and told once") {
  auto& link = attach();
  start();
  vips.sink->add({vip, group_id{0}});
  vips.sink->synced();
  lead(0);
  link.sent.clear();
  const mac_address rival{{2, 0, 0, 0, 0, 0x66}};
  for (int i = 0; i < 100; ++i) {
    link.deliver(wire::make_announcement(vip, rival, wire::announcement_form::request));
    turn();
  }
  CHECK(link.sent.empty());
  REQUIRE(told<vip_conflict>().size() == 1);
  CHECK(told<vip_conflict>()[0].rival == rival);
  CHECK(told<vip_conflict>()[0].vip == vip);
  CHECK(speaking.find_interface(interface_id{0})->counted()[responder::drop_reason::conflict] == 100);
}

TEST_CASE_FIXTURE(fixture, "two of our interfaces that hear each other are told as one segment, not as a conflict") {
  auto& first = attach();
  const mac_address other{{2, 0, 0, 0, 0, 0x0b}};
  attach(true, other);
  start();
  vips.sink->add({vip, group_id{0}});
  vips.sink->synced();
  lead(0);
  first.deliver(wire::make_announcement(vip, other, wire::announcement_form::reply));
  turn();
  CHECK(told<vip_conflict>().empty());
  REQUIRE(told<shared_segment>().size() == 1);
  CHECK(told<shared_segment>()[0].sender == other);
}

TEST_CASE_FIXTURE(fixture,
                  "when cancelled, leaderships are lowered before anything else stops, and nothing is sent after") {
  auto& link = attach();
  start();
  vips.sink->add({vip, group_id{0}});
  vips.sink->synced();
  lead(0);
  link.sent.clear();
  bool receiving_when_lost = false;
  also = [&](const speaker_event& event) {
    if (std::holds_alternative<leadership_lost>(event)) receiving_when_lost = link.receiving() && !result;
  };
  cancel();
  CHECK(receiving_when_lost);
  REQUIRE(result);
  CHECK(*result == asio::error::operation_aborted);
  CHECK(link.sent.empty());
  CHECK(!speaking.leaderships().leads(group_id{0}, lease_clock::now()));
  CHECK(told<interface_left>().empty());
}

TEST_CASE_FIXTURE(fixture, "a failing elector stops the speaker with its error") {
  attach();
  start();
  elector.fail(error_code{EACCES, boost::system::system_category()});
  turn();
  REQUIRE(result);
  CHECK(result->value() == EACCES);
}

TEST_CASE_FIXTURE(fixture, "a failing source stops the speaker, one that has told everything does not") {
  attach();
  start();
  SUBCASE("failing") {
    vips.end(error_code{EIO, boost::system::system_category()});
    turn();
    REQUIRE(result);
    CHECK(result->value() == EIO);
  }
  SUBCASE("done") {
    vips.sink->add({vip, group_id{0}});
    vips.sink->synced();
    vips.end({});
    turn();
    CHECK(!result);
    CHECK(elector.wants(0));
    cancel();
    CHECK(result == error_code{asio::error::operation_aborted});
  }
}

TEST_CASE("a speaker that is destroyed while it runs is called by nobody any more") {
  asio::io_context io{1};
  election::always_leader leader{io.get_executor()};
  hand_source vips{io.get_executor()};
  transport::memory_link segment{io.get_executor()};
  std::optional<error_code> ended;
  {
    speaker gone{io.get_executor(), leader, vips};
    gone.attach(segment.attach("mem0", ours));
    gone.async_run([&](error_code error) { ended = error; });
    io.poll();
    vips.sink->add({vip, group_id{0}});
    vips.sink->synced();
    CHECK(gone.leaderships().leads(group_id{0}, lease_clock::now()));
  }
  // Had the elector not let go of the table, this would write into freed memory.
  leader.set_candidate(group_id{0}, false);
  leader.set_candidate(group_id{1}, true);
  io.restart();
  io.poll();
  CHECK(ended == error_code{asio::error::operation_aborted});

  speaker next{io.get_executor(), leader, vips};
  next.async_run([](error_code) {});
  io.poll();
}

TEST_CASE_FIXTURE(fixture, "a leadership that lapses by its deadline is told, even if the elector does nothing") {
  attach();
  start();
  vips.sink->add({vip, group_id{0}});
  vips.sink->synced();
  const auto from = lease_clock::now();
  elector.lead(0, {from + 100ms, 1});
  elector.lead(0, {from + 200ms, 1});  // a renewal, so the first deadline must not count
  const auto until = std::chrono::steady_clock::now() + 5s;
  while (told<leadership_lost>().empty() && std::chrono::steady_clock::now() < until) {
    io.restart();
    io.run_one_for(10ms);
  }
  REQUIRE(told<leadership_lost>().size() == 1);
  CHECK(elapsed_for_holder(from, lease_clock::now()) >= 200ms);
  lead(0, 2);
  CHECK(told<leadership_gained>().size() == 2);
}

TEST_CASE_FIXTURE(fixture, "what was stopped does not keep the host's context busy until a deadline") {
  attach();
  start();
  vips.sink->add({vip, group_id{0}});
  vips.sink->synced();
  elector.lead(0, {lease_clock::now() + 10s, 1});
  turn();
  stop.emit(asio::cancellation_type::terminal);
  io.restart();
  io.run_for(5s);
  CHECK(result.has_value());
  CHECK(io.stopped());
}

TEST_CASE_FIXTURE(fixture, "another set of interfaces for the only VIP of a group is no hand-over") {
  auto& first = attach();
  auto& second = attach(true, mac_address{{2, 0, 0, 0, 0, 0x0b}});
  start();
  vips.sink->add({vip, group_id{0}});
  vips.sink->synced();
  lead(0);
  elector.candidates.clear();
  first.sent.clear();
  second.sent.clear();
  vips.sink->add({vip, group_id{0}, interface_set::only(interface_id{1})});
  turn();
  CHECK(elector.candidates.empty());
  CHECK(told<leadership_lost>().empty());
  CHECK(announced(second, vip) == 2);
  CHECK(first.sent.empty());
  first.deliver(who_has(vip));
  turn();
  CHECK(first.sent.empty());
}

TEST_CASE_FIXTURE(fixture, "announcements that wait in a full queue are thrown away when their VIP is withdrawn") {
  auto& link = attach();
  start();
  vips.sink->add({vip, group_id{0}});
  vips.sink->add({second_vip, group_id{0}});
  vips.sink->synced();
  link.accepted_max = 0;
  lead(0);
  vips.sink->remove(vip);
  link.accepted_max = 64;
  const auto until = std::chrono::steady_clock::now() + 5s;
  while (announced(link, second_vip) < 2 && std::chrono::steady_clock::now() < until) {
    io.restart();
    io.run_one_for(10ms);
  }
  CHECK(announced(link, second_vip) == 2);
  CHECK(announced(link, vip) == 0);
}

namespace {

std::vector<std::byte> claim(mac_address::octets_type rival) {
  const auto form = wire::announcement_form::request;
  const auto bytes = wire::emit(wire::make_announcement(vip, mac_address{rival}, form));
  return {bytes.begin(), bytes.end()};
}

}  // namespace

TEST_CASE_FIXTURE(fixture, "a host may detach the interface on a conflict, in the middle of a batch") {
  auto& link = attach();
  start();
  vips.sink->add({vip, group_id{0}});
  vips.sink->synced();
  lead(0);
  also = [&](const speaker_event& event) {
    if (std::holds_alternative<vip_conflict>(event)) speaking.detach(interface_id{0});
  };
  link.deliver({claim({2, 0, 0, 0, 0, 0x66}), claim({2, 0, 0, 0, 0, 0x67}), claim({2, 0, 0, 0, 0, 0x68})});
  turn();
  CHECK(told<vip_conflict>().size() == 1);
  CHECK(told<interface_left>().size() == 1);
  cancel();
  CHECK(result == error_code{asio::error::operation_aborted});
}

TEST_CASE_FIXTURE(fixture, "a host may attach interfaces on a conflict, in the middle of a batch") {
  auto& link = attach();
  start();
  vips.sink->add({vip, group_id{0}});
  vips.sink->synced();
  lead(0);
  also = [&](const speaker_event& event) {
    if (!std::holds_alternative<vip_conflict>(event)) return;
    for (int i = 0; i < 20; ++i) attach();
  };
  link.deliver({claim({2, 0, 0, 0, 0, 0x66}), claim({2, 0, 0, 0, 0, 0x67})});
  turn();
  CHECK(told<interface_joined>().size() == 21);
}

TEST_CASE_FIXTURE(fixture, "a host may detach an interface when it is told that it joined") {
  start();
  also = [&](const speaker_event& event) {
    if (std::holds_alternative<interface_joined>(event)) speaking.detach(interface_id{0});
  };
  speaking.attach(std::make_unique<testing::fake_transport>(io.get_executor()));
  turn();
  CHECK(speaking.find_interface(interface_id{0}) == nullptr);
  cancel();
  CHECK(result == error_code{asio::error::operation_aborted});
}

TEST_CASE_FIXTURE(fixture, "a host may detach the last interface when it is told that the speaker contends") {
  attach();
  start();
  for (std::uint32_t i = 0; i < 3; ++i) vips.sink->add({ipv4_address{vip.bits() + i}, static_cast<group_id>(i)});
  also = [&](const speaker_event& event) {
    const auto* changed = std::get_if<candidacy_changed>(&event);
    if (changed != nullptr && changed->willing) speaking.detach(interface_id{0});
  };
  vips.sink->synced();
  for (unsigned group = 0; group < 3; ++group) CHECK(!elector.wants(group));
}

TEST_CASE_FIXTURE(fixture, "a host may cancel when it is told of a loss, and hears of no gain after it") {
  attach();
  start();
  vips.sink->add({vip, group_id{0}});
  vips.sink->synced();
  lead(0, 1);
  also = [&](const speaker_event& event) {
    if (std::holds_alternative<leadership_lost>(event)) stop.emit(asio::cancellation_type::terminal);
  };
  lead(0, 2);
  turn();
  CHECK(told<leadership_gained>().size() == 1);
  CHECK(result == error_code{asio::error::operation_aborted});
}

TEST_CASE_FIXTURE(fixture,
                  "no more than interface_max interfaces can be attached, and a slot that is left is used again") {
  start();
  for (std::size_t i = 0; i < interface_max; ++i) attach();
  CHECK(!speaking.attach(std::make_unique<testing::fake_transport>(io.get_executor())));
  speaking.detach(interface_id{5});
  turn();
  const auto again = speaking.attach(std::make_unique<testing::fake_transport>(io.get_executor()));
  REQUIRE(again);
  CHECK(*again == interface_id{5});
}
