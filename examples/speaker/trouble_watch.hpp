// SPDX-License-Identifier: BSL-1.0

// When what is wrong with Services is told, and by which of the speakers: between the source, which tells at once
// what it sees, and the log and the Events. Sans-I/O; service_events.hpp drives it. What is over before it has lasted
// for a moment is never told: a Service comes before its endpoints do. It refuses to know what is told how.
//
//   what                           | log line                   | Events
//   -------------------------------+----------------------------+------------------------------------------------------
//   what all nodes see alike       | of each node               | of one: of those that take part, the first for it; of
//                                  |                            | the next one, too, when that is gone
//   what only this node carries    | of this node               | of this node
//   no endpoint of a Local Service | of the leader of its group | likewise, in each of its terms
//   the end of something           | of who told of it          | none
#pragma once

#include "isat/address.hpp"
#include "isat/kubernetes/service/service_notice.hpp"
#include "isat/kubernetes/service/service_table.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <tuple>
#include <utility>
#include <vector>

namespace speakerd {

/// What is to be told of a notice now.
struct telling {
  isat::kubernetes::service_notice notice;
  bool line{};           ///< by a log line
  bool event{};          ///< by an Event on each of its Services
  std::uint64_t term{};  ///< of the leadership that makes it this node's affair; 0: of none
};

/// What makes it this node's affair to tell something: that it leads, in this term, or that it would be in any case.
struct mandate {
  std::uint64_t term{};  ///< 0: whatever it leads

  friend bool operator==(const mandate&, const mandate&) = default;
};

/// Who has to tell, as far as this node knows.
struct telling_duty {
  /// Whether this node is the first for this key, of all that follow these Services.
  std::function<bool(std::uint64_t key)> comes_first;
  /// The term in which this node leads the group of an address that nobody else may announce meanwhile; 0: in none.
  std::function<std::uint64_t(isat::ipv4_address)> term_of;
};

class trouble_watch {
 public:
  using time_point = std::chrono::steady_clock::time_point;

  /// How long something lasts before it is told, unless otherwise wished.
  static constexpr std::chrono::nanoseconds hold_default = std::chrono::seconds{2};
  /// How often is asked whose affair it is, while there is something that others have to tell.
  static constexpr std::chrono::seconds review_period{5};

  /// @param known must outlive this
  trouble_watch(const isat::kubernetes::service_table& known, telling_duty duty,
                std::chrono::nanoseconds hold = hold_default)
      : known_{known}, duty_{std::move(duty)}, hold_{hold} {}

  /// What the source tells of addresses, ports and entries of a status; other notices are ignored.
  void note(time_point now, const isat::kubernetes::service_notice& notice);
  /// This node leads more than before.
  void note_leadership(time_point now) { wake_at(now); }

  /// What is to be told at `now`.
  std::vector<telling> take(time_point now);
  /// When to take next; none: when something was noted.
  std::optional<time_point> wake() const noexcept { return wake_; }

 private:
  // What is told anew when it changes: an address or a port of it, an entry of a Service's status.
  using subject = std::tuple<isat::kubernetes::notice_kind, isat::ipv4_address, isat::kubernetes::object_name,
                             isat::kubernetes::flawed_ingress>;
  struct entry {
    isat::kubernetes::service_notice notice;
    time_point due;
    bool has_line{};
    bool had_line{};                 // what was so of the subject before had: the end gets one
    std::optional<mandate> told_by;  // Events were told by it; none: they were not

    bool was_told() const noexcept { return has_line || had_line; }
  };

  static subject subject_of(const isat::kubernetes::service_notice& notice);
  std::optional<mandate> mandate_for(const isat::kubernetes::service_notice& notice) const;
  bool ends_later(const isat::kubernetes::service_notice& notice) const;
  void note_end(time_point now, const isat::kubernetes::service_notice& notice);
  telling look_at(time_point now, entry& noted);
  void wake_at(time_point when);

  const isat::kubernetes::service_table& known_;
  telling_duty duty_;
  std::chrono::nanoseconds hold_;
  std::map<subject, entry> entries_;  // of what is so, or was when last looked at
  std::vector<telling> ends_;
  std::optional<time_point> wake_;
};

}  // namespace speakerd
