// SPDX-License-Identifier: BSL-1.0

#include "isat/election/record_text.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <set>
#include <string>

namespace {

using namespace std::chrono_literals;
using isat::election::record;
using isat::election::record_text;
using isat::election::stored_record;

stored_record sample() {
  record value;
  value.holder = "node-a";
  value.nonce = "17";
  value.duration = 3000ms;
  value.term = 7;
  value.notes = {{"mode", "shards:8"}, {"released by", "node b\n"}};
  return {value, {"00000000000000ff", 42}};
}

}  // namespace

TEST_CASE("a record is lines that people can read") {
  CHECK(record_text::write(sample()) ==
        "isat-record 1\nwriter 00000000000000ff 42\nholder node-a\nnonce 17\nduration 3000\nterm 7\n"
        "note mode shards:8\nnote released%20by node%20b%0a\nend\n");
  CHECK(record_text::write({{}, {"f", 1}}) == "isat-record 1\nwriter f 1\nremoved\nend\n");
}

TEST_CASE("what was written reads back, whatever octets it holds") {
  stored_record odd = sample();
  odd.value->holder = std::string("\0 %\n\xff", 5);
  odd.value->nonce = "";
  odd.value->duration = -1ms;
  odd.value->term = 18446744073709551615U;
  odd.value->notes = {{"", ""}, {"a b", "c d"}, {"%", "%41"}};
  odd.writer = {};
  for (const auto& stored : {sample(), odd, stored_record{}, stored_record{record{}, {"f", 18446744073709551615U}}}) {
    CHECK(record_text::read(record_text::write(stored)) == stored);
  }
}

TEST_CASE("a text that is cut anywhere, or goes on, is no record") {
  for (const auto& stored : {sample(), stored_record{{}, {"f", 1}}}) {
    const std::string text = record_text::write(stored);
    for (std::size_t size = 0; size < text.size(); ++size) {
      CAPTURE(size);
      CHECK_FALSE(record_text::read(text.substr(0, size)).has_value());
    }
    CHECK_FALSE(record_text::read(text + "x").has_value());
    CHECK_FALSE(record_text::read(text + '\n').has_value());
  }
}

TEST_CASE("what somebody else wrote is no record") {
  struct row {
    const char* name;
    std::string was;
    std::string is;
  };
  const std::string good = record_text::write(sample());
  for (const auto& [name, was, is] :
       {row{"another format", "isat-record 1", "isat-record 2"}, row{"no inode", " 42\n", "\n"},
        row{"an inode that is no number", " 42\n", " 42x\n"}, row{"a negative inode", " 42\n", " -42\n"},
        row{"another key", "holder", "owner"}, row{"no nonce", "nonce 17\n", ""},
        row{"a term that is too large", "term 7", "term 18446744073709551616"},
        row{"a duration with a unit", "duration 3000", "duration 3000ms"}, row{"no duration", "3000", ""},
        row{"half an escape", "node-a", "node%4"}, row{"an escape that is no number", "node-a", "%g0"},
        row{"a note without a value", " shards:8", ""}, row{"an unknown line", "end\n", "more\nend\n"},
        row{"zeros", good, std::string(64, '\0')}}) {
    CAPTURE(name);
    std::string text = good;
    const auto at = text.find(was);
    REQUIRE(at != std::string::npos);
    text.replace(at, was.size(), is);
    CHECK_FALSE(record_text::read(text).has_value());
  }
}

TEST_CASE("every name has a file name of its own, which is a plain one") {
  std::set<std::string> seen;
  for (const std::string name : {"", ".", "..", ".alive", ".tmp", "a", "A", "a.b", "a/b", "/", "%", "%25", "%2e", "a b",
                                 "\n", "\xff", "isat-group-0"}) {
    CAPTURE(name);
    const std::string file = record_text::to_file_name(name);
    CHECK(seen.insert(file).second);
    CHECK_FALSE(file.empty());
    CHECK(file.front() != '.');
    CHECK(file.find('/') == std::string::npos);
    CHECK(record_text::from_file_name(file) == name);
  }
  CHECK(record_text::to_file_name("isat-group-0") == "isat-group-0");
  CHECK(record_text::to_file_name("../x") == "%2e.%2fx");
}

TEST_CASE("a file name that no record has is nobody's") {
  for (const char* file : {"", ".", ".alive", "%61", "%2E", "%2", "%zz", "a b", "a%", "%%"}) {
    CAPTURE(file);
    CHECK_FALSE(record_text::from_file_name(file).has_value());
  }
}
