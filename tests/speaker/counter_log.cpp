// SPDX-License-Identifier: BSL-1.0

#include "counter_log.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <string>

using namespace speakerd;
using isat::responder::drop_reason;
using isat::wire::parse_error;

namespace {

const isat::transport::link_identity eth0{"eth0", isat::mac_address{{2, 0, 0, 0, 0, 1}}};

/// ` key=value` for each field.
std::string shown(const log_fields& fields) {
  const std::string line = format_line(log_format::text, {}, log_level::info, "counted", fields);
  return line.substr(line.find("counted") + 7);
}

}  // namespace

TEST_CASE("what always happens is told even when it is zero, what may go wrong only when it did") {
  CHECK(shown(counter_fields(eth0, {}, {})) ==
        " interface=eth0 mac=02:00:00:00:00:01 received=0 replies=0 announcements=0 refused_by_link=0 receive_drops=0");
}

TEST_CASE("each number stands under its own name") {
  isat::responder::counters counted;
  counted.received = 1'000;
  counted.replies = 2;
  counted.announcements = 12;
  counted.refused_by_link = 3;
  counted.count(parse_error::truncated);
  counted.count(drop_reason::not_a_vip, 40);
  counted.count(drop_reason::lapsed);
  CHECK(shown(counter_fields(eth0, counted, {.receive_drops = 5})) ==
        " interface=eth0 mac=02:00:00:00:00:01 received=1000 replies=2 announcements=12 refused_by_link=3 "
        "receive_drops=5 not_a_vip=40 lapsed=1 truncated=1");
}

TEST_CASE("every drop reason and every parse error has its field, and no two share a name") {
  isat::responder::counters counted;
  for (const drop_reason reason : isat::responder::drop_reasons) counted.count(reason, 7);
  for (const parse_error error : isat::wire::parse_errors) counted.count(error);
  const log_fields fields = counter_fields(eth0, counted, {});
  CHECK(fields.size() == 7 + isat::responder::drop_reasons.size() + isat::wire::parse_errors.size());
  for (std::size_t at = 0; at < fields.size(); ++at) {
    CAPTURE(fields[at].key);
    for (std::size_t other = 0; other < at; ++other) CHECK(fields[other].key != fields[at].key);
  }
}
