// SPDX-License-Identifier: BSL-1.0

// The drop list as one table, through a whole speaker on a segment in memory: what each frame is counted as, that it
// meets silence, and that the good question behind it is answered. tests/netns/drop_list.py asks the same of a kernel.

#include "../support/arp_samples.hpp"
#include "../support/fake_elector.hpp"
#include "../support/receiver.hpp"
#include "isat/source/static_source.hpp"
#include "isat/speaker.hpp"
#include "isat/transport/memory_link.hpp"

#include <boost/asio/io_context.hpp>
#include <doctest/doctest.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace isat;
using namespace std::chrono_literals;
using responder::drop_reason;
using test::octet_string;
using test::with_octet;
using test::with_size;
using wire::parse_error;

constexpr mac_address ours = test::bob;
constexpr mac_address ours_elsewhere{{0x02, 0, 0, 0, 1, 0x0b}};
constexpr mac_address asker = test::alice;
constexpr mac_address stranger = test::carol;
constexpr mac_address multicast{{0x01, 0, 0x5e, 0, 0, 1}};
constexpr ipv4_address asker_address{0x0a4d0002};
constexpr ipv4_address vip{0x0a4d0064};
constexpr ipv4_address vip_of_others{0x0a4d0065};  // of a group that somebody else leads
constexpr ipv4_address no_vip{0x0a4d0066};

/// Counters by name; what is 0 is left out.
using counts = std::map<std::string, std::uint64_t, std::less<>>;

std::string text(const counts& all) {
  std::string out;
  for (const auto& [name, value] : all) out += name + " +" + std::to_string(value) + ' ';
  return out;
}

counts read(const responder::counters& from) {
  counts all{{"received", from.received},
             {"replies", from.replies},
             {"announcements", from.announcements},
             {"refused_by_link", from.refused_by_link}};
  for (const auto error : wire::parse_errors) all[std::string{to_string(error)}] = from[error];
  for (const auto reason : responder::drop_reasons) all[std::string{to_string(reason)}] = from[reason];
  return all;
}

counts difference(const counts& before, const counts& after) {
  counts grown;
  for (const auto& [name, value] : after) {
    if (value != before.at(name)) grown[name] = value - before.at(name);
  }
  return grown;
}

octet_string octets(const wire::arp_frame& frame) {
  const auto bytes = wire::emit(frame);
  return {bytes.begin(), bytes.end()};
}

struct row {
  std::string name;
  octet_string frame;
  std::string counter;    ///< the only one that rises, beside `received`
  bool injected = false;  ///< put in front of the parser, because a link would not carry it there
  octet_string answer{};  ///< empty: silence
};

/// The question that is answered, changed by `change(wire::arp_frame&)`.
template <class Change>
octet_string question(Change change) {
  wire::arp_frame frame{{mac_address::broadcast(), asker, wire::ether_type::arp},
                        {wire::operation::request, asker, asker_address, mac_address{}, vip}};
  change(frame);
  return octets(frame);
}
octet_string question() {
  return question([](wire::arp_frame&) {});
}
octet_string question_to(mac_address destination) {
  return question([&](wire::arp_frame& frame) { frame.ethernet.destination = destination; });
}
octet_string question_from(mac_address sha) {
  return question([&](wire::arp_frame& frame) { frame.arp.sha = sha; });
}
octet_string question_for(ipv4_address target) {
  return question([&](wire::arp_frame& frame) { frame.arp.tpa = target; });
}
octet_string claim(mac_address by, wire::announcement_form form, ipv4_address address = vip) {
  return octets(wire::make_announcement(address, by, form));
}

octet_string tagged(std::initializer_list<int> tag, mac_address destination = mac_address::broadcast()) {
  return test::who_has(destination, asker, tag);
}

/// The reply to question(), if that came from `spa`.
octet_string answer_to(ipv4_address spa) {
  return octets({{asker, ours, wire::ether_type::arp}, {wire::operation::reply, ours, vip, asker, spa}});
}

using rows = std::vector<row>;

void add_malformed(rows& all) {
  const auto add = [&all](std::string name, octet_string frame, parse_error error, bool injected = false) {
    all.push_back({std::move(name), std::move(frame), std::string{to_string(error)}, injected});
  };
  for (std::size_t size = 0; size < 42; ++size) {
    const bool carried = size >= 14;
    add("cut to " + std::to_string(size) + " octets", with_size(question(), size), parse_error::truncated, !carried);
  }
  add("hlen 255", with_octet(question(), 18, 255), parse_error::bad_hardware_length);
  add("hlen 0", with_octet(question(), 18, 0), parse_error::bad_hardware_length);
  add("plen 255", with_octet(question(), 19, 255), parse_error::bad_protocol_length);
  add("plen 16", with_octet(question(), 19, 16), parse_error::bad_protocol_length);
  add("hlen and plen 255", with_octet(with_octet(question(), 18, 255), 19, 255), parse_error::bad_hardware_length);
  add("htype 6 (IEEE 802)", with_octet(question(), 15, 6), parse_error::unsupported_hardware_type);
  add("htype 257", with_octet(question(), 14, 1), parse_error::unsupported_hardware_type);
  add("ptype IPv6", with_octet(with_octet(question(), 16, 0x86), 17, 0xdd), parse_error::unsupported_protocol_type);
  add("operation 0", with_octet(question(), 21, 0), parse_error::unsupported_operation);
  add("operation 3", with_octet(question(), 21, 3), parse_error::unsupported_operation);
  add("operation 257", with_octet(question(), 20, 1), parse_error::unsupported_operation);
  add("9000 octets", with_size(question(), 9000), parse_error::oversized);
  add("one octet too long", with_size(question(), 1515), parse_error::oversized);
  add("EtherType IPv4", with_octet(question(), 13, 0x00), parse_error::not_arp, true);
  add("EtherType RARP", with_octet(with_octet(question(), 12, 0x80), 13, 0x35), parse_error::not_arp, true);
  add("a tag that nobody took off", tagged({0x81, 0, 0, 0}), parse_error::vlan_tagged, true);
  add("a service tag that nobody took off", tagged({0x88, 0xa8, 0, 5}), parse_error::vlan_tagged, true);
}

void add_not_for_us(rows& all) {
  const auto add = [&all](std::string name, octet_string frame, drop_reason reason) {
    all.push_back({std::move(name), std::move(frame), std::string{to_string(reason)}});
  };
  add("an ARP reply", question([](auto& frame) { frame.arp.oper = wire::operation::reply; }),
      drop_reason::not_a_request);
  add("another host's Ethernet destination", question_to(stranger), drop_reason::wrong_destination);
  add("a multicast Ethernet destination", question_to(multicast), drop_reason::wrong_destination);
  add("an Ethernet destination of zeros", question_to({}), drop_reason::wrong_destination);
  add("a foreign target", question_for(no_vip), drop_reason::not_a_vip);
  add("target 0.0.0.0", question_for({}), drop_reason::not_a_vip);
  add("target 255.255.255.255", question_for(ipv4_address{0xffffffff}), drop_reason::not_a_vip);
  add("a VIP that we do not lead", question_for(vip_of_others), drop_reason::not_leader);
  add("the VLAN 5", tagged({0x81, 0, 0, 5}), drop_reason::foreign_vlan);
  add("the VLAN 5, to our MAC", tagged({0x81, 0, 0, 5}, ours), drop_reason::foreign_vlan);
  add("the service VLAN 5", tagged({0x88, 0xa8, 0, 5}), drop_reason::foreign_vlan);
  add("sha of zeros", question_from({}), drop_reason::zero_sender);
  add("sha of a group", question_from(multicast), drop_reason::group_sender);
  add("sha of all", question_from(mac_address::broadcast()), drop_reason::group_sender);
}

void add_claims(rows& all) {
  using wire::announcement_form;
  const auto add = [&all](std::string name, octet_string frame, drop_reason reason) {
    all.push_back({std::move(name), std::move(frame), std::string{to_string(reason)}});
  };
  add("a claim of our VIP as a request", claim(stranger, announcement_form::request), drop_reason::conflict);
  add("a claim of our VIP as a reply", claim(stranger, announcement_form::reply), drop_reason::conflict);
  add("a question that our VIP is said to ask", question([](auto& frame) { frame.arp.spa = vip; }),
      drop_reason::conflict);
  add("a reply to us that claims our VIP", question([](auto& frame) {
        frame.ethernet.destination = ours;
        frame.arp = {wire::operation::reply, stranger, vip, ours, asker_address};
      }),
      drop_reason::conflict);
  add("our own MAC's claim as a request", claim(ours, announcement_form::request), drop_reason::own_announcement);
  add("our own MAC's claim as a reply", claim(ours, announcement_form::reply), drop_reason::own_announcement);
  add("the claim of another interface of this host", claim(ours_elsewhere, announcement_form::reply),
      drop_reason::own_announcement);
  add("the leader's claim as a request", claim(stranger, announcement_form::request, vip_of_others),
      drop_reason::not_leader);
  add("the leader's claim as a reply", claim(stranger, announcement_form::reply, vip_of_others),
      drop_reason::not_a_request);
  add("a claim by nobody", claim({}, announcement_form::request), drop_reason::zero_sender);
}

/// What looks odd and is right.
void add_answered(rows& all) {
  const auto add = [&all](std::string name, octet_string frame, ipv4_address spa = asker_address) {
    all.push_back({std::move(name), std::move(frame), "replies", false, answer_to(spa)});
  };
  add("the plain question", question());
  add("padded to the shortest Ethernet frame", with_size(question(), 60));
  add("padded to the longest Ethernet frame", with_size(question(), 1514));
  add("to our MAC", question_to(ours));
  add("the VLAN 0, which only says a priority", tagged({0x81, 0, 0xe0, 0}));
  add("the service VLAN 0", tagged({0x88, 0xa8, 0, 0}));
  add("a probe", question([](auto& frame) { frame.arp.spa = {}; }), {});
}

rows drop_list() {
  rows all;
  add_malformed(all);
  add_not_for_us(all);
  add_claims(all);
  add_answered(all);
  return all;
}

struct fixture {
  asio::io_context io{1};
  transport::memory_link link{io.get_executor()};
  transport::memory_link link_elsewhere{io.get_executor()};
  testing::fake_elector elector{io.get_executor()};
  source::static_source vips{io.get_executor(), {{vip, group_id{0}}, {vip_of_others, group_id{1}}}};
  speaker speaking{io.get_executor(), elector, vips, options()};
  std::unique_ptr<transport::memory_transport> peer = link.attach("peer", asker);
  test::receiver ear{*peer};

  fixture() {
    REQUIRE(speaking.attach(link.attach("mem0", ours)) == interface_id{0});
    REQUIRE(speaking.attach(link_elsewhere.attach("mem1", ours_elsewhere)));
    speaking.async_run([](error_code) {});
    ear.start();
    io.poll();
    lead_for(1h);
    REQUIRE(heard().size() == 2);  // the announcement of the takeover in its two forms
  }

  static speaker_options options() {
    speaker_options made;
    made.schedule.offsets = {0ms};  // what is heard later is no announcement
    return made;
  }

  void lead_for(std::chrono::nanoseconds time) { elector.lead(0, {lease_clock::now() + time, 1}); }

  counts counted() const { return read(speaking.find_interface(interface_id{0})->counted()); }

  /// All that the peer has heard since it was last asked. Nothing here waits for time to pass.
  std::vector<octet_string> heard() {
    io.restart();
    io.poll();
    while (ear.done) {
      ear.start();
      io.poll();
    }
    std::vector<octet_string> all;
    for (auto& frame : std::exchange(ear.frames, {})) all.push_back(std::move(frame.bytes));
    return all;
  }

  /// Brings a frame to the speaker; returns what it says to that.
  std::vector<octet_string> say(const row& said) {
    if (!said.injected) {
      CHECK(!test::send_one(*peer, said.frame));
      return heard();
    }
    link.inject(said.frame);
    auto all = heard();
    REQUIRE(!all.empty());
    CHECK(all.front() == said.frame);  // the peer hears it, too
    all.erase(all.begin());
    return all;
  }

  /// Says it, and checks what is counted and what is heard.
  void check(const row& said) {
    const auto before = counted();
    const auto answers = say(said);
    const bool silent = said.answer.empty();
    CHECK(answers.size() == (silent ? 0 : 1));
    if (!silent && !answers.empty()) CHECK(answers[0] == said.answer);
    CHECK(text(difference(before, counted())) == text({{"received", 1}, {said.counter, 1}}));
  }
};

const row good{"the good question", question(), "replies", false, answer_to(asker_address)};

}  // namespace

TEST_CASE_FIXTURE(fixture,
                  "each frame of the drop list has its counter and its silence, and the next good one a reply") {
  for (const auto& each : drop_list()) {
    CAPTURE(each.name);
    check(each);
    check(good);
  }
}

TEST_CASE_FIXTURE(fixture, "the drop list in one go is counted frame by frame, and the good one behind it answered") {
  auto all = drop_list();
  all.push_back(good);
  counts expected;
  std::size_t injected = 0;
  std::vector<octet_string> answers;
  const auto before = counted();
  for (const auto& each : all) {
    ++expected["received"];
    ++expected[each.counter];
    if (!each.answer.empty()) answers.push_back(each.answer);
    if (each.injected) ++injected;
    each.injected ? link.inject(each.frame) : void(test::send_one(*peer, each.frame));
  }
  auto heard_all = heard();
  REQUIRE(heard_all.size() == injected + answers.size());
  heard_all.erase(heard_all.begin(), heard_all.begin() + static_cast<std::ptrdiff_t>(injected));
  CHECK(heard_all == answers);
  CHECK(text(difference(before, counted())) == text(expected));
}

TEST_CASE("every reason for silence is in the drop list, but for the leadership that lapses") {
  counts seen;
  for (const auto& each : drop_list()) ++seen[each.counter];
  for (const auto error : wire::parse_errors) CHECK_MESSAGE(seen.contains(to_string(error)), to_string(error));
  for (const auto reason : responder::drop_reasons) {
    CHECK_MESSAGE(seen.contains(to_string(reason)) == (reason != drop_reason::lapsed), to_string(reason));
  }
}

// Nothing runs between the decision and the sending but time: so the leadership has to end within the microseconds in
// which a full batch is decided. Whether it ended before or after them is counted, which says where to try next.
TEST_CASE_FIXTURE(fixture, "replies whose leadership lapses between the decision and the sending stay unsent") {
  const counts lapsed{{"lapsed", transport::batch_max}, {"received", transport::batch_max}};
  const counts too_early{{"not_leader", transport::batch_max}, {"received", transport::batch_max}};
  std::chrono::nanoseconds lease = 20us;
  bool found = false;
  for (int tries = 0; tries < 5000 && !found; ++tries) {
    for (std::size_t i = 0; i < transport::batch_max; ++i) REQUIRE(!test::send_one(*peer, good.frame));
    const auto before = counted();
    lead_for(lease);
    const auto replies = heard();
    const auto grown = difference(before, counted());
    found = grown == lapsed;
    if (found) CHECK(replies.empty());
    lease = grown == too_early ? lease * 9 / 8 : lease * 31 / 32;
    lead_for(1h);
    heard();  // a leadership that ended is announced again
  }
  CHECK(found);
  check(good);
}
