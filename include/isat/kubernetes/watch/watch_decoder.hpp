// SPDX-License-Identifier: BSL-1.0

// Makes events of the octets of a watch: one JSON object per line, {"type", "object"}, in pieces that end anywhere.
// Sans-I/O: reflector.hpp hands it each piece as it comes. Objects are parsed as they arrive, so a line is never kept
// as text, and one that outgrows its limit ends the stream. It refuses to go on after an error: what follows a broken
// line cannot be trusted.
#pragma once

#include "isat/detail/build.hpp"
#include "isat/error.hpp"
#include "isat/kubernetes/watch/resource_version.hpp"

#include <boost/json/fwd.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace isat::inline v0::kubernetes {

/// What an event tells.
enum class watch_event_type : std::uint8_t {
  none = 0,
  added = 1,
  modified = 2,
  deleted = 3,
  bookmark = 4,  ///< nothing but that the watch has come to version()
  error = 5,     ///< the server ends the watch: status()
};

/// What a piece held.
enum class watch_step : std::uint8_t {
  none = 0,
  more = 1,    ///< it is used up and the next event is not complete: the next piece is due
  event = 2,   ///< an event is complete
  failed = 3,  ///< the stream is broken: error()
};

/// What a server says for an end: the parts of a Status object that count.
struct watch_status {
  unsigned code{};      ///< as an HTTP status; 410 also where only the reason says so
  std::string reason;   ///< one word
  std::string message;  ///< for people
};

/// Decodes one watch. Needs a few times the octets of the event that is coming, and nothing in between.
class ISAT_API watch_decoder {
 public:
  /// @param event_max octets that a line may have
  explicit watch_decoder(std::size_t event_max);
  watch_decoder(const watch_decoder&) = delete;
  watch_decoder& operator=(const watch_decoder&) = delete;
  ~watch_decoder();

  /// Takes octets off the front of `octets`, up to the end of an event or all of them. Blank lines and events of
  /// unknown types are passed over. An event without the end of its line is none yet.
  watch_step next(std::string_view& octets);

  // ---- Of the event that next() has found, until it is called again ----

  watch_event_type type() const noexcept;
  /// The object, which may be moved from. @pre type() is none of none and error
  boost::json::object& object() noexcept;
  /// Its metadata.resourceVersion; empty if there is none.
  const resource_version& version() const noexcept;
  /// @pre type() is error
  const watch_status& status() const noexcept;

  /// Of the failure: error::malformed_answer or error::answer_too_large.
  error_code error() const noexcept;

 private:
  class state;

  std::unique_ptr<state> state_;
};

/// The metadata.resourceVersion of an object or a list; empty if there is none.
ISAT_API resource_version version_of(const boost::json::object& object);

}  // namespace isat::inline v0::kubernetes

#if ISAT_HEADER_ONLY
#include "isat/kubernetes/watch/impl/watch_decoder.ipp"
#endif
