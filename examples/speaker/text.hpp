// SPDX-License-Identifier: BSL-1.0

// Text that came from outside, made fit for one line of output: control bytes and broken UTF-8 never reach a terminal
// or a log as they are. Every sentence and every log line goes through here.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace speakerd {

/// What stands for a byte that cannot be printed.
enum class escape_style : unsigned char {
  hexadecimal = 1,  ///< `\x1b`: for people
  json = 2,         ///< RFC 8259, section 7; a byte that is not UTF-8 becomes U+FFFD
};

/// `text` with control characters, quotes `quote`, backslashes and invalid UTF-8 escaped.
std::string escaped(std::string_view text, escape_style style, char quote = '"');

/// True for UTF-8 without control characters.
bool is_printable(std::string_view text) noexcept;

/// `text` between single quotes for a sentence, escaped, and cut when it is long.
std::string quoted(std::string_view text);

/// `1 VIP`, `2 VIPs`, `2 addresses`.
std::string counted(std::size_t count, std::string_view noun);

}  // namespace speakerd
