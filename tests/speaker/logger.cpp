// SPDX-License-Identifier: BSL-1.0

#include "logger.hpp"

#include <doctest/doctest.h>

#include <array>
#include <chrono>
#include <fcntl.h>
#include <string>
#include <unistd.h>

using namespace speakerd;
using namespace std::chrono_literals;

namespace {

// 2026-02-03T04:05:06.078Z
constexpr std::chrono::system_clock::time_point when{1770091506s + 78ms + 999us};

std::string line(log_format format, std::string_view message, const log_fields& fields) {
  return format_line(format, when, log_level::warn, message, fields);
}

/// What a logger writes into a pipe, as one string.
template <class Write>
std::string written(log_level level, const log_fields& common, Write write) {
  std::array<int, 2> ends{};
  REQUIRE(::pipe(ends.data()) == 0);
  write(logger{ends[1], level, log_format::text, common});
  ::close(ends[1]);
  std::array<char, 4096> buffer{};
  const auto size = ::read(ends[0], buffer.data(), buffer.size());
  ::close(ends[0]);
  REQUIRE(size >= 0);
  return {buffer.data(), static_cast<std::size_t>(size)};
}

}  // namespace

TEST_CASE("a text line is time, level, message and fields") {
  CHECK(line(log_format::text, "two words", {{"vip", "10.77.0.100"}, {"count", 3}, {"carrier", false}}) ==
        "2026-02-03T04:05:06.078Z WARN  two words vip=10.77.0.100 count=3 carrier=false");
}

TEST_CASE("a logfmt line names everything") {
  CHECK(line(log_format::logfmt, "two words", {{"vip", "10.77.0.100"}, {"reason", "No such device"}}) ==
        R"(time=2026-02-03T04:05:06.078Z level=warn msg="two words" vip=10.77.0.100 reason="No such device")");
}

TEST_CASE("a json line is one object whose numbers and truth values are no strings") {
  CHECK(line(log_format::json, "two words", {{"vip", "10.77.0.100"}, {"count", 3}, {"carrier", true}}) ==
        R"({"time":"2026-02-03T04:05:06.078Z","level":"warn","message":"two words","vip":"10.77.0.100",)"
        R"("count":3,"carrier":true})");
}

TEST_CASE("each level has its name") {
  struct row {
    log_level level;
    std::string_view text;
    std::string_view logfmt;
  };
  for (const row& each :
       {row{log_level::error, " ERROR m", "level=error"}, row{log_level::warn, " WARN  m", "level=warn"},
        row{log_level::info, " INFO  m", "level=info"}, row{log_level::debug, " DEBUG m", "level=debug"}}) {
    CAPTURE(each.logfmt);
    CHECK(format_line(log_format::text, when, each.level, "m", {}).ends_with(each.text));
    CHECK(format_line(log_format::logfmt, when, each.level, "m", {}).find(each.logfmt) != std::string::npos);
  }
}

TEST_CASE("what would break a line is escaped in every format") {
  struct row {
    std::string_view name;
    std::string value;
    std::string_view text;
    std::string_view json;
  };
  const std::array rows{
      row{"plain", "a-b/c:d", "a-b/c:d", R"("a-b/c:d")"},
      row{"empty", "", R"("")", R"("")"},
      row{"space", "a b", R"("a b")", R"("a b")"},
      row{"quote", "a\"b", R"("a\"b")", R"("a\"b")"},
      row{"backslash", "a\\b", R"("a\\b")", R"("a\\b")"},
      row{"equal sign", "a=b", R"("a=b")", R"("a=b")"},
      row{"newline", "a\nb", R"("a\nb")", R"("a\nb")"},
      row{"tab", "a\tb", R"("a\tb")", R"("a\tb")"},
      row{"escape", "\x1b[0m", R"("\x1b[0m")", R"("\u001b[0m")"},
      row{"delete", "\x7f", R"("\x7f")", R"("\u007f")"},
      row{"NUL", std::string(1, '\0'), R"("\x00")", R"("\u0000")"},
      row{"UTF-8", "\xc3\xbc", "\"\xc3\xbc\"", "\"\xc3\xbc\""},
      row{"C1 control", "\xc2\x9b", R"("\x9b")", R"("\u009b")"},
      row{"broken UTF-8", "\xc3(", R"("\xc3(")", R"("\ufffd(")"},
      row{"cut UTF-8", "\xf0\x9f\x98", R"("\xf0\x9f\x98")", R"("\ufffd\ufffd\ufffd")"},
      row{"overlong UTF-8", "\xc0\x80", R"("\xc0\x80")", R"("\ufffd\ufffd")"},
      row{"UTF-8 surrogate", "\xed\xa0\x80", R"("\xed\xa0\x80")", R"("\ufffd\ufffd\ufffd")"},
  };
  for (const row& each : rows) {
    CAPTURE(each.name);
    const log_fields fields{{"key", each.value}};
    CHECK(line(log_format::text, "m", fields).ends_with(" m key=" + std::string{each.text}));
    CHECK(line(log_format::logfmt, "m", fields).ends_with(" key=" + std::string{each.text}));
    CHECK(line(log_format::json, "m", fields).ends_with(R"("key":)" + std::string{each.json} + "}"));
  }
}

TEST_CASE("a message cannot end its line early") {
  for (const log_format format : {log_format::text, log_format::logfmt, log_format::json}) {
    CHECK(line(format, "a\r\nb", {}).find_first_of("\r\n") == std::string::npos);
  }
}

TEST_CASE("a logger writes what its level admits, with the common fields at the end") {
  const std::string lines = written(log_level::warn, {{"node", "a"}}, [](const logger& log) {
    log.debug("one");
    log.info("two");
    log.warn("three", {{"n", 3}});
    log.error("four");
  });
  CHECK(lines.find(" one") == std::string::npos);
  CHECK(lines.find(" two") == std::string::npos);
  CHECK(lines.find(" WARN  three n=3 node=a\n") != std::string::npos);
  CHECK(lines.ends_with(" ERROR four node=a\n"));
}

TEST_CASE("a reader that does not read loses lines and blocks nothing") {
  std::array<int, 2> ends{};
  REQUIRE(::pipe(ends.data()) == 0);
  REQUIRE(::fcntl(ends[1], F_SETFL, O_NONBLOCK) == 0);
  const std::string filling(4096, '.');
  while (::write(ends[1], filling.data(), filling.size()) > 0) {
  }
  REQUIRE(::fcntl(ends[1], F_SETFL, 0) == 0);  // from here on a write would block

  const logger log{ends[1], log_level::info, log_format::text, {{"node", "a"}}};
  log.info("one");
  log.info("two");
  std::string read(filling.size() * 1024, '\0');
  REQUIRE(::read(ends[0], read.data(), read.size()) > 0);
  log.info("three");
  ::close(ends[1]);
  const auto size = ::read(ends[0], read.data(), read.size());
  ::close(ends[0]);
  REQUIRE(size > 0);
  read.resize(static_cast<std::size_t>(size));
  CHECK(read.find(" one") == std::string::npos);
  CHECK(read.find(" WARN  log lines were lost for want of a reader lines=2 node=a\n") != std::string::npos);
  CHECK(read.ends_with(" INFO  three node=a\n"));
}
