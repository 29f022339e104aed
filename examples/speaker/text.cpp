// SPDX-License-Identifier: BSL-1.0

#include "text.hpp"

#include <fmt/format.h>

namespace speakerd {

namespace {

constexpr unsigned char byte_at(std::string_view text, std::size_t at) { return static_cast<unsigned char>(text[at]); }

/// The length of the well-formed UTF-8 sequence at the front of `text` (RFC 3629, section 4), or 0.
std::size_t utf8_length(std::string_view text) {
  const unsigned char first = byte_at(text, 0);
  if (first < 0x80) return 1;
  const std::size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || text.size() < length) return 0;
  for (std::size_t at = 1; at < length; ++at) {
    if ((byte_at(text, at) & 0xc0U) != 0x80) return 0;
  }
  const unsigned char second = byte_at(text, 1);
  const bool overlong = (first == 0xe0 && second < 0xa0) || (first == 0xf0 && second < 0x90);
  const bool surrogate = first == 0xed && second >= 0xa0;
  const bool too_large = first == 0xf4 && second >= 0x90;
  return overlong || surrogate || too_large ? 0 : length;
}

/// C1 controls (U+0080 .. U+009F) steer terminals as the C0 ones do.
bool is_c1_control(std::string_view sequence) {
  return sequence.size() == 2 && byte_at(sequence, 0) == 0xc2 && byte_at(sequence, 1) < 0xa0;
}

void append_control(std::string& out, unsigned char code, escape_style style) {
  if (code == '\n') {
    out += "\\n";
  } else if (code == '\t') {
    out += "\\t";
  } else if (style == escape_style::json) {
    out += fmt::format("\\u{:04x}", code);
  } else {
    out += fmt::format("\\x{:02x}", code);
  }
}

}  // namespace

std::string escaped(std::string_view text, escape_style style, char quote) {
  std::string out;
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    const unsigned char first = byte_at(text, 0);
    if (length == 0) {
      out += style == escape_style::json ? std::string{"\\ufffd"} : fmt::format("\\x{:02x}", first);
    } else if (is_c1_control(text.substr(0, length))) {
      append_control(out, byte_at(text, 1), style);
    } else if (first < 0x20 || first == 0x7f) {
      append_control(out, first, style);
    } else {
      if (text[0] == quote || text[0] == '\\') out += '\\';
      out += text.substr(0, length);
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
  return out;
}

bool is_printable(std::string_view text) noexcept {
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    const unsigned char first = byte_at(text, 0);
    if (length == 0 || first < 0x20 || first == 0x7f || is_c1_control(text.substr(0, length))) return false;
    text.remove_prefix(length);
  }
  return true;
}

std::string quoted(std::string_view text) {
  constexpr std::size_t longest = 80;
  const bool cut = text.size() > longest;
  return "'" + escaped(text.substr(0, longest), escape_style::hexadecimal, '\'') + (cut ? "...'" : "'");
}

std::string counted(std::size_t count, std::string_view noun) {
  const std::string_view plural = noun.ends_with('s') ? "es" : "s";
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : plural);
}

}  // namespace speakerd
