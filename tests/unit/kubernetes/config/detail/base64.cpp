// SPDX-License-Identifier: BSL-1.0

#include "isat/kubernetes/config/detail/base64.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

using namespace isat::kubernetes::detail;

namespace {

constexpr std::pair<std::string_view, std::string_view> vectors[] = {
    // RFC 4648 section 10
    {"", ""},
    {"f", "Zg=="},
    {"fo", "Zm8="},
    {"foo", "Zm9v"},
    {"foob", "Zm9vYg=="},
    {"fooba", "Zm9vYmE="},
    {"foobar", "Zm9vYmFy"},
};

}  // namespace

TEST_CASE("base64 of the vectors of RFC 4648 goes both ways") {
  for (const auto& [octets, text] : vectors) {
    CAPTURE(octets);
    CHECK(encode_base64(octets) == text);
    CHECK(decode_base64(text) == octets);
  }
}

TEST_CASE("base64 of any octets and lengths comes back") {
  std::string octets;
  for (unsigned i = 0; i < 300; ++i) {
    CHECK(decode_base64(encode_base64(octets)) == octets);
    octets.push_back(static_cast<char>(i * 37U + i / 7U));
  }
}

TEST_CASE("line ends within base64 are passed over") {
  CHECK(decode_base64("Zm9v\nYm\r\nFy\n") == "foobar");
  CHECK(decode_base64("Zg=\n=") == "f");
  CHECK(decode_base64("\n") == "");
}

TEST_CASE("what is no whole base64 is refused") {
  for (const std::string_view text : {"Z", "Zg", "Zg=", "Zm9", "Zm9vY", "=", "==", "===", "====", "Zg==Zg==", "Zg==A",
                                      "Zm8=====", "Z===", "Zm9v Ym", "Zm9v_m-y", "Zm9\xff", "Zm9vZg=A", "Zm9v="}) {
    CAPTURE(text);
    CHECK_FALSE(decode_base64(text).has_value());
  }
  CHECK_FALSE(decode_base64(std::string_view{"Zm9\0", 4}).has_value());
}
