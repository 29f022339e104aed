// SPDX-License-Identifier: BSL-1.0

// How a file_store writes records: as lines that people can read, with the writer's sign of life; and record names as
// names of directories. Reading is total: what is not wholly as it was written, say after a crash of the host, is no
// record. It refuses to touch files.
#pragma once

#include "isat/election/lease_record.hpp"

#include <charconv>
#include <chrono>
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
class record_text {
 public:
  /// The record as text, in lines that end with a newline.
  static std::string write(const stored_record& stored) {
    std::string text = std::string{first_line} + "writer " + escaped(stored.writer.file) + ' ' +
                       std::to_string(stored.writer.inode) + '\n';
    if (!stored.value) return text + "removed\nend\n";
    const record& value = *stored.value;
    text += "holder " + escaped(value.holder) + "\nnonce " + escaped(value.nonce) + "\nduration " +
            std::to_string(value.duration.count()) + "\nterm " + std::to_string(value.term) + '\n';
    for (const auto& [key, note] : value.notes) text += "note " + escaped(key) + ' ' + escaped(note) + '\n';
    return text + "end\n";
  }

  /// Reads what write() writes; no value for anything else, however little is missing.
  static std::optional<stored_record> read(std::string_view text) {
    if (!text.starts_with(first_line)) return std::nullopt;
    text.remove_prefix(first_line.size());
    stored_record stored;
    const auto writer = split(line_of(text, "writer "));
    if (!writer || !unescape(writer->first, stored.writer.file) || !number(writer->second, stored.writer.inode)) {
      return std::nullopt;
    }
    if (text == "removed\nend\n") return stored;
    if (!read_value(text, stored.value.emplace())) return std::nullopt;
    return stored;
  }

  /// A name of a directory for a record's name, different for every name; never empty and never with a dot in front.
  static std::string to_file_name(std::string_view name) {
    if (name.empty()) return "%";
    std::string text;
    for (const char c : name) {
      const bool kept = is_alphanumeric(c) || c == '-' || c == '_' || (c == '.' && !text.empty());
      kept ? text.push_back(c) : append_escape(text, c);
    }
    return text;
  }

  /// The record's name for which to_file_name() gives this; no value if there is none.
  static std::optional<std::string> from_file_name(std::string_view file_name) {
    std::string name;
    if (file_name != "%" && !unescape(file_name, name)) return std::nullopt;
    return to_file_name(name) == file_name ? std::optional{std::move(name)} : std::nullopt;
  }

 private:
  static constexpr std::string_view first_line = "isat-record 1\n";

  static constexpr bool is_alphanumeric(char c) noexcept {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  }

  static void append_escape(std::string& text, char c) {
    constexpr std::string_view digits = "0123456789abcdef";
    const unsigned value = static_cast<unsigned char>(c);
    text += '%';
    text += digits[value >> 4U];
    text += digits[value & 15U];
  }

  static std::string escaped(std::string_view raw) {
    std::string text;
    for (const char c : raw) {
      const bool kept = c > ' ' && c < 0x7f && c != '%';
      kept ? text.push_back(c) : append_escape(text, c);
    }
    return text;
  }

  static bool unescape(std::string_view text, std::string& raw) {
    raw.clear();
    while (!text.empty()) {
      if (text.front() != '%') {
        raw.push_back(text.front());
        text.remove_prefix(1);
        continue;
      }
      unsigned value = 0;
      if (text.size() < 3 || !number(text.substr(1, 2), value, 16)) return false;
      raw.push_back(static_cast<char>(value));
      text.remove_prefix(3);
    }
    return true;
  }

  template <class Number>
  static bool number(std::string_view digits, Number& into, int base = 10) {
    const auto [stop, failed] = std::from_chars(digits.data(), digits.data() + digits.size(), into, base);
    return failed == std::errc{} && stop == digits.data() + digits.size();
  }

  // Takes one line off `text` if it begins with `key`: what follows the key.
  static std::optional<std::string_view> line_of(std::string_view& text, std::string_view key) {
    const auto end = text.find('\n');
    if (!text.starts_with(key) || end == std::string_view::npos) return std::nullopt;
    const auto rest = text.substr(key.size(), end - key.size());
    text.remove_prefix(end + 1);
    return rest;
  }

  static std::optional<std::pair<std::string_view, std::string_view>> split(std::optional<std::string_view> line) {
    const auto space = line ? line->find(' ') : std::string_view::npos;
    if (space == std::string_view::npos) return std::nullopt;
    return std::pair{line->substr(0, space), line->substr(space + 1)};
  }

  static bool read_value(std::string_view text, record& value) {
    const auto holder = line_of(text, "holder ");
    const auto nonce = line_of(text, "nonce ");
    const auto duration = line_of(text, "duration ");
    const auto term = line_of(text, "term ");
    std::chrono::milliseconds::rep milliseconds{};
    if (!holder || !nonce || !duration || !term || !unescape(*holder, value.holder) || !unescape(*nonce, value.nonce) ||
        !number(*duration, milliseconds) || !number(*term, value.term)) {
      return false;
    }
    value.duration = std::chrono::milliseconds{milliseconds};
    while (text.starts_with("note ")) {
      const auto note = split(line_of(text, "note "));
      std::string key;
      std::string what;
      if (!note || !unescape(note->first, key) || !unescape(note->second, what)) return false;
      value.notes.insert_or_assign(std::move(key), std::move(what));
    }
    return text == "end\n";
  }
};

}  // namespace isat::inline v0::election
