// SPDX-License-Identifier: BSL-1.0

// Troubles by chance. A run alternates between rough times, in which whatever this seed has a taste for goes wrong, and
// calm ones: everything heals, and after a while somebody must lead all the time, through a lost message here and an
// overloaded server there; one planned or unplanned loss of the leader must be made up for within the promised time.
// It refuses to know who leads but for that one loss.
#pragma once

#include "world.hpp"

#include <cstddef>
#include <cstdint>

namespace simulator {

class rough_weather final : public weather {
 public:
  explicit rough_weather(world& stage);

  instant go_on(world& stage) override;

 private:
  enum class phase : std::uint8_t { over = 0, rough = 1, settling = 2, calm = 3 };

  instant become_rough(world& stage);
  instant settle(world& stage);
  instant nag(world& stage);
  instant take_leader(world& stage);
  void strike(world& stage);
  void shun(world& stage);
  trouble draw(world& stage);
  trouble draw_for_link(world& stage, trouble_kind kind);
  trouble draw_for_store(world& stage, trouble_kind kind);

  std::uint64_t tastes_;  // a bit for every kind of trouble
  duration gap_;
  std::size_t target_ = 0;  // the wish that speakers are started with
  bool with_rival_;
  bool with_edits_;
  phase phase_{};
  instant phase_ends_{};
  unsigned nags_left_ = 0;
};

}  // namespace simulator
