// SPDX-License-Identifier: BSL-1.0

// Decides what a list and watch asks its API server next, and when. Sans-I/O: reflector.hpp sends what is asked for and
// tells what became of it. It keeps one promise: what is told never goes back to an older version, whichever server
// answers, unless the servers agree that what was seen is no more (a store was restored). It refuses to see objects.
//
//   state    | input                               | what follows
//   ---------+-------------------------------------+---------------------------------------------------------------
//   listing  | a page                              | tell it; then the next page, or "synced" and a watch
//            | a list older than what was seen     | throw it away, pause, list again; in the end believe it: "lost"
//            | 410 for a page but the first        | list again in one piece
//            | a page that is too large            | at once half as many objects from there on, unless it is one
//            | likewise, of a list by no quorum    | at once list by quorum: a cache may know no pages
//            | the end of a list of small pages    | in the next one pages are larger again
//            | nobody answers                      | "lost", pause, the same page again
//            | any other failure                   | "lost", pause, list by quorum
//   watching | an event, a bookmark                | tell it (no bookmark); the version moves on
//            | one older than what was seen        | "lost", pause, watch elsewhere; in the end list by quorum
//            | 410                                 | "lost", list what is not older than what was seen
//            | another ERROR, a broken line        | likewise, after a pause
//            | an end after 1 s or an event        | watch again at once
//            | likewise, and 3 min without a sign  | list by quorum: a store that was restored may be silent for long
//            | any other end                       | "lost", pause, watch again
//            | no sign when one was due            | as if it had ended, and elsewhere
//            | 1 s without an end, after a "lost"  | "synced": nothing was missed
//   pausing  | its end                             | list or watch
//            | an outage is over                   | likewise, within back_jitter
//   both     | restart()                           | the same request again, elsewhere, unless it is new
//
// A "lost" is told when trouble begins, and when its error becomes another one. Pauses are random, at most a tenth of
// pause_longest (8 s) at first and twice as long each time; events, and a watch that is open for 1 s, start over. Since
// then one list is asked for without a pause.
#pragma once

#include "isat/detail/build.hpp"
#include "isat/detail/mix.hpp"
#include "isat/error.hpp"
#include "isat/kubernetes/watch/resource_version.hpp"
#include "isat/kubernetes/watch/watch_decoder.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>

namespace isat::inline v0::kubernetes {

/// What to list and watch.
struct watch_settings {
  std::string path;
  std::string label_selector;
  std::string field_selector;
  std::size_t page{};                        ///< objects per page at first; 0: no pages
  std::size_t page_octets{};                 ///< of a page of several objects: what is longer is too large
  std::chrono::nanoseconds watch_timeout{};  ///< of one watch, +-30 %
  std::chrono::nanoseconds pause_longest = std::chrono::seconds{8};
  std::uint64_t seed{};  ///< random
};

/// A request to be sent; it takes the place of the one before, which is to be cancelled if it still runs.
struct watch_request {
  std::uint64_t id{};  ///< never 0
  bool watch{};        ///< a stream; else a page
  std::string target;  ///< as api_request has it, like the next two
  bool elsewhere{};
  std::chrono::nanoseconds timeout{};
  std::size_t answer_max{};  ///< of a page: octets; 0: as api_request has it
};

/// What a listener is to be told; see reflector_listener.
enum class watch_notice_kind : std::uint8_t { none = 0, listing = 1, synced = 2, lost = 3 };

/// One thing that a listener is to be told.
struct watch_notice {
  watch_notice_kind kind{};
  error_code error;     ///< of lost
  std::string message;  ///< likewise
};

/// How a request ended other than by a whole page: what api_client says of it.
struct watch_end {
  error_code error;
  unsigned status{};  ///< of HTTP; 0: nobody answered
  std::string message;
  std::chrono::seconds retry_after{};
};

/// One list and watch. Inputs are about the request that was taken last; what an older one still brings is passed over
/// by the driver.
class ISAT_API watch_machine {
 public:
  using time_point = std::chrono::steady_clock::time_point;
  using duration = std::chrono::nanoseconds;

  explicit watch_machine(watch_settings settings);

  // ---- Inputs ----

  /// Begins, also again, with a list.
  void start(time_point now);
  void tick(time_point now);
  /// A page of so many octets has come. @return true if its objects are to be told, and on_page_told() to be called
  /// then
  bool on_page(time_point now, const resource_version& version, std::string continue_token, std::size_t octets);
  void on_page_told(time_point now);
  /// A list has failed, also one whose page could not be read.
  void on_list_failed(time_point now, const watch_end& end);
  /// The watch is open: its answer has begun and is none of a failure.
  void on_opened(time_point now);
  /// @param type none of none and error
  /// @return true if the object is to be told
  bool on_event(time_point now, watch_event_type type, const resource_version& version);
  /// An ERROR event.
  void on_error_event(time_point now, const watch_status& status);
  /// The stream cannot be decoded any further.
  void on_broken_stream(time_point now, error_code failure);
  void on_watch_ended(time_point now, const watch_end& end);
  /// The request is suspected to be in vain. What was asked less than a second ago is let alone; a watch that has
  /// opened only for pause_min.
  void restart(time_point now);

  /// A server answers again, whoever asked, after none did for a while.
  void on_outage_over(time_point now);

  // ---- Outputs, to be taken after each input, the notices first ----

  std::optional<watch_notice> take_notice();
  std::optional<watch_request> take_request();
  /// The id of the request that should be running, also if it was not taken yet; 0: none.
  std::uint64_t request_id() const noexcept { return request_id_; }
  /// When to call tick(); never negative.
  duration wake_in(time_point now) const noexcept;

  /// The newest version of which something was told.
  const resource_version& seen() const noexcept { return seen_; }

  static constexpr duration pause_min = std::chrono::milliseconds{50};
  /// After outages: so long at most all who wait go on waiting, so that they do not come at once.
  static constexpr duration back_jitter = std::chrono::milliseconds{300};
  /// When a server asks for it.
  static constexpr duration pause_max = std::chrono::seconds{30};
  /// A watch that is open for so long works.
  static constexpr duration proof = std::chrono::seconds{1};
  /// A server sends bookmarks about once a minute: the longest silence of one that has sent any.
  static constexpr duration silence_max = std::chrono::minutes{3};
  /// By how much a server may close a watch late.
  static constexpr duration grace = std::chrono::seconds{10};
  /// How often in a row older versions are thrown away.
  static constexpr int backward_max = 5;

 private:
  enum class state : std::uint8_t { idle = 0, listing = 1, watching = 2, pausing = 3 };
  enum class step : std::uint8_t { none = 0, list_quorum = 1, list_not_older = 2, list_page = 3, watch = 4 };

  void ask(time_point now, step what);
  void pause(time_point end, time_point earliest, step next) noexcept;
  void watch_again(time_point now);
  void relist(time_point now, error_code failure, const std::string& message);
  void fail(time_point now, step next, error_code failure, const std::string& message, duration at_least = {});
  void lose(error_code failure, const std::string& message);
  bool accept_list(time_point now, const resource_version& version);
  void widen_page() noexcept;
  void prove();
  duration back_off() noexcept;
  duration random_part(duration whole) noexcept;
  double random_share() noexcept;
  time_point silent_at() const noexcept;
  std::string list_target() const;
  std::string watch_target();

  watch_settings settings_;
  isat::detail::id_sequence random_;
  state state_{};
  step step_{};             // what is asked for, or is due at the end of the pause
  time_point pause_end_;    // of pausing
  time_point pause_least_;  // likewise, whatever happens
  std::uint64_t request_id_ = 0;
  std::uint64_t last_id_ = 0;
  std::optional<watch_request> request_;
  std::deque<watch_notice> notices_;
  resource_version seen_;
  time_point asked_;                   // when the request was
  bool elsewhere_ = false;             // for the next request
  int failures_ = 0;                   // since something worked
  bool relisted_ = false;              // without a pause, since something worked
  int backward_ = 0;                   // older versions in a row
  std::optional<error_code> trouble_;  // what was told as lost, until synced
  // Of a list:
  std::size_t page_ = 0;     // objects per page
  std::size_t largest_ = 0;  // octets of a page
  std::string page_token_;   // of the page that is asked for
  std::string next_token_;   // of the one after it
  bool in_pages_ = true;
  // Of a watch:
  duration timeout_{};
  std::optional<time_point> opened_;
  time_point heard_;  // the last event, bookmark or list
  bool proved_ = false;
  bool had_event_ = false;
  bool had_bookmark_ = false;
};

}  // namespace isat::inline v0::kubernetes

#if ISAT_HEADER_ONLY
#include "isat/kubernetes/watch/impl/watch_machine.ipp"
#endif
