// SPDX-License-Identifier: BSL-1.0

#include "logger.hpp"
#include "text.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <poll.h>
#include <unistd.h>
#include <utility>

namespace speakerd {

namespace {

std::string timestamp(std::chrono::system_clock::time_point when) {
  using namespace std::chrono;
  const auto milli = floor<milliseconds>(when);
  const std::time_t whole = system_clock::to_time_t(floor<seconds>(milli));
  std::tm utc{};
  ::gmtime_r(&whole, &utc);
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z", utc, (milli - floor<seconds>(milli)).count());
}

std::string_view upper(log_level level) noexcept {
  switch (level) {
    case log_level::error:
      return "ERROR";
    case log_level::warn:
      return "WARN ";
    case log_level::info:
      return "INFO ";
    case log_level::debug:
      return "DEBUG";
  }
  return "";
}

std::string in_quotes(std::string_view text, escape_style style) { return '"' + escaped(text, style) + '"'; }

/// A value that needs no quotes: printable ASCII without space, quote, equal sign and backslash.
std::string plain_or_quoted(std::string_view text) {
  const bool plain = !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return c > ' ' && c < '\x7f' && c != '"' && c != '=' && c != '\\';
  });
  return plain ? std::string{text} : in_quotes(text, escape_style::hexadecimal);
}

struct value_writer {
  bool json;

  std::string operator()(const std::string& text) const {
    return json ? in_quotes(text, escape_style::json) : plain_or_quoted(text);
  }
  std::string operator()(std::int64_t number) const { return fmt::format("{}", number); }
  std::string operator()(bool truth) const { return truth ? "true" : "false"; }
};

}  // namespace

std::string format_line(log_format format, std::chrono::system_clock::time_point when, log_level level,
                        std::string_view message, const log_fields& fields) {
  const bool json = format == log_format::json;
  std::string line;
  switch (format) {
    case log_format::text:
      line = fmt::format("{} {} {}", timestamp(when), upper(level), escaped(message, escape_style::hexadecimal, '\0'));
      break;
    case log_format::logfmt:
      line = fmt::format("time={} level={} msg={}", timestamp(when), to_string(level),
                         in_quotes(message, escape_style::hexadecimal));
      break;
    case log_format::json:
      line = fmt::format(R"({{"time":"{}","level":"{}","message":{})", timestamp(when), to_string(level),
                         in_quotes(message, escape_style::json));
      break;
  }
  for (const log_field& field : fields) {
    const std::string value = std::visit(value_writer{json}, field.value);
    line += json ? fmt::format(R"(,"{}":{})", field.key, value) : fmt::format(" {}={}", field.key, value);
  }
  if (json) line += '}';
  return line;
}

void logger::write_line(log_level level, std::string_view message, const log_fields& fields) const {
  std::string line = format_line(format_, std::chrono::system_clock::now(), level, message, fields);
  line += '\n';
  while (::write(descriptor_, line.data(), line.size()) < 0 && errno == EINTR) {
  }
}

void logger::write(log_level level, std::string_view message, log_fields fields) const noexcept try {
  if (!enabled(level)) return;
  // A pipe or socket that polls as writable takes a line of ordinary length without blocking. (To make the descriptor
  // non-blocking would change it for everyone who shares it, such as the shell of a terminal.)
  pollfd room{descriptor_, POLLOUT, 0};
  if (::poll(&room, 1, 0) == 0) {
    ++lost_;
    return;
  }
  if (const std::int64_t lost = std::exchange(lost_, 0); lost > 0) {
    log_fields lost_fields{{"lines", lost}};
    lost_fields.insert(lost_fields.end(), common_.begin(), common_.end());
    write_line(log_level::warn, "log lines were lost for want of a reader", lost_fields);
  }
  fields.insert(fields.end(), common_.begin(), common_.end());
  write_line(level, message, fields);
} catch (...) {
  ++lost_;  // out of memory: a lost line is better than a speaker that stops answering
}

}  // namespace speakerd
