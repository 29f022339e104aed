// SPDX-License-Identifier: BSL-1.0

// How a fact about a Service looks as an Event object, and what that is called: what is the same fact in the same
// window of time has the same name, whoever tells it. It refuses to send anything.
// @see Kubernetes API reference, events.k8s.io/v1
#pragma once

#include "isat/detail/build.hpp"
#include "isat/kubernetes/lease/micro_time.hpp"
#include "isat/kubernetes/service/event_recorder.hpp"

#include <boost/json/object.hpp>

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

namespace isat::inline v0::kubernetes::detail {

inline constexpr std::size_t event_word_max = 128;   // octets of reason, action and instance
inline constexpr std::size_t event_note_max = 1024;  // octets of a note

/// NAME.HASH, at most 253 octets. @param now by the wall clock: it says which window it is
std::string event_name(const service_event& fact, std::chrono::seconds window, micro_time now);

/// The Event that tells `fact`, under that name.
boost::json::object make_event(const service_event& fact, const event_recorder_options& who, std::string_view name,
                               micro_time now);

}  // namespace isat::inline v0::kubernetes::detail

#if ISAT_HEADER_ONLY
#include "isat/kubernetes/service/impl/event_object.ipp"
#endif
