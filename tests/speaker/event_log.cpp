// SPDX-License-Identifier: BSL-1.0

#include "event_log.hpp"
#include "isat/error.hpp"

#include <boost/system/errc.hpp>
#include <doctest/doctest.h>

#include <array>
#include <string>
#include <string_view>
#include <unistd.h>

using namespace speakerd;

namespace {

/// The line that an event leaves in a log of this level, without its time and newline.
std::string logged(const isat::speaker_event& event, log_level level = log_level::debug) {
  std::array<int, 2> ends{};
  REQUIRE(::pipe(ends.data()) == 0);
  log_event(logger{ends[1], level, log_format::text, {}}, event);
  ::close(ends[1]);
  std::array<char, 4096> buffer{};
  const auto size = ::read(ends[0], buffer.data(), buffer.size());
  ::close(ends[0]);
  const std::string line(buffer.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
  return line.empty() ? line : line.substr(line.find(' ') + 1, line.size() - line.find(' ') - 2);
}

const isat::transport::link_identity eth0{"eth0", isat::mac_address{{2, 0, 0, 0, 0, 1}}};
const isat::mac_address rival{{2, 0, 0, 0, 0, 9}};

}  // namespace

TEST_CASE("every event has its line") {
  const auto no_device = boost::system::errc::make_error_code(boost::system::errc::no_such_device);
  const auto no_memory = boost::system::errc::make_error_code(boost::system::errc::not_enough_memory);
  struct row {
    isat::speaker_event event;
    std::string_view line;
  };
  const std::array rows{
      row{isat::source_synced{1000}, "INFO  VIPs loaded vips=1000"},
      row{isat::leadership_gained{isat::group_id{0}, 7}, "INFO  leading, answering from now on group=0 term=7"},
      row{isat::leadership_lost{isat::group_id{0}, 7}, "INFO  leading no more, silent from now on group=0 term=7"},
      row{isat::candidacy_changed{true}, "INFO  contending for leadership"},
      row{isat::candidacy_changed{false}, "WARN  no announcing interface has carrier, not contending for leadership"},
      row{isat::interface_joined{eth0, true},
          "INFO  announcing on an interface interface=eth0 mac=02:00:00:00:00:01 carrier=true"},
      row{isat::interface_changed{eth0, false},
          "INFO  an interface changed interface=eth0 mac=02:00:00:00:00:01 carrier=false"},
      row{isat::interface_left{eth0, {}, {}, {}},
          "INFO  an interface is gone interface=eth0 mac=02:00:00:00:00:01 received=0 replies=0 announcements=0 "
          "refused_by_link=0 receive_drops=0"},
      row{isat::interface_left{eth0, no_device, {}, {}},
          "INFO  an interface is gone interface=eth0 mac=02:00:00:00:00:01 received=0 replies=0 announcements=0 "
          "refused_by_link=0 receive_drops=0"},
      row{isat::interface_left{eth0, no_memory, {}, {}},
          "WARN  an interface failed interface=eth0 mac=02:00:00:00:00:01 received=0 replies=0 announcements=0 "
          "refused_by_link=0 receive_drops=0 reason=\"Cannot allocate memory\""},
      row{isat::interface_refused{"eth0", no_device},
          "WARN  an interface cannot be used interface=eth0 reason=\"No such device\""},
      row{isat::vip_conflict{isat::ipv4_address{0x0a4d0064}, rival, "eth0", 41},
          "WARN  another host claims a VIP that this node leads vip=10.77.0.100 rival=02:00:00:00:00:09 "
          "interface=eth0 folded=41"},
      row{isat::shared_segment{.sender = rival, .interface = "eth0"},
          "WARN  two announcing interfaces hear each other, so that both answer on one segment; announce on one of "
          "them "
          "interface=eth0 sender=02:00:00:00:00:09 folded=0"},
      row{isat::shared_segment{.sender = eth0.mac, .interface = "eth0", .echo = true, .folded = 3},
          "WARN  an interface heard its own announcement: a loop in the network, or a bond whose links the switch does "
          "not treat as one interface=eth0 sender=02:00:00:00:00:01 folded=3"},
  };
  for (const row& each : rows) CHECK(logged(each.event) == each.line);
}

TEST_CASE("an interface without ARP that a glob selected is worth a debug line only") {
  const isat::interface_refused lo{"lo", isat::error::not_ethernet};
  CHECK(logged(lo) == "DEBUG an interface cannot be used interface=lo reason=\"not an Ethernet interface\"");
  CHECK(logged(lo, log_level::info).empty());
}
