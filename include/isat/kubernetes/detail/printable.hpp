// SPDX-License-Identifier: BSL-1.0

// Texts of peers, files and plugins on their way into messages and logs: they are cut to a length that is known, and
// can move no cursor and begin no line. It refuses to judge what they say; whether one may be shown at all, as a secret
// must not be, is for whoever shows it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace isat::inline v0::kubernetes::detail {

/// The longest beginning of a UTF-8 text that has at most `octets_max` octets and ends with a whole character; control
/// characters become spaces.
inline std::string printable(std::string_view text, std::size_t octets_max) {
  if (text.size() > octets_max) {
    const auto continues = [&text](std::size_t at) { return (static_cast<unsigned char>(text[at]) & 0xc0U) == 0x80U; };
    std::size_t end = octets_max;
    while (end > 0 && continues(end)) --end;
    text = text.substr(0, end);
  }
  std::string result{text};
  for (char& each : result) {
    if (static_cast<unsigned char>(each) < 0x20U || each == 0x7f) each = ' ';
  }
  return result;
}

}  // namespace isat::inline v0::kubernetes::detail
