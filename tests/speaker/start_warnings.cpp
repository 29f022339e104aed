// SPDX-License-Identifier: BSL-1.0

#include "options.hpp"
#include "start_warnings.hpp"

#include <doctest/doctest.h>

#include <array>
#include <string>
#include <string_view>
#include <utility>

using namespace speakerd;

namespace {

/// What a speaker without interfaces is warned of; a clock source is not meant here.
std::string warnings_of(std::initializer_list<std::pair<const char*, const char*>> values) {
  const origin here{exit_code::usage, "here"};
  settings layer{{"interface", {{"none0", here}}}, {"vip", {{"10.77.0.100", here}}}};
  for (const auto& [name, text] : values) layer[name] = {{text, here}};
  if (layer.contains("source")) layer.erase("vip");  // it finds them by itself
  std::string found;
  for (const std::string& warning : start_warnings({}, make_options({}, {}, layer))) {
    if (warning.find("clock source") == std::string::npos) found += warning;
  }
  return found;
}

std::string nothing_comes_of(std::string_view what) {
  return "the elector 'always' holds no election, so that nothing comes of " + std::string{what} +
         "; leave that out or choose another elector, such as file:DIR";
}

}  // namespace

TEST_CASE("what is chosen for an election is warned of where none is held") {
  CHECK(warnings_of({{"groups", "shards:8"}}) == nothing_comes_of("groups"));
  CHECK(warnings_of({{"groups", "shards:1"}}) == nothing_comes_of("groups"));
  CHECK(warnings_of({{"rebalance", "true"}, {"profile", "lean"}}) ==
        nothing_comes_of("rebalance and the lease timing"));
  CHECK(warnings_of({{"attempt-timeout", "1s"}, {"groups", "shards:2"}, {"rebalance", "true"}}) ==
        nothing_comes_of("groups, rebalance and the lease timing"));
}

TEST_CASE("defaults that are written out, and choices for an election that is held, are not warned of") {
  CHECK(warnings_of({}).empty());
  CHECK(warnings_of({{"groups", "single"},
                     {"rebalance", "false"},
                     {"profile", "default"},
                     {"lease-duration", "3s"},
                     {"renew-period", "750ms"},
                     {"attempt-timeout", "700ms"}})
            .empty());
  CHECK(warnings_of({{"elector", "file:/run/isat"}, {"groups", "shards:8"}, {"profile", "fast"}}).empty());
}

TEST_CASE("rebalancing is warned of where groups stay where they are") {
  const std::string_view told =
      "nothing comes of rebalance, because the groups 'service' stay where they are; leave it out";
  CHECK(warnings_of({{"elector", "file:/run/isat"}, {"groups", "service"}, {"rebalance", "true"}}) == told);
  CHECK(warnings_of({{"elector", "file:/run/isat"}, {"groups", "service"}}).empty());
  CHECK(warnings_of({{"elector", "file:/run/isat"}, {"groups", "shards:8"}, {"rebalance", "true"}}).empty());
}

TEST_CASE("what is chosen of a cluster is warned of where none is needed") {
  constexpr std::string_view nothing_else = " without the elector 'kubernetes'; leave that out or choose this elector";
  const auto warning = [&](std::string_view what) {
    return "nothing comes of " + std::string{what} + std::string{nothing_else};
  };
  CHECK(warnings_of({{"elector", "file:x"}, {"wait", "5s"}}) == warning("wait"));
  CHECK(warnings_of({{"elector", "file:x"},
                     {"kubeconfig", "k"},
                     {"api-server", "https://a"},
                     {"wait", "0"},
                     {"lease-name", "other"}}) == warning("kubeconfig, api-server and wait"));
  CHECK(warnings_of({{"kubeconfig", "k"}}) == warning("kubeconfig"));
  CHECK(warnings_of({{"lease-name", "other"}}) == nothing_comes_of("lease-name"));
  CHECK(warnings_of({{"lease-name", "isat"}, {"wait", "forever"}}).empty());
  CHECK(warnings_of({{"elector", "kubernetes"},
                     {"node-name", "a"},
                     {"kubeconfig", "k"},
                     {"api-server", "https://a"},
                     {"wait", "0"},
                     {"lease-name", "other"}})
            .empty());
  CHECK(warnings_of({{"elector", "always"}, {"source", "kubernetes"}, {"kubeconfig", "k"}, {"api-server", "https://a"}})
            .empty());
  CHECK(warnings_of({{"elector", "always"}, {"source", "kubernetes"}, {"kubeconfig", "k"}, {"wait", "5s"}}) ==
        warning("wait"));
}

TEST_CASE("a profile of which a lease duration leaves nothing is warned of") {
  constexpr std::string_view warning =
      "nothing comes of the profile 'lean', because a lease duration is given as well; leave one of them out";
  CHECK(warnings_of({{"elector", "file:x"}, {"profile", "lean"}, {"lease-duration", "3s"}}) == warning);
  CHECK(warnings_of({{"elector", "file:x"}, {"profile", "lean"}, {"lease-duration", "15s"}}).empty());
  CHECK(warnings_of({{"elector", "file:x"}, {"profile", "lean"}, {"renew-period", "1s"}}).empty());
  CHECK(warnings_of({{"elector", "file:x"}, {"profile", "default"}, {"lease-duration", "8s"}}).empty());
}
