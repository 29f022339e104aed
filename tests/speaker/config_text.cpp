// SPDX-License-Identifier: BSL-1.0

#include "config_file.hpp"
#include "options.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <random>
#include <string>

using namespace speakerd;

namespace {

const std::string whole = R"(# comment
interface: [eth0, "*th1"]
vip:
  - 10.77.0.1
  - 10.77.1.0/28
  - "10.77.2.0-10.77.2.9"
elector: kubernetes:isat-system
kubeconfig: /etc/isat/kubeconfig
api-server: [https://192.0.2.1:6443, "https://api.example.org"]
lease-name: isat-b
groups: shards:8
rebalance: true
profile: fast
lease-duration: 1.5s
renew-period: 300ms
attempt-timeout: "250ms"
mac: node
node-name: &name node-c
strict: true
wait: 2m
log-level: 'warn'
log-format: logfmt
)";

/// Reads a file's text to the end; true if it is a whole configuration, false if it was refused as one may be.
/// Anything else that is thrown fails the test.
bool is_accepted(const std::string& text) {
  try {
    make_options("f", parse_config(text, "f"), {});
    return true;
  } catch (const failure& end) {
    CHECK(end.code() == exit_code::configuration);
    CHECK(std::string{end.what()}.find('\n') == std::string::npos);
    return false;
  }
}

}  // namespace

TEST_CASE("a configuration that is cut anywhere is accepted or refused with one sentence") {
  REQUIRE(is_accepted(whole));
  for (std::size_t size = 0; size < whole.size(); ++size) {
    CAPTURE(size);
    is_accepted(whole.substr(0, size));
  }
}

TEST_CASE("a configuration with damaged bytes is accepted or refused with one sentence") {
  std::mt19937 random{20'260};
  constexpr std::string_view likely = ":-[]{}#&*!|>'\"%@`,? \n\t\r~0a\xff\xc3";
  std::size_t accepted = 0;
  constexpr std::size_t rounds = 3'000;
  for (std::size_t round = 0; round < rounds; ++round) {
    std::string text = whole;
    for (std::size_t damage = 0; damage <= round % 4; ++damage)
      text[random() % text.size()] = likely[random() % likely.size()];
    CAPTURE(text);
    if (is_accepted(text)) ++accepted;
  }
  CHECK(accepted > 0);
  CHECK(accepted < rounds);
}
