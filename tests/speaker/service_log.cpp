// SPDX-License-Identifier: BSL-1.0

#include "log_pipe.hpp"
#include "service_facts_builder.hpp"
#include "service_log.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace speakerd;
using namespace isat::kubernetes;
using namespace isat::test;

namespace {

/// What is known on node "here", and what is logged of it.
struct known {
  known() {
    for (const auto kind : {object_kind::service, object_kind::slice, object_kind::node}) table.begin_list(kind);
    table.set(node("here"));
    for (const auto kind : {object_kind::service, object_kind::slice, object_kind::node}) table.end_list(kind);
  }
  bool logs(const isat::speaker_event& event, const std::string& words) {
    log_pipe pipe;
    const logger log{pipe.in.get(), log_level::info, log_format::text, {}};
    log_vip(log, event, table);
    return pipe.text().find(words) != std::string::npos;
  }

  service_table table{{"here"}};
};

const isat::ipv4_address vip = address_of("192.0.2.1");

}  // namespace

TEST_CASE("a VIP that has gone has a reason, also when no Service has it any more") {
  known k;
  CHECK(k.logs(isat::vip_removed{vip}, "a VIP has gone vip=192.0.2.1 because=no_service"));
  k.table.set(service("web", {"192.0.2.1"}));
  CHECK(k.logs(isat::vip_removed{vip}, "a VIP has gone vip=192.0.2.1 because=no_endpoints"));
}

TEST_CASE("a VIP that has come is told with a few of its Services, and how many more there are") {
  known k;
  for (const char* const name : {"one", "two"}) k.table.set(service(name, {"192.0.2.1"}));
  CHECK(k.logs(isat::vip_added{vip}, "a VIP has come vip=192.0.2.1 services=\"a/one, a/two\""));
  for (const char* const name : {"three", "four", "five"}) k.table.set(service(name, {"192.0.2.1"}));
  CHECK(k.logs(isat::vip_added{vip}, "services=\"a/five, a/four, a/one and 2 more\""));
}
