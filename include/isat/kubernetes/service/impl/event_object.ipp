// SPDX-License-Identifier: BSL-1.0

// The bodies of detail/event_object.hpp. Compiled into the library, or included by that header; never by itself.
#pragma once

#include "isat/detail/mix.hpp"
#include "isat/detail/random_number.hpp"
#include "isat/kubernetes/detail/printable.hpp"
#include "isat/kubernetes/service/detail/event_object.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <utility>

namespace isat::inline v0::kubernetes::detail {

inline std::string_view to_word(event_type type) noexcept { return type == event_type::warning ? "Warning" : "Normal"; }

ISAT_INLINE std::string event_name(const service_event& fact, std::chrono::seconds window, micro_time now) {
  const auto length = std::max(window, std::chrono::seconds{1});
  std::uint64_t hash = static_cast<std::uint64_t>(now.time_since_epoch() / length);
  const std::string_view texts[] = {fact.service.uid, to_word(fact.type), fact.reason,
                                    fact.action,      fact.note,          fact.occasion};
  for (const std::string_view text : texts) hash = isat::detail::mix(hash ^ isat::detail::mix(text));
  // A Service's name has 63 octets at most, but whoever records may not keep to that.
  return fact.service.name.name.substr(0, 200) + '.' + isat::detail::hex_text(hash);
}

ISAT_INLINE boost::json::object make_event(const service_event& fact, const event_recorder_options& who,
                                           std::string_view name, micro_time now) {
  const auto word = [](const std::string& text) { return printable(text, event_word_max); };
  boost::json::object regarding{{"apiVersion", "v1"},
                                {"kind", "Service"},
                                {"namespace", fact.service.name.name_space},
                                {"name", fact.service.name.name},
                                {"uid", fact.service.uid}};
  return {{"apiVersion", "events.k8s.io/v1"},
          {"kind", "Event"},
          {"metadata", boost::json::object{{"name", name}, {"namespace", fact.service.name.name_space}}},
          {"eventTime", to_text(now)},
          {"reportingController", who.controller},
          {"reportingInstance", word(who.node_name)},
          {"action", word(fact.action)},
          {"reason", word(fact.reason)},
          {"type", to_word(fact.type)},
          {"note", printable(fact.note, event_note_max)},
          {"regarding", std::move(regarding)}};
}

}  // namespace isat::inline v0::kubernetes::detail
