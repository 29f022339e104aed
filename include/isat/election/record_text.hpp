// SPDX-License-Identifier: BSL-1.0

// How a file_store writes records: as lines that people can read, with the writer's sign of life; and record names as
// names of directories. Reading is total: what is not wholly as it was written, say after a crash of the host, is no
// record. It refuses to touch files.
#pragma once

#include "isat/detail/build.hpp"
#include "isat/election/lease_record.hpp"

#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace isat::inline v0::election {

/// Where it can be seen whether a writer lives: the file that it keeps locked.
struct writer_mark {
  std::string file;       ///< its name in the directory of such files; empty for unknown
  std::uint64_t inode{};  ///< of that very file

  friend bool operator==(const writer_mark&, const writer_mark&) = default;
};

/// One version of a record: what it says (nothing: removed), and who wrote it.
struct stored_record {
  std::optional<record> value;
  writer_mark writer;

  friend bool operator==(const stored_record&, const stored_record&) = default;
};

/// Reads and writes stored records and names.
class ISAT_API record_text {
 public:
  /// The record as text, in lines that end with a newline.
  static std::string write(const stored_record& stored);

  /// Reads what write() writes; no value for anything else, however little is missing.
  static std::optional<stored_record> read(std::string_view text);

  /// A name of a directory for a record's name, different for every name; never empty and never with a dot in front.
  static std::string to_file_name(std::string_view name);

  /// The record's name for which to_file_name() gives this; no value if there is none.
  static std::optional<std::string> from_file_name(std::string_view file_name);

 private:
  static constexpr std::string_view first_line = "isat-record 1\n";

  static constexpr bool is_alphanumeric(char c) noexcept {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  }

  static void append_escape(std::string& text, char c);

  static std::string escaped(std::string_view raw);

  static bool unescape(std::string_view text, std::string& raw);

  template <class Number>
  static bool number(std::string_view digits, Number& into, int base = 10) {
    const auto [stop, failed] = std::from_chars(digits.data(), digits.data() + digits.size(), into, base);
    return failed == std::errc{} && stop == digits.data() + digits.size();
  }

  // Takes one line off `text` if it begins with `key`: what follows the key.
  static std::optional<std::string_view> line_of(std::string_view& text, std::string_view key);

  static std::optional<std::pair<std::string_view, std::string_view>> split(std::optional<std::string_view> line);

  static bool read_value(std::string_view text, record& value);
};

}  // namespace isat::inline v0::election

#if ISAT_HEADER_ONLY
#include "isat/election/impl/record_text.ipp"
#endif
