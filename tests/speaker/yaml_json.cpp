// SPDX-License-Identifier: BSL-1.0

#include "isat/kubernetes/config/kubeconfig.hpp"
#include "yaml_json.hpp"

#include <boost/system/errc.hpp>
#include <doctest/doctest.h>

#include <cstddef>
#include <filesystem>
#include <fstream>
#include <random>
#include <stdlib.h>
#include <string>
#include <string_view>
#include <unistd.h>
#include <utility>

using namespace speakerd;

namespace {

std::string json_of(const std::string& yaml) {
  const auto json = yaml_as_json(yaml, "f");
  CHECK_MESSAGE(json.has_value(), (json ? "" : json.error().message));
  return json ? *json : std::string{};
}

std::string failure_of(const std::string& yaml) {
  const auto json = yaml_as_json(yaml, "f");
  if (json) return "it is " + *json;
  CHECK(json.error().error == boost::system::errc::invalid_argument);
  CHECK(json.error().message.find("secret") == std::string::npos);
  CHECK(json.error().message.find('\n') == std::string::npos);
  return json.error().message;
}

const std::string kubeconfig = R"(# written by hand
apiVersion: v1
kind: Config
current-context: lab
preferences: {}
clusters:
- name: lab
  cluster:
    server: https://192.0.2.1:6443
    insecure-skip-tls-verify: true
users:
- name: admin
  user: &admin
    client-certificate-data: |
      Y2Vy
      dA==
    client-key-data: "a2V5"
- {name: other, user: *admin}
contexts:
- context: {cluster: lab, namespace: "7", user: other}
  name: lab
)";

}  // namespace

TEST_CASE("plain scalars of YAML become what they look like, and anything else text") {
  for (const auto& [yaml, json] : {std::pair{"true", "true"},
                                   {"True", "true"},
                                   {"FALSE", "false"},
                                   {"null", "null"},
                                   {"~", "null"},
                                   {"", "null"},
                                   {"0", "0"},
                                   {"-12.50", "-12.50"},
                                   {"999999999999999", "999999999999999"},
                                   {"9999999999999999", "\"9999999999999999\""},
                                   {"yes", "\"yes\""},
                                   {"off", "\"off\""},
                                   {"tRUE", "\"tRUE\""},
                                   {"007", "\"007\""},
                                   {"0x1f", "\"0x1f\""},
                                   {"1e5", "\"1e5\""},
                                   {"1.", "\"1.\""},
                                   {".5", "\".5\""},
                                   {"-x", "\"-x\""},
                                   {"+1", "\"+1\""},
                                   {".inf", "\".inf\""},
                                   {"1.5.0", "\"1.5.0\""},
                                   {"2026-11-26", "\"2026-11-26\""},
                                   {"a b", "\"a b\""}}) {
    CAPTURE(yaml);
    CHECK(json_of(std::string{"k: "} + yaml) == std::string{"{\"k\":"} + json + "}");
  }
}

TEST_CASE("quoted and block scalars are text, whatever they look like") {
  CHECK(json_of("k: 'true'") == R"({"k":"true"})");
  CHECK(json_of("k: \"5\"") == R"({"k":"5"})");
  CHECK(json_of("k: ''") == R"({"k":""})");
  CHECK(json_of("k: |\n  null\n") == R"({"k":"null\n"})");
  CHECK(json_of("k: >-\n  a\n  b\n") == R"({"k":"a b"})");
  CHECK(json_of("k: !!str 5") == R"({"k":"5"})");
  CHECK(json_of("k: !!bool true") == R"({"k":true})");
  CHECK(json_of("k: \"a\\\"b\\\\c\\u0001\\u00e4\"") == "{\"k\":\"a\\\"b\\\\c\\u0001\xc3\xa4\"}");
}

TEST_CASE("lists, maps and keys of any look are kept in order") {
  CHECK(json_of("- a\n- [b, {c: d}]\n- {}\n- []\n-\n") == R"(["a",["b",{"c":"d"}],{},[],null])");
  CHECK(json_of("b: 1\n'a': 2\n5: 3\ntrue: 4\n") == R"({"b":1,"a":2,"5":3,"true":4})");
  CHECK(json_of("{\"json\": [true, null, 1.5, \"x\"]}") == R"({"json":[true,null,1.5,"x"]})");
}

TEST_CASE("nothing is null") {
  for (const char* text : {"", "\n", "# a comment\n", "---\n", "null\n"}) {
    CAPTURE(text);
    CHECK(json_of(text) == "null");
  }
}

TEST_CASE("an alias stands for what its anchor names") {
  CHECK(json_of("a: &x secret\nb: *x\n") == R"({"a":"secret","b":"secret"})");
  CHECK(json_of("a: &x {c: [1, &y 2]}\nb: [*x, *y]\n") == R"({"a":{"c":[1,2]},"b":[{"c":[1,2]},2]})");
  CHECK(json_of("a: &x 1\nb: &x 2\nc: *x\n") == R"({"a":1,"b":2,"c":2})");
  CHECK(json_of("a: &x\nb: *x\n") == R"({"a":null,"b":null})");
  CHECK(failure_of("b: *x\na: &x secret\n").starts_with("f:1:4: cannot be read as YAML: "));
  CHECK(failure_of("a: &x [1, *x]\n") == "f:1:11: cannot be read as YAML: an alias stands within what it stands for");
}

TEST_CASE("aliases that make a large file of a small one are refused") {
  std::string bomb = "a0: &a0 [secret, secret]\n";
  for (int i = 1; i < 26; ++i) {
    const auto before = std::to_string(i - 1);
    const auto here = std::to_string(i);
    bomb.append("a").append(here).append(": &a").append(here);
    bomb.append(" [*a").append(before).append(", *a").append(before).append("]\n");
  }
  CHECK(failure_of(bomb).find("larger than 16 MiB") != std::string::npos);
  std::string flat = "a: &a \"" + std::string(1'000'000, 'x') + "\"\nb:\n";
  for (int i = 0; i < 20; ++i) flat += "- *a\n";
  CHECK(failure_of(flat).find("larger than 16 MiB") != std::string::npos);
}

TEST_CASE("what is nested deeper than JSON is read is refused, also by aliases") {
  const auto nested = [](std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  CHECK(json_of(nested(30)) == nested(30));
  CHECK(failure_of(nested(31)) == "f:1:31: cannot be read as YAML: nested too deeply");
  CHECK(failure_of(std::string(100'000, '[')).starts_with("f:1:"));
  std::string steps = "- &a0 [1]\n";
  for (int i = 1; i < 29; ++i) {
    steps += "- &a" + std::to_string(i) + " [*a" + std::to_string(i - 1) + "]\n";
  }
  CHECK(yaml_as_json(steps, "f").has_value());
  CHECK(failure_of(steps + "- &a29 [*a28]\n") == "f:30:9: cannot be read as YAML: nested too deeply");
}

TEST_CASE("what no kubeconfig needs is refused with its place") {
  CHECK(failure_of("a: secret\nb: 2\na: 3\n") == "f:3:1: cannot be read as YAML: a key that is there already");
  CHECK(failure_of("a: &x {b: secret}\nc:\n  <<: *x\n") ==
        "f:3:3: cannot be read as YAML: a merge key; write out what it stands for");
  CHECK(failure_of("a: !secret b\n") == "f:1:4: cannot be read as YAML: a tag that is not known");
  CHECK(failure_of("a: !!binary c2VjcmV0\n") == "f:1:4: cannot be read as YAML: a tag that is not known");
  CHECK(failure_of("a: !secret {b: c}\n") == "f:1:4: cannot be read as YAML: a tag that is not known");
  CHECK(failure_of("? [a]\n: secret\n") == "f:1:3: cannot be read as YAML: a key must be text");
  CHECK(failure_of("a: &x b\n*x : secret\n") == "f:2:1: cannot be read as YAML: a key must be text");
  CHECK(failure_of("~: secret\n") == "f:1:1: cannot be read as YAML: a key must be text");
  CHECK(failure_of("&x a: *x\n") == "f:1:1: cannot be read as YAML: a key with an anchor");
  CHECK(failure_of("a: 1\n---\nb: secret\n").find("another document begins here") != std::string::npos);
  CHECK(failure_of("a: 1\n]\n").starts_with("f:"));
  CHECK(failure_of("a: [secret\n").starts_with("f:2:1: cannot be read as YAML: "));
  CHECK(failure_of("a:\n\t- secret\n").starts_with("f:2:"));
}

TEST_CASE("a kubeconfig in YAML is loaded like one in JSON") {
  isat::kubernetes::kubeconfig_options options;
  options.paths = {"/etc/kube/config"};
  const auto config = isat::kubernetes::load_kubeconfig(
      options, [](const std::string& path) { return yaml_as_json(kubeconfig, path); });
  REQUIRE_MESSAGE(config.has_value(), (config ? "" : config.error().message));
  CHECK(config->servers.front() == "https://192.0.2.1:6443");
  CHECK(config->insecure_skip_tls_verify);
  CHECK(config->user.client_certificate.text == "cert");
  CHECK(config->user.client_key.text == "key");
  CHECK(config->name_space == "7");
}

TEST_CASE("a kubeconfig that is cut or damaged anywhere is JSON or a failure with a place") {
  std::size_t good = 0;
  const auto attempt = [&good](const std::string& text) {
    CAPTURE(text);
    const auto json = yaml_as_json(text, "f");
    if (!json) {
      CHECK(json.error().message.starts_with("f:"));
      return;
    }
    ++good;
    isat::kubernetes::kubeconfig_options options;
    options.paths = {"f"};
    const auto config = isat::kubernetes::load_kubeconfig(options, [&json](const std::string&) { return json; });
    if (!config) CHECK(config.error().message.find("not valid JSON") == std::string::npos);
  };
  for (std::size_t size = 0; size < kubeconfig.size(); ++size) attempt(kubeconfig.substr(0, size));
  std::mt19937 random{20'260};
  constexpr std::string_view likely = ":-[]{}#&*!|>'\"%@`,? \n\t\r~0a\xff\xc3";
  for (std::size_t round = 0; round < 1'000; ++round) {
    std::string text = kubeconfig;
    for (std::size_t damage = 0; damage <= round % 3; ++damage) {
      text[random() % text.size()] = likely[random() % likely.size()];
    }
    attempt(text);
  }
  CHECK(good > 100);
  CHECK(good < 1'000 + kubeconfig.size());
}

TEST_CASE("a file is read and converted, and the system's error kept where that fails") {
  std::string path = (std::filesystem::temp_directory_path() / "isat-test-XXXXXX").string();
  const int made = ::mkstemp(path.data());
  REQUIRE(made >= 0);
  ::close(made);
  std::ofstream{path} << "a: [1]\n";
  CHECK(*read_yaml_as_json(path) == R"({"a":[1]})");
  std::filesystem::remove(path);
  const auto missing = read_yaml_as_json(path);
  REQUIRE(missing.has_error());
  CHECK(missing.error().error == boost::system::errc::no_such_file_or_directory);
  CHECK(missing.error().message.starts_with(path + ": cannot be read"));
}
