// SPDX-License-Identifier: BSL-1.0

// How the machines' claims are written into records and read back: integers become texts that people can read, and
// whatever a stranger or a hand wrote becomes a claim that is safe to believe. A seal binds each record to the write
// that made it, for other programs keep notes that they do not know. It refuses to judge a claim.
#pragma once

#include "isat/detail/mix.hpp"
#include "isat/election/layout.hpp"
#include "isat/election/lease_claim.hpp"
#include "isat/election/lease_record.hpp"
#include "isat/election/lease_timing.hpp"
#include "isat/election/presence.hpp"

#include <charconv>
#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

namespace isat::inline v0::election {

/// The id of the node with this name; none for an empty name.
constexpr node_id node_named(std::string_view name) noexcept {
  return name.empty() ? node_id{} : static_cast<node_id>(detail::mix(name));
}

namespace codec {

inline std::string to_text(std::uint64_t number, int base = 10) {
  char text[20];
  return {text, std::to_chars(text, text + sizeof text, number, base).ptr};
}

inline std::optional<std::uint64_t> parse(std::string_view text, int base = 10) noexcept {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

// "random-count": who wrote, and which of its writes that was.
inline std::string nonce(std::uint64_t writer, std::uint64_t count) {
  return to_text(writer, 16) + '-' + to_text(count);
}

/// What a nonce is made of.
struct parsed_nonce {
  std::uint64_t writer = 0;
  std::uint64_t count = 0;
};

inline std::optional<parsed_nonce> parse_nonce(std::string_view text) noexcept {
  const auto dash = text.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  const auto writer = parse(text.substr(0, dash), 16);
  const auto count = parse(text.substr(dash + 1));
  if (!writer || !count) return std::nullopt;
  return parsed_nonce{*writer, *count};
}

inline std::string_view note(const record& from, const char* key) noexcept {
  const auto found = from.notes.find(key);
  return found == from.notes.end() ? std::string_view{} : std::string_view{found->second};
}

// What the record carries, and little more than the longest one if that is absurd: nanoseconds would overflow.
inline std::chrono::nanoseconds duration_of(const record& from) noexcept {
  constexpr auto most =
      std::chrono::duration_cast<std::chrono::milliseconds>(lease_timing::duration_max) + std::chrono::milliseconds{1};
  if (from.duration <= std::chrono::milliseconds{0}) return {};
  return from.duration < most ? from.duration : most;
}

constexpr std::string_view to_text(grouping mode) noexcept {
  switch (mode) {
    case grouping::none:
      break;
    case grouping::single:
      return "single";
    case grouping::shards:
      return "shards";
    case grouping::service:
      return "service";
  }
  return "none";
}

/// What a text names; none if that is nothing that is known here.
constexpr grouping parse_grouping(std::string_view text) noexcept {
  for (const grouping each : {grouping::single, grouping::shards, grouping::service}) {
    if (to_text(each) == text) return each;
  }
  return grouping::none;
}

inline void write_layout(record& into, const layout& shape) {
  into.duration = std::chrono::ceil<std::chrono::milliseconds>(shape.duration);
  into.notes["mode"] = to_text(shape.mode);
  into.notes["groups"] = to_text(shape.count);
}

inline std::optional<layout> read_layout(const record& from) noexcept {
  const auto count = parse(note(from, "groups"));
  if (!count || *count > layout::count_max) return std::nullopt;
  const layout read{parse_grouping(note(from, "mode")), static_cast<std::uint32_t>(*count), duration_of(from)};
  return read.is_sound() ? std::optional{read} : std::nullopt;
}

// A way to make groups that a later version has. @pre there is a mode
inline bool is_of_unknown_mode(const record& from) noexcept {
  const std::string_view mode = note(from, "mode");
  return !mode.empty() && parse_grouping(mode) == grouping::none;
}

// Changes when a layout of this version cannot be followed by an older one.
inline constexpr const char* layout_format = "1";

inline std::string milliseconds_text(std::chrono::nanoseconds lasting) {
  return to_text(static_cast<std::uint64_t>(std::chrono::ceil<std::chrono::milliseconds>(lasting).count()));
}

// Ties the parts of a lease or a layout to the write that made it: what was edited since, by hand or by another
// program, shows. Notes of others are not ours to judge.
inline std::string seal(const record& of) {
  std::uint64_t result = 0;
  const auto add = [&result](std::uint64_t part) { result = detail::mix(result ^ part); };
  add(detail::mix(of.holder));
  add(detail::mix(of.nonce));
  add(static_cast<std::uint64_t>(of.duration.count()));
  add(of.term);
  for (const char* key : {"era", "waiting", "released", "released-by", "mode", "groups", "phase", "validity"}) {
    add(detail::mix(note(of, key)));
  }
  return to_text(result, 16);
}

}  // namespace codec

/// The note that asks for a hand-over, and its value: the name of the node that is to hold the record next. Anybody may
/// add it to a record that is held; it is no part of what is sealed.
inline constexpr const char* heir_note = "hand-over-to";

/// The record that makes this claim. @param node the name of the claim's node  @param heir that of its heir
inline record to_record(const lease_claim& claim, std::string_view node, std::string_view heir = {}) {
  record result;
  result.nonce = codec::nonce(claim.writer, claim.attempt);
  result.duration = std::chrono::ceil<std::chrono::milliseconds>(claim.duration);
  result.term = claim.term;
  if (claim.era != 0) result.notes["era"] = codec::to_text(claim.era, 16);
  if (claim.mode == lease_mode::released) {
    result.notes["released"] = "yes";
    result.notes["released-by"] = node;
    if (!heir.empty()) result.notes[heir_note] = heir;
  } else {
    result.holder = node;
    if (claim.mode == lease_mode::waiting) result.notes["waiting"] = "yes";
  }
  result.notes["seal"] = codec::seal(result);
  return result;
}

/// What a record claims. Total: without the seal of one of us it is a stranger's, whose writer is 0, and no mark
/// counts.
inline lease_claim to_lease_claim(const record& from) {
  lease_claim claim;
  const auto nonce = codec::parse_nonce(from.nonce);
  const bool is_ours = nonce && codec::note(from, "seal") == codec::seal(from);
  if (is_ours) {
    claim.writer = nonce->writer;
    claim.attempt = nonce->count;
  }
  claim.era = codec::parse(codec::note(from, "era"), 16).value_or(0);
  claim.term = from.term;
  claim.duration = codec::duration_of(from);
  claim.heir = node_named(codec::note(from, heir_note));
  const auto is_marked = [&](const char* mark) { return is_ours && codec::note(from, mark) == "yes"; };
  if (!from.holder.empty()) {
    claim.mode = is_marked("waiting") ? lease_mode::waiting : lease_mode::held;
    claim.node = node_named(from.holder);
  } else if (is_marked("released")) {
    claim.mode = lease_mode::released;
    claim.node = node_named(codec::note(from, "released-by"));
  } else {
    claim.mode = lease_mode::vacant;
  }
  return claim;
}

/// The record of a layout. @param validity L, how long a read of it lets answer
inline record to_record(const layout_claim& claim, std::chrono::nanoseconds validity) {
  record result;
  result.nonce = codec::to_text(claim.era, 16);
  codec::write_layout(result, claim.shape);
  result.notes["phase"] = claim.phase == layout_phase::open ? "open" : "opening";
  result.notes["validity"] = codec::milliseconds_text(validity);
  result.notes["format"] = codec::layout_format;
  result.notes["seal"] = codec::seal(result);
  return result;
}

/// What a record says of the layout; without a phase if it is none, or was edited. One of another format, of a mode
/// that is not known here, or of another validity than `validity`, is foreign: whoever follows it may be right.
inline layout_claim to_layout_claim(const record& from, std::chrono::nanoseconds validity) {
  const std::string_view format = codec::note(from, "format");
  if (format.empty()) return {};
  if (format != codec::layout_format) return {layout_phase::foreign, {}, 0};
  const auto shape = codec::read_layout(from);
  const auto era = codec::parse(from.nonce, 16);
  const std::string_view phase = codec::note(from, "phase");
  const bool is_unknown = codec::is_of_unknown_mode(from);
  if ((!shape && !is_unknown) || !era || *era == 0 || (phase != "open" && phase != "opening")) return {};
  if (codec::note(from, "seal") != codec::seal(from)) return {};
  if (is_unknown) return {layout_phase::foreign, {}, 0};
  if (codec::note(from, "validity") != codec::milliseconds_text(validity)) return {layout_phase::foreign, {}, 0};
  return {phase == "open" ? layout_phase::open : layout_phase::opening, *shape, *era};
}

/// The record of a presence. @param node the name of the claim's node
inline record to_record(const presence_claim& claim, std::string_view node) {
  record result;
  result.holder = node;
  result.nonce = codec::nonce(claim.process, claim.beat);
  codec::write_layout(result, claim.wish);
  if (!claim.candidate) result.notes["candidate"] = "no";
  return result;
}

/// What a record says of a presence; the default layout if it says none, and one that nobody can wish if its mode is
/// not known here: else that would be taken for a consent.
inline presence_claim to_presence_claim(const record& from) noexcept {
  const auto nonce = codec::parse_nonce(from.nonce).value_or(codec::parsed_nonce{});
  const layout otherwise = codec::is_of_unknown_mode(from) ? layout{grouping::none, 0, {}} : layout{};
  return {node_named(from.holder), nonce.writer, nonce.count, codec::read_layout(from).value_or(otherwise),
          codec::note(from, "candidate") != "no"};
}

}  // namespace isat::inline v0::election
