// SPDX-License-Identifier: BSL-1.0

#include "isat/kubernetes/service/service_facts.hpp"

#include <doctest/doctest.h>

using namespace isat::kubernetes;

TEST_CASE("names are in order by namespace, then by name") {
  CHECK(object_name{"a", "z"} < object_name{"b", "a"});
  CHECK(object_name{"a", "a"} < object_name{"a", "b"});
  CHECK(object_name{"a", "b"}.to_string() == "a/b");
}

TEST_CASE("a port of another protocol is another port") {
  CHECK(service_port{port_protocol::tcp, 80} != service_port{port_protocol::udp, 80});
  CHECK(service_port{port_protocol::tcp, 443} < service_port{port_protocol::udp, 80});
}
