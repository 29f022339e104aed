// SPDX-License-Identifier: BSL-1.0

// What will happen, in the order of true time, which no node can see. Events of one instant happen in the order in
// which they were put in, so that a run is reproducible. Events are small values: what they carry lies elsewhere, under
// `subject`. The queue refuses to take anything back: whoever changes his mind ignores the event when it comes.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <vector>

namespace simulator {

/// True time, since the start of a run.
using instant = std::chrono::nanoseconds;
using duration = std::chrono::nanoseconds;

/// Which of the simulated nodes.
using node_number = std::uint32_t;

/// A time that never comes.
inline constexpr instant never = instant::max();

enum class event_kind : std::uint8_t {
  none = 0,
  arrive = 1,   ///< a request reaches the store; subject: the message
  deliver = 2,  ///< a message reaches a node; subject: the message
  wake = 3,     ///< a node's timer ends; subject: which of its timers
  resume = 4,   ///< a node's process runs again; subject: which of its pauses
  start = 5,    ///< a node's next process starts; subject: which of its processes
  give_up = 6,  ///< a node that is stopping ends, whatever is left to do; subject: which of its processes
  willing = 7,  ///< a node is a candidate again; subject: which of its processes
  rival = 8,    ///< the rival goes on; subject: which of its steps
  trouble = 9,  ///< the next fault
};

struct event {
  instant at{};
  std::uint32_t order{};
  std::uint32_t subject{};
  node_number node{};
  event_kind kind{};
};

class event_queue {
 public:
  event_queue() { heap_.reserve(1024); }

  void push(instant at, event_kind kind, node_number node = 0, std::uint32_t subject = 0) {
    heap_.push_back({at, order_++, subject, node, kind});
    std::push_heap(heap_.begin(), heap_.end(), later);
  }

  bool empty() const noexcept { return heap_.empty(); }

  /// Takes the next event out. @pre !empty()
  event pop() {
    std::pop_heap(heap_.begin(), heap_.end(), later);
    const event next = heap_.back();
    heap_.pop_back();
    return next;
  }

 private:
  static bool later(const event& one, const event& other) noexcept {
    return one.at != other.at ? one.at > other.at : one.order > other.order;
  }

  std::vector<event> heap_;
  std::uint32_t order_ = 0;
};

}  // namespace simulator
