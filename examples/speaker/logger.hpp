// SPDX-License-Identifier: BSL-1.0

// The daemon's log: one line per message on a file descriptor, in one of three formats, below a level. It owns no file,
// rotates nothing and keeps nothing; what must not be logged often is folded before it comes here.
#pragma once

#include "options.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace speakerd {

/// One `key=value` of a log line. Numbers and truth values stay what they are in JSON.
struct log_field {
  std::string_view key;  ///< lower case with underscores
  std::variant<std::string, std::int64_t, bool> value;
};

using log_fields = std::vector<log_field>;

/// One line without its newline, as `format` has it.
/// text: `TIME LEVEL message key=value`; logfmt: `time=TIME level=LEVEL msg="message" key=value`; json: one object.
/// Times are RFC 3339, UTC, with milliseconds.
std::string format_line(log_format format, std::chrono::system_clock::time_point when, log_level level,
                        std::string_view message, const log_fields& fields);

/// Writes lines of at most `level` (error is the least) to a descriptor, each by one system call. A reader that does
/// not read (a stopped terminal, a stuck journal) must not keep the speaker from answering: lines that find no room are
/// lost and counted, and the count is logged when there is room again.
class logger {
 public:
  /// @param common are put at the end of every line
  logger(int descriptor, log_level level, log_format format, log_fields common)
      : descriptor_{descriptor}, level_{level}, format_{format}, common_{std::move(common)} {}

  bool enabled(log_level level) const noexcept { return level <= level_; }

  void write(log_level level, std::string_view message, log_fields fields = {}) const noexcept;

  void error(std::string_view message, log_fields fields = {}) const noexcept {
    write(log_level::error, message, std::move(fields));
  }
  void warn(std::string_view message, log_fields fields = {}) const noexcept {
    write(log_level::warn, message, std::move(fields));
  }
  void info(std::string_view message, log_fields fields = {}) const noexcept {
    write(log_level::info, message, std::move(fields));
  }
  void debug(std::string_view message, log_fields fields = {}) const noexcept {
    write(log_level::debug, message, std::move(fields));
  }

 private:
  void write_line(log_level level, std::string_view message, const log_fields& fields) const;

  int descriptor_;
  log_level level_;
  log_format format_;
  log_fields common_;
  mutable std::int64_t lost_ = 0;  // lines since the last one that was written
};

}  // namespace speakerd
