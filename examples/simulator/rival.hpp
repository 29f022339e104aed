// SPDX-License-Identifier: BSL-1.0

// A rival for the record that behaves as the leader election of Kubernetes' client-go does: it polls, compares records
// by whole seconds, waits for as long as the record's whole seconds say since it saw a difference, and writes over the
// version that it has just read. It creates a missing record and leads; it counts its validity from responses; it
// releases by its own memory, without a mark. So it leads beside others at times, which is not held against us. What is
// proven of the two together: it never takes a lease of ours by expiry while its holder is entitled.
#pragma once

#include "network.hpp"

#include <cstdint>

namespace simulator {

class judge;

/// Its three durations.
struct rival_timing {
  duration lease{};
  duration deadline{};
  duration retry{};
};

inline constexpr rival_timing rival_slow{std::chrono::seconds{15}, std::chrono::seconds{10}, std::chrono::seconds{2}};
inline constexpr rival_timing rival_quick{std::chrono::seconds{5}, std::chrono::seconds{3}, std::chrono::seconds{1}};

class rival {
 public:
  /// @param watcher told of takeovers by expiry; none: a rival among its own kind
  rival(node_number number, timeline& time, network& net, stored_record& record, judge* watcher)
      : number_{number}, time_{time}, net_{net}, record_{record}, judge_{watcher} {}

  void start(const rival_timing& timing, pace speed, std::int64_t clock_rate);
  void crash();
  /// Ends, and empties the holder if it believes to lead.
  void stop();
  /// The step with this number is due.
  void go_on(std::uint32_t subject);

  bool is_up() const noexcept { return step_ != step::down; }
  /// What it believes; nobody guarantees it.
  bool leads() const noexcept { return leads_; }
  instant led_since() const noexcept { return led_since_; }

 private:
  enum class step : std::uint8_t { down = 0, poll = 1, read = 2, decide = 3, write = 4, written = 5, release = 6 };

  void next(step what, duration after);
  void poll();
  void decide();
  void write();
  void written();
  void release();
  bool is_observed_valid() const noexcept;
  void observe(const stored& seen);
  duration counted(instant from) const noexcept;

  node_number number_;
  timeline& time_;
  network& net_;
  stored_record& record_;
  judge* judge_;

  rival_timing timing_;
  pace speed_{};
  std::int64_t clock_rate_{};
  std::uint64_t identity_{};
  step step_{};
  std::uint32_t steps_ = 0;

  stored observed_;  // as it was when it last looked different
  instant observed_at_{};
  stored read_;  // what it has just read
  stored desired_;
  bool took_effect_ = false;
  bool by_expiry_ = false;
  bool leads_ = false;
  instant led_since_{};
  instant confirmed_at_{};
};

}  // namespace simulator
