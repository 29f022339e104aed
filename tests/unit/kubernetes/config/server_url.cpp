// SPDX-License-Identifier: BSL-1.0

// URLs of API servers: what they are made of, which are the same, and which are refused.
#include "isat/kubernetes/config/server_url.hpp"

#include <doctest/doctest.h>

#include <string>

namespace {

using isat::kubernetes::parse_server_url;
using isat::kubernetes::server_url;

TEST_CASE("a URL is taken apart") {
  const auto url = parse_server_url("https://Api.Example.test:6443/clusters/c-1/");
  REQUIRE(url.has_value());
  CHECK(url->host == "api.example.test");
  CHECK_FALSE(url->host_is_address);
  CHECK(url->port == 6443);
  CHECK(url->authority == "api.example.test:6443");
  CHECK(url->path == "/clusters/c-1");
  CHECK(url->tls);
  CHECK(url->text == "https://api.example.test:6443/clusters/c-1");
}

TEST_CASE("an IPv6 address has brackets in Host and none where it is connected to") {
  const auto url = parse_server_url("https://[2001:DB8:0::1]:6443");
  REQUIRE(url.has_value());
  CHECK(url->host == "2001:db8::1");
  CHECK(url->host_is_address);
  CHECK(url->authority == "[2001:db8::1]:6443");
  CHECK(url->text == "https://[2001:db8::1]:6443");
}

TEST_CASE("the port of https is assumed") {
  const auto url = parse_server_url("https://10.0.0.1");
  REQUIRE(url.has_value());
  CHECK(url->port == 443);
  CHECK(url->host_is_address);
  CHECK(url->path.empty());
}

TEST_CASE("equal servers have equal texts") {
  const char* const same[] = {"https://a.test", "https://a.test:443", "https://A.TEST/", "HTTPS://a.test:443//"};
  for (const char* each : same) {
    CAPTURE(std::string{each});
    const auto url = parse_server_url(each);
    REQUIRE(url.has_value());
    CHECK(url->text == "https://a.test:443");
  }
}

TEST_CASE("plain HTTP is for loopback addresses only") {
  for (const char* each : {"http://127.0.0.1:8001", "http://[::1]:8001", "http://127.1.2.3"}) {
    CAPTURE(std::string{each});
    const auto url = parse_server_url(each);
    REQUIRE(url.has_value());
    CHECK_FALSE(url->tls);
  }
  CHECK(parse_server_url("http://127.0.0.1")->port == 80);
  for (const char* each :
       {"http://10.0.0.1:8001", "http://localhost:8001", "http://api.test", "http://[2001:db8::1]"}) {
    CAPTURE(std::string{each});
    CHECK(parse_server_url(each).has_error());
  }
}

TEST_CASE("what is no URL of a server is refused") {
  struct row {
    const char* what;
    const char* text;
  };
  const row rows[] = {
      {"nothing", ""},
      {"a name", "api.example.test"},
      {"a name and a port", "api.example.test:6443"},
      {"another scheme", "ftp://api.example.test"},
      {"no host", "https://"},
      {"no host but a port", "https://:6443"},
      {"port 0", "https://a.test:0"},
      {"a port that is too large", "https://a.test:65536"},
      {"a port that is no number", "https://a.test:six"},
      {"a user", "https://user@a.test"},
      {"a query", "https://a.test/?a=b"},
      {"a fragment", "https://a.test/#a"},
      {"a space", "https://a.test/a b"},
      {"a line end", "https://a.test/\r\nHost: b"},
      {"a line end in the host", "https://a%0d%0ab.test"},
      {"half an address", "https://[::1"},
  };
  for (const auto& [what, text] : rows) {
    CAPTURE(std::string{what});
    const auto url = parse_server_url(text);
    CHECK(url.has_error());
  }
}

TEST_CASE("a password in a URL is not told") {
  for (const char* each : {"https://user:s3cret@a.test", "https://user:s3cret@a.test:99999", "user:s3cret@a.test "}) {
    CAPTURE(std::string{each});
    const auto url = parse_server_url(each);
    REQUIRE(url.has_error());
    CHECK(url.error().message.find("s3cret") == std::string::npos);
    CHECK_FALSE(url.error().message.empty());
  }
}

}  // namespace
