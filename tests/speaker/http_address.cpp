// SPDX-License-Identifier: BSL-1.0

#include "http_address.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace speakerd;

namespace {

std::string refusal(const std::string& text) {
  try {
    parse_http_address({text, {exit_code::usage, "--http"}});
  } catch (const failure& refused) {
    CHECK(refused.code() == exit_code::usage);
    return refused.what();
  }
  return "none";
}

}  // namespace

TEST_CASE("an address and a port are read, and written in their shortest form") {
  struct row {
    std::string text;
    http_address expected;
    std::string shown;
  };
  for (const row& each :
       {row{"127.0.0.1:7486", {"127.0.0.1", 7486}, "127.0.0.1:7486"}, row{"0.0.0.0:1", {"0.0.0.0", 1}, "0.0.0.0:1"},
        row{"[::1]:65535", {"::1", 65535}, "[::1]:65535"}, row{"[0:0:0:0:0:0:0:0]:80", {"::", 80}, "[::]:80"},
        row{"[2001:DB8::00A]:8080", {"2001:db8::a", 8080}, "[2001:db8::a]:8080"}}) {
    CAPTURE(each.text);
    const http_address read = parse_http_address({each.text, {}});
    CHECK(read == each.expected);
    CHECK(to_text(read) == each.shown);
    CHECK(parse_http_address({to_text(read), {}}) == read);
  }
}

TEST_CASE("whatever else is refused with one sentence that says why") {
  const std::string no_pair = " is not ADDR:PORT, such as 127.0.0.1:7486, or 0.0.0.0:7486 for all addresses";
  for (const std::string text : {"", "7486", ":7486", "localhost"}) {
    CHECK(refusal(text) == "--http: '" + text + "'" + no_pair);
  }
  for (const std::string port : {"", "0", "65536", "080", "-1", "+1", " 1", "1 ", "1x", "http"}) {
    CHECK(refusal("127.0.0.1:" + port) == "--http: '127.0.0.1:" + port + "' has no port from 1 to 65535");
  }
  CHECK(refusal("localhost:80") == "--http: 'localhost' in 'localhost:80' is no IP address");
  CHECK(refusal("127.0.0.01:80") == "--http: '127.0.0.01' in '127.0.0.01:80' is no IP address");
  CHECK(refusal("[127.0.0.1]:80") == "--http: '127.0.0.1' in '[127.0.0.1]:80' is no IP address");
  CHECK(refusal("[]:80") == "--http: '[]' in '[]:80' is no IP address");
  CHECK(refusal("[fe80::1%lo]:80") == "--http: 'fe80::1%lo' in '[fe80::1%lo]:80' is no IP address without a zone");
  CHECK(refusal("::1:80") == "--http: '::1:80': an IPv6 address stands in brackets, as in [::1]:7486");
  CHECK(refusal("[::1]") == "--http: '[::1]': an IPv6 address stands in brackets, as in [::1]:7486");
}
