// SPDX-License-Identifier: BSL-1.0

// Decides when this process may answer for one group, from what it learns about one compare-and-swap record. Sans-I/O:
// inputs bring `now`, outputs are asked for afterwards. What keeps two machines from leading at once is in lease_rules;
// how news are put in order is in lease_view; here is what follows from both.
//
//   status      | input                                   | what it does                                 | next
//   ------------+-----------------------------------------+----------------------------------------------+------------
//   following   | willing, and the record waited out      | cas over the version seen, term + 1          | acquiring
//               | willing, and the record is missing      | cas over what is there, marked as waiting    | acquiring
//   acquiring   | written, or its own nonce is read       | entitled from its first send                 | leading
//               | the same, of a missing record           | silent for the longest duration from now on  | silent
//               | outcome unknown                         | the same cas again                           | acquiring
//               | conflict, another's version             | read                                         | following
//   silent      | the silence is over, a write sent after | entitled from that write's first send        | leading
//               | it is confirmed                         |                                              |
//               | not willing                             | stops renewing, releases nothing             | following
//   leading     | written                                 | entitled from that attempt's first send      | leading
//               | conflict that an own copy may explain   | read; goes on until the deadline             | leading
//               | conflict otherwise, another's version   | lowers                                       | following
//               | the deadline, the wall clock jumped     | lowers; a later write with term + 1 entitles | silent
//               | not willing, hand_over()                | lowers, then writes a marked release         | releasing
//               | the record is gone                      | until the deadline; creates it again         | leading
//               | its own record at a newer version       | goes on with that version                    | leading
//               | that one names an heir                  | lowers, then writes a release for the heir   | releasing
//   releasing   | written, another's version,             | stays out of the group for D + hold-down     | following
//               | the longest duration has passed         |                                              |
//   any         | another era                             | lowers, forgets its own writes, but keeps a  | following
//               |                                         | silence that runs                            |
//
// After each input the driver first writes leads() into the leadership_table, then takes events and sends requests.
#pragma once

#include "isat/clock.hpp"
#include "isat/detail/mix.hpp"
#include "isat/election/leadership.hpp"
#include "isat/election/lease_attempt.hpp"
#include "isat/election/lease_claim.hpp"
#include "isat/election/lease_event.hpp"
#include "isat/election/lease_rules.hpp"
#include "isat/election/lease_timing.hpp"
#include "isat/election/lease_view.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

namespace isat::inline v0::election {

/// Where a machine stands; for people and tests.
enum class lease_status : std::uint8_t {
  none = 0,
  following = 1,  ///< holds nothing and has asked for nothing
  acquiring = 2,  ///< has tried to write a record that it does not hold
  silent = 3,     ///< holds the record and may not answer
  leading = 4,    ///< holds the record and may answer
  releasing = 5,  ///< does not answer, and has tried to give the record away
};

/// What placement says about this process and a group.
struct lease_candidacy {
  bool willing{};                       ///< wants to lead, or to go on leading
  bool alone{};                         ///< no other candidate is known: need not stay out after a release
  std::chrono::nanoseconds hold_off{};  ///< added to every wait, so that a better candidate comes first

  friend constexpr bool operator==(const lease_candidacy&, const lease_candidacy&) noexcept = default;
};

/// Who a machine is. A writer must be random, and new for every process and every era that it adopts.
struct lease_identity {
  node_id node{};
  std::uint64_t writer{};
  std::uint64_t era{};

  friend constexpr bool operator==(const lease_identity&, const lease_identity&) noexcept = default;
};

/// The writer of one of several groups: each has its own, for a record that is copied over another one keeps its seal,
/// and must be a stranger's there. Never 0.
constexpr std::uint64_t writer_of(std::uint64_t process, group_id group) noexcept {
  const std::uint64_t writer = detail::mix(process ^ detail::mix(static_cast<std::uint64_t>(group) + 1));
  return writer != 0 ? writer : 1;
}

/// The machine of one group. Times never go backwards from one input to the next.
template <class Rules = lease_rules>
class basic_lease_machine {
 public:
  using duration = std::chrono::nanoseconds;

  /// @param longest the longest duration that any candidate of this lease may use, at least timing.duration
  basic_lease_machine(const lease_identity& who, const lease_timing& timing, duration longest, Rules rules = {});

  // ---- Inputs ----

  /// Time has passed: to be called no later than wake_in() after any input.
  void tick(const lease_time& now);
  /// A change of what placement says. Unwilling while holding the record means: release it.
  void set_candidacy(const lease_time& now, const lease_candidacy& next);
  /// Releases what is held although willing, for another to take; then stays out for D + hold-down.
  /// @param heir may take it at once, and all others a head start later; none: those go first that are placed first
  void hand_over(const lease_time& now, lease_reason why = lease_reason::handed_over, node_id heir = {});
  /// Ends the leadership but keeps the record: only a later renewal, with a new term, entitles again.
  void interrupt(const lease_time& now, lease_reason why);
  /// Goes over to another era: whatever was written before, by this process too, is a stranger's from now on. Not
  /// willing until the next set_candidacy().
  void adopt(const lease_time& now, const lease_identity& who, const lease_timing& timing, duration longest);
  /// The watch tells of a version.
  void on_sight(const lease_time& now, const lease_sight& sight);
  /// The watch may have missed something.
  void on_watch_lost(const lease_time& now);
  /// Terms of this machine are above `term` from now on.
  void pass_term(std::uint64_t term) noexcept {
    if (term > term_max_) term_max_ = term;
  }
  /// A request has ended. One that is not answered within the attempt time-out counts as unknown by itself.
  void on_response(const lease_time& now, const lease_response& response);

  // ---- Outputs ----

  const leadership& leads() const noexcept { return leads_; }
  lease_status status() const noexcept;
  /// True while the latest known write of this process has not been replaced.
  bool holds() const noexcept { return holds_; }
  /// True if nothing is held and nothing is on its way that could take effect.
  bool idle() const noexcept { return !holds_ && !attempt_; }
  /// How long, at most, until the next tick(). Zero or less: at once.
  duration wake_in(const lease_time& now) const noexcept;
  /// Takes the oldest request that has not been taken.
  std::optional<lease_request> take_request();
  /// Takes the oldest event that has not been taken.
  std::optional<lease_event> take_event();

  const lease_view& view() const noexcept { return view_; }
  /// How long until anybody may write over what is known, this process or another; less than zero: since when.
  /// @pre view().known()
  duration free_in(const lease_time& now) const noexcept;
  /// The highest term that was seen or given.
  std::uint64_t term_max() const noexcept { return term_max_; }
  const lease_identity& who() const noexcept { return who_; }
  const lease_candidacy& candidacy() const noexcept { return candidacy_; }

  static constexpr duration hold_down = std::chrono::seconds{10};  ///< after a release, on top of D
  static constexpr duration backoff_min = std::chrono::milliseconds{50};
  static constexpr duration backoff_max = std::chrono::milliseconds{400};

 private:
  enum class purpose : std::uint8_t { none = 0, acquire = 1, seize = 2, renew = 3, release = 4 };

  // The last write of ours that is known to have committed, while no other is known to have replaced it.
  struct holding {
    version at;
    std::uint64_t attempt = 0;
    std::uint64_t term = 0;
    duration carried{};     // what it told the others to wait
    bool waiting = false;   // it was written during the silence
    lease_time valid_from;  // where its validity begins
    lease_time sent;        // its first send, from which renewals are counted
  };
  struct pending_load {
    std::uint64_t id = 0;  // 0: none in flight
    std::uint64_t ordinal = 0;
    lease_time sent;
  };
  struct countdown {
    lease_time from;
    duration lasting{};
    duration left(const lease_time& now) const noexcept { return lasting - elapsed_for_follower(from, now); }
  };

  // Loads have odd ids and writes even ones, so that late responses of either are told apart.
  static constexpr bool is_load(std::uint64_t id) noexcept { return (id & 1) != 0; }

  static constexpr duration longer(duration a, duration b) noexcept { return a > b ? a : b; }
  static constexpr duration shorter(duration a, duration b) noexcept { return a < b ? a : b; }

  // What is so.
  bool wanted() const noexcept { return candidacy_.willing && !handing_over_; }
  bool missing() const noexcept { return view_.went_back() || rules_.is_missing(view_.seen(), who_.era); }
  bool is_silent(const lease_time& now) const noexcept { return silence_.left(now) > duration{0}; }
  bool may_entitle() const noexcept { return holds_ && rules_.entitles(held_.attempt, entitling_from_); }
  bool is_touched() const noexcept;
  bool may_keep_touched(const lease_time& now) const noexcept;
  bool is_heir() const noexcept;
  // The attempt in flight is to end what it began, no more: the machine does not want the record any longer.
  bool given_up() const noexcept { return purpose_ != purpose::release && !wanted(); }
  bool hedges() const noexcept { return attempt_->may_hedge() && !attempt_->disputed() && !given_up(); }
  duration hold_off() const noexcept;
  duration take_in(const lease_time& now) const noexcept;
  duration renew_in(const lease_time& now) const noexcept;
  duration quiet_in(const lease_time& now) const noexcept;
  duration attempt_in(const lease_time& now) const noexcept;
  duration load_in(const lease_time& now) const noexcept;
  duration hedge_in(const lease_time& now) const noexcept;
  duration lively() const noexcept { return timing_.renew_period * 3 / 2 + timing_.attempt_timeout; }
  lease_reason opportunity() const noexcept;

  // News.
  void begin(const lease_time& now);
  void learn(const lease_time& now, const lease_sight& sight, bool fresh);
  void recognize(const lease_time& now);
  void committed(const lease_time& now, const version& at);
  void keep_touched();
  void on_load_response(const lease_time& now, const lease_response& response);
  void on_cas_response(const lease_time& now, const lease_response& response);
  void want_load() noexcept;
  void forget_writes() noexcept;
  void overtaken(lease_reason why);
  void lose(lease_reason why);
  void failed(const lease_time& now, duration asked);

  // Consequences.
  void review(const lease_time& now);
  void entitle(const lease_time& now);
  void review_attempt(const lease_time& now);
  void review_holding(const lease_time& now);
  void review_taking(const lease_time& now);
  void start(const lease_time& now, purpose what);
  void send_copy(const lease_time& now);
  void load_if_wanted(const lease_time& now);
  void tell(lease_change what, lease_reason why, std::uint64_t term, node_id node = {});

  lease_identity who_;
  lease_timing timing_;
  duration longest_;
  [[no_unique_address]] Rules rules_;
  lease_candidacy candidacy_;
  lease_time willing_since_;

  lease_view view_;
  bool witnessed_ = false;  // the version seen was written by whom its predecessor named, and that was fresh
  holding held_;
  bool holds_ = false;
  bool lineage_unresolved_ = false;  // an attempt over held_.at was dropped that may yet take effect
  std::optional<lease_attempt> attempt_;
  purpose purpose_{};
  lease_reason cause_{};  // why the record could be taken
  std::uint64_t next_attempt_ = 1;
  std::uint64_t entitling_from_ = 1;  // attempts before this one entitle no more
  std::uint64_t term_max_ = 0;        // the highest term seen
  leadership leads_;

  countdown silence_;
  countdown stay_out_;
  countdown next_seizure_;  // two that take each other's records for missing must not write in turns without a rest
  bool handing_over_ = false;
  node_id heir_{};  // to whom, if anybody is to be preferred

  pending_load load_;
  bool load_wanted_ = false;
  bool load_missed_ = false;  // the load in flight may be older than what made the next one necessary
  std::uint64_t next_id_ = 2;
  std::uint64_t ordinal_ = 0;
  countdown pause_;  // after a failure
  unsigned failures_ = 0;
  detail::id_sequence random_;
  lease_identity told_holder_;  // whom the last `follows` named; strangers have a node only

  lease_time last_;
  bool started_ = false;
  std::vector<lease_request> requests_;
  std::vector<lease_event> events_;
};

using lease_machine = basic_lease_machine<>;

}  // namespace isat::inline v0::election

#include "isat/election/impl/lease_machine.ipp"
#include "isat/election/impl/lease_machine_actions.ipp"
