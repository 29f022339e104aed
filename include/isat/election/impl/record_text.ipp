// SPDX-License-Identifier: BSL-1.0

// The bodies of record_text.hpp. Compiled into the library, or included by that header; never by itself.
#pragma once

#include "isat/election/record_text.hpp"

#include <chrono>

namespace isat::inline v0::election {

ISAT_INLINE std::string record_text::write(const stored_record& stored) {
  std::string text = std::string{first_line} + "writer " + escaped(stored.writer.file) + ' ' +
                     std::to_string(stored.writer.inode) + '\n';
  if (!stored.value) return text + "removed\nend\n";
  const record& value = *stored.value;
  text += "holder " + escaped(value.holder) + "\nnonce " + escaped(value.nonce) + "\nduration " +
          std::to_string(value.duration.count()) + "\nterm " + std::to_string(value.term) + '\n';
  for (const auto& [key, note] : value.notes) text += "note " + escaped(key) + ' ' + escaped(note) + '\n';
  return text + "end\n";
}

ISAT_INLINE std::optional<stored_record> record_text::read(std::string_view text) {
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

ISAT_INLINE std::string record_text::to_file_name(std::string_view name) {
  if (name.empty()) return "%";
  std::string text;
  for (const char c : name) {
    const bool kept = is_alphanumeric(c) || c == '-' || c == '_' || (c == '.' && !text.empty());
    kept ? text.push_back(c) : append_escape(text, c);
  }
  return text;
}

ISAT_INLINE std::optional<std::string> record_text::from_file_name(std::string_view file_name) {
  std::string name;
  if (file_name != "%" && !unescape(file_name, name)) return std::nullopt;
  return to_file_name(name) == file_name ? std::optional{std::move(name)} : std::nullopt;
}

ISAT_INLINE void record_text::append_escape(std::string& text, char c) {
  constexpr std::string_view digits = "0123456789abcdef";
  const unsigned value = static_cast<unsigned char>(c);
  text += '%';
  text += digits[value >> 4U];
  text += digits[value & 15U];
}

ISAT_INLINE std::string record_text::escaped(std::string_view raw) {
  std::string text;
  for (const char c : raw) {
    const bool kept = c > ' ' && c < 0x7f && c != '%';
    kept ? text.push_back(c) : append_escape(text, c);
  }
  return text;
}

ISAT_INLINE bool record_text::unescape(std::string_view text, std::string& raw) {
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

ISAT_INLINE std::optional<std::string_view> record_text::line_of(std::string_view& text, std::string_view key) {
  const auto end = text.find('\n');
  if (!text.starts_with(key) || end == std::string_view::npos) return std::nullopt;
  const auto rest = text.substr(key.size(), end - key.size());
  text.remove_prefix(end + 1);
  return rest;
}

ISAT_INLINE std::optional<std::pair<std::string_view, std::string_view>> record_text::split(
    std::optional<std::string_view> line) {
  const auto space = line ? line->find(' ') : std::string_view::npos;
  if (space == std::string_view::npos) return std::nullopt;
  return std::pair{line->substr(0, space), line->substr(space + 1)};
}

ISAT_INLINE bool record_text::read_value(std::string_view text, record& value) {
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

}  // namespace isat::inline v0::election
