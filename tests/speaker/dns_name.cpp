// SPDX-License-Identifier: BSL-1.0

#include "dns_name.hpp"

#include <doctest/doctest.h>

#include <string>
#include <string_view>

using namespace speakerd;

TEST_CASE("a label is lower-case letters, digits and hyphens between them") {
  for (const std::string_view good : {"a", "7", "isat-system", "a--b", "0-0"}) {
    CAPTURE(good);
    CHECK(is_dns_label(good));
    CHECK(is_dns_subdomain(good));
  }
  for (const std::string_view bad : {"", "-", "-a", "a-", "A", "a_b", "a b", "a/b", "k\xc3\xb6", "a\n"}) {
    CAPTURE(bad);
    CHECK_FALSE(is_dns_label(bad));
    CHECK_FALSE(is_dns_subdomain(bad));
  }
}

TEST_CASE("a subdomain is labels with dots between") {
  for (const std::string_view good : {"a.b", "node-1.example.org", "1.2.3"}) {
    CAPTURE(good);
    CHECK(is_dns_subdomain(good));
    CHECK_FALSE(is_dns_label(good));
  }
  for (const std::string_view bad : {".", ".a", "a.", "a..b", "a.-b", "a-.b", "a.B"}) {
    CAPTURE(bad);
    CHECK_FALSE(is_dns_subdomain(bad));
  }
}

TEST_CASE("63 bytes are the most of a label, 253 of a subdomain") {
  CHECK(is_dns_label(std::string(63, 'a')));
  CHECK_FALSE(is_dns_label(std::string(64, 'a')));
  CHECK(is_dns_subdomain(std::string(253, 'a')));
  CHECK_FALSE(is_dns_subdomain(std::string(254, 'a')));
}
