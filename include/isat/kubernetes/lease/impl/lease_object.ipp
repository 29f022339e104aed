// SPDX-License-Identifier: BSL-1.0

// The bodies of lease_object.hpp. Compiled into the library, or included by that header; never by itself.
#pragma once

#include "isat/detail/mix.hpp"
#include "isat/election/lease_rules.hpp"
#include "isat/kubernetes/detail/decimal.hpp"
#include "isat/kubernetes/detail/json_member.hpp"
#include "isat/kubernetes/lease/detail/lease_object.hpp"

#include <boost/json/value.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <utility>

namespace isat::inline v0::kubernetes::detail {

namespace json = boost::json;

inline constexpr std::string_view note_prefix = "isat/";
inline constexpr std::int64_t transitions_max = std::numeric_limits<std::int32_t>::max();

// What a record's own members are called; no note may have these names.
inline constexpr std::string_view reserved_notes[] = {"node", "nonce", "duration", "term", "written"};

// ---- Reading ----

ISAT_INLINE std::optional<election::version> version_of(std::string_view uid,
                                                        std::string_view resource_version) noexcept {
  const auto number = decimal<std::uint64_t>(resource_version);
  if (uid.empty() || !number || *number == 0) return std::nullopt;
  // Zero is the incarnation of what is not there.
  return election::version{std::max<std::uint64_t>(isat::detail::mix(uid), 1), *number};
}

// What other candidates are told to wait; a released record says what client-go's says.
inline std::int64_t seconds_of(const election::record& of) noexcept {
  return of.holder.empty() ? 1 : std::max<std::int64_t>(election::lease_rules::whole_seconds(of.duration).count(), 1);
}

// The record that the annotations tell, if they agree with the spec.
inline std::optional<election::record> read_own(const json::object& spec, const json::object& annotations) {
  const auto own = [&annotations](std::string_view key) {
    return text_in(annotations, std::string{note_prefix}.append(key));
  };
  const auto duration = decimal<std::uint64_t>(own("duration"));
  const std::string_view holder = text_in(spec, "holderIdentity");
  election::record result;
  result.holder = own("node");
  const bool is_holder = holder.size() > result.holder.size() && holder.starts_with(result.holder) &&
                         holder[result.holder.size()] == '_' && !result.holder.empty();
  if (!is_holder && !(holder.empty() && result.holder.empty())) return std::nullopt;
  if (!duration || *duration > std::uint64_t{std::numeric_limits<std::int32_t>::max()} * 1000) return std::nullopt;
  if (own("written").empty() || own("written") != text_in(spec, "renewTime")) return std::nullopt;
  result.nonce = own("nonce");
  result.duration = std::chrono::milliseconds{*duration};
  if (number_in(spec, "leaseDurationSeconds") != seconds_of(result)) return std::nullopt;
  result.term = static_cast<std::uint64_t>(std::max<std::int64_t>(number_in(spec, "leaseTransitions"), 0));
  const auto long_term = decimal<std::uint64_t>(own("term"));
  if (long_term && *long_term > static_cast<std::uint64_t>(transitions_max)) {
    if (result.term != static_cast<std::uint64_t>(transitions_max)) return std::nullopt;
    result.term = *long_term;
  }
  for (const auto& [key, value] : annotations) {
    if (!key.starts_with(note_prefix) || !value.is_string()) continue;
    const std::string_view name = std::string_view{key}.substr(note_prefix.size());
    if (std::ranges::find(reserved_notes, name) != std::end(reserved_notes)) continue;
    result.notes.emplace(name, std::string_view{value.get_string()});
  }
  return result;
}

inline election::record read_foreign(const json::object& spec) {
  election::record result;
  result.holder = text_in(spec, "holderIdentity");
  const std::int64_t seconds = std::max<std::int64_t>(number_in(spec, "leaseDurationSeconds"), 0);
  result.duration = std::chrono::seconds{std::min<std::int64_t>(seconds, transitions_max)};
  result.term = static_cast<std::uint64_t>(std::max<std::int64_t>(number_in(spec, "leaseTransitions"), 0));
  return result;
}

ISAT_INLINE std::optional<lease_object> read_lease(const json::object& lease) {
  const json::object& metadata = object_in(lease, "metadata");
  const json::object& spec = object_in(lease, "spec");
  const std::string_view name = text_in(metadata, "name");
  lease_object result;
  result.uid = text_in(metadata, "uid");
  const auto version = version_of(result.uid, text_in(metadata, "resourceVersion"));
  if (name.empty() || !version) return std::nullopt;
  auto own = read_own(spec, object_in(metadata, "annotations"));
  result.found = {std::string{name}, *version, own ? std::move(*own) : read_foreign(spec), false};
  result.acquire_time = text_in(spec, "acquireTime");
  result.labelled = object_in(metadata, "labels").contains(record_label);
  result.metadata = metadata;
  for (const char* key : {"managedFields", "creationTimestamp", "generation", "selfLink"}) result.metadata.erase(key);
  return result;
}

// ---- Writing ----

inline void put_annotations(json::object& into, const election::record& value, std::string_view written) {
  json::object kept;
  for (const auto& [key, text] : into) {
    if (!key.starts_with(note_prefix)) kept.emplace(key, text);
  }
  const auto put = [&kept](std::string_view key, std::string_view text) {
    kept.insert_or_assign(std::string{note_prefix}.append(key), text);
  };
  for (const auto& [key, text] : value.notes) put(key, text);
  put("node", value.holder);
  put("nonce", value.nonce);
  put("duration", std::to_string(value.duration.count()));
  put("written", written);
  if (value.term > static_cast<std::uint64_t>(transitions_max)) put("term", std::to_string(value.term));
  into = std::move(kept);
}

ISAT_INLINE json::object make_lease(const election::entry& next, const lease_writing& how) {
  const election::record& value = *next.value;
  const std::string now = to_text(how.now);
  json::object metadata;
  const bool replaces = how.before != nullptr;
  if (replaces) metadata = how.before->metadata;
  metadata["name"] = next.name;
  metadata["namespace"] = how.name_space;
  if (replaces) {
    metadata["uid"] = how.before->uid;
    metadata["resourceVersion"] = std::to_string(next.at.number);
  }
  if (!metadata["labels"].is_object()) metadata["labels"] = json::object{};
  metadata["labels"].get_object()[record_label] = "yes";
  if (!metadata["annotations"].is_object()) metadata["annotations"] = json::object{};
  put_annotations(metadata["annotations"].get_object(), value, now);

  json::object spec;
  spec["holderIdentity"] = value.holder.empty() ? std::string{} : value.holder + '_' + std::string{how.identity};
  spec["leaseDurationSeconds"] = seconds_of(value);
  // One term, one time of acquisition; client-go's release makes it the time of the release.
  const bool same_term = replaces && how.before->found.value && how.before->found.value->term == value.term &&
                         how.before->found.value->holder == value.holder && !value.holder.empty();
  spec["acquireTime"] = same_term && !how.before->acquire_time.empty() ? how.before->acquire_time : now;
  spec["renewTime"] = now;
  spec["leaseTransitions"] =
      static_cast<std::int64_t>(std::min<std::uint64_t>(value.term, static_cast<std::uint64_t>(transitions_max)));
  json::object lease;
  lease["apiVersion"] = lease_api_version;
  lease["kind"] = "Lease";
  lease["metadata"] = std::move(metadata);
  lease["spec"] = std::move(spec);
  return lease;
}

// ---- What can be written ----

ISAT_INLINE bool is_lease_name(std::string_view name) noexcept {
  if (name.empty() || name.size() > 253) return false;
  char before = '.';
  for (const char c : name) {
    const bool alphanumeric = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    if (!alphanumeric && c != '-' && c != '.') return false;
    if (!alphanumeric && before == '.') return false;
    if (c == '.' && before == '-') return false;
    before = c;
  }
  return before != '-' && before != '.';
}

// The part of an annotation's key after the slash.
inline bool is_note_key(std::string_view key) noexcept {
  const auto alphanumeric = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  };
  if (key.empty() || key.size() > 63 || !alphanumeric(key.front()) || !alphanumeric(key.back())) return false;
  return std::ranges::all_of(key, [&](char c) { return alphanumeric(c) || c == '-' || c == '_' || c == '.'; }) &&
         std::ranges::find(reserved_notes, key) == std::end(reserved_notes);
}

// UTF-8 (RFC 3629) as far as a JSON parser asks for it: no broken, overlong or surrogate sequence.
inline bool is_utf8(std::string_view text) noexcept {
  for (std::size_t at = 0; at < text.size();) {
    const auto first = static_cast<unsigned char>(text[at++]);
    if (first < 0x80) continue;
    const int more = first >= 0xf0 ? 3 : first >= 0xe0 ? 2 : 1;
    if (first < 0xc2 || first > 0xf4) return false;
    std::uint32_t point = first & (0x3fU >> more);
    for (int i = 0; i < more; ++i, ++at) {
      if (at == text.size() || (static_cast<unsigned char>(text[at]) & 0xc0U) != 0x80U) return false;
      point = point << 6U | (static_cast<unsigned char>(text[at]) & 0x3fU);
    }
    const bool overlong = (more == 2 && point < 0x800) || (more == 3 && point < 0x10000);
    if (overlong || (point >= 0xd800 && point <= 0xdfff) || point > 0x10ffff) return false;
  }
  return true;
}

ISAT_INLINE bool can_be_written(const election::entry& next) noexcept {
  if (!is_lease_name(next.name)) return false;
  if (!next.value) return true;
  const election::record& value = *next.value;
  const auto note_fits = [](const auto& note) { return is_note_key(note.first) && is_utf8(note.second); };
  return is_utf8(value.holder) && is_utf8(value.nonce) && std::ranges::all_of(value.notes, note_fits) &&
         value.duration >= std::chrono::milliseconds{0} &&
         value.duration <= std::chrono::milliseconds{std::chrono::hours{24 * 365}};
}

}  // namespace isat::inline v0::kubernetes::detail
