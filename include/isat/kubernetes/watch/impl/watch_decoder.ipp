// SPDX-License-Identifier: BSL-1.0

// The bodies of watch_decoder.hpp. Compiled into the library, or included by that header; never by itself.
#pragma once

#include "isat/kubernetes/detail/json_member.hpp"
#include "isat/kubernetes/detail/parse_options.hpp"
#include "isat/kubernetes/detail/printable.hpp"
#include "isat/kubernetes/detail/status_object.hpp"
#include "isat/kubernetes/error.hpp"
#include "isat/kubernetes/watch/watch_decoder.hpp"

#include <boost/json/kind.hpp>
#include <boost/json/monotonic_resource.hpp>
#include <boost/json/object.hpp>
#include <boost/json/storage_ptr.hpp>
#include <boost/json/stream_parser.hpp>
#include <boost/json/string.hpp>
#include <boost/json/value.hpp>

#include <algorithm>
#include <optional>

namespace isat::inline v0::kubernetes {

namespace detail {

ISAT_INLINE watch_event_type type_of_event(std::string_view text) noexcept {
  if (text == "ADDED") return watch_event_type::added;
  if (text == "MODIFIED") return watch_event_type::modified;
  if (text == "DELETED") return watch_event_type::deleted;
  if (text == "BOOKMARK") return watch_event_type::bookmark;
  if (text == "ERROR") return watch_event_type::error;
  return watch_event_type::none;
}

ISAT_INLINE watch_status status_of(const boost::json::object& object) {
  watch_status status;
  status.reason = printable(text_in(object, "reason"), reason_max);
  status.message = printable(text_in(object, "message"), message_max);
  const auto code = number_in(object, "code");
  if (code >= 100 && code <= 599) status.code = static_cast<unsigned>(code);
  if (status.reason == "Expired" || status.reason == "Gone") status.code = 410;
  return status;
}

}  // namespace detail

ISAT_INLINE resource_version version_of(const boost::json::object& object) {
  return resource_version{detail::text_in(detail::object_in(object, "metadata"), "resourceVersion")};
}

class watch_decoder::state {
 public:
  explicit state(std::size_t event_max) : event_max_{event_max} {}

  watch_step next(std::string_view& octets) {
    clear_event();
    while (!error && !octets.empty()) {
      const std::size_t end = std::min(octets.find('\n'), octets.size());
      take(octets.substr(0, end));
      octets.remove_prefix(end);
      if (error || octets.empty()) break;
      octets.remove_prefix(1);
      if (size_ != 0 && end_line()) return watch_step::event;
    }
    return error ? watch_step::failed : watch_step::more;
  }

  void clear_event() noexcept {
    type = watch_event_type::none;
    object = nullptr;
    event_.reset();  // with its memory
    version = {};
    status = {};
  }

  watch_event_type type{};
  boost::json::object* object = nullptr;
  resource_version version;
  watch_status status;
  error_code error;

 private:
  /// A part of a line.
  void take(std::string_view part) {
    if (size_ == 0) part.remove_prefix(std::min(part.find_first_not_of(" \t\r"), part.size()));
    if (part.empty()) return;
    if (part.size() > event_max_ - size_) return fail(error::answer_too_large);
    if (size_ == 0) parser_.reset(boost::json::make_shared_resource<boost::json::monotonic_resource>());
    size_ += part.size();
    error_code failure;
    parser_.write(part.data(), part.size(), failure);
    if (failure) fail(error::malformed_answer);
  }

  /// The line is complete: true if it holds an event that is known.
  bool end_line() {
    size_ = 0;
    error_code failure;
    parser_.finish(failure);
    if (failure) return fail(error::malformed_answer), false;
    event_.emplace(parser_.release());  // an assignment would copy, from one memory resource into another
    parser_.reset();                    // so that nothing but the event holds its memory
    auto* const members = event_->if_object();
    if (members == nullptr) return fail(error::malformed_answer), false;
    type = detail::type_of_event(detail::text_in(*members, "type"));
    if (type == watch_event_type::none) return false;
    auto* const inner = members->if_contains("object");
    object = inner != nullptr ? inner->if_object() : nullptr;
    if (object == nullptr) return fail(error::malformed_answer), false;
    if (type == watch_event_type::error) {
      status = detail::status_of(*object);
    } else {
      version = version_of(*object);
    }
    return true;
  }

  void fail(kubernetes::error what) {
    error = what;
    clear_event();
    parser_.reset();
  }

  std::size_t event_max_;
  std::size_t size_ = 0;  // of the line so far, without leading blanks
  boost::json::stream_parser parser_{{}, detail::object_parse_options()};
  std::optional<boost::json::value> event_;
};

ISAT_INLINE watch_decoder::watch_decoder(std::size_t event_max) : state_{std::make_unique<state>(event_max)} {}

ISAT_INLINE watch_decoder::~watch_decoder() = default;

ISAT_INLINE watch_step watch_decoder::next(std::string_view& octets) { return state_->next(octets); }

ISAT_INLINE watch_event_type watch_decoder::type() const noexcept { return state_->type; }

ISAT_INLINE boost::json::object& watch_decoder::object() noexcept { return *state_->object; }

ISAT_INLINE const resource_version& watch_decoder::version() const noexcept { return state_->version; }

ISAT_INLINE const watch_status& watch_decoder::status() const noexcept { return state_->status; }

ISAT_INLINE error_code watch_decoder::error() const noexcept { return state_->error; }

}  // namespace isat::inline v0::kubernetes
