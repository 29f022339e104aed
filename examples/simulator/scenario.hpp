// SPDX-License-Identifier: BSL-1.0

// Directed scenarios: schedules that break one mistake each, found by thinking rather than by chance, because chance
// would take too long. Each names the mutant that it is aimed at; the product's own rules must pass all of them. A seed
// still varies what the script leaves open: delays, clocks, who is late by how much.
#pragma once

#include "world.hpp"

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace simulator {

struct scenario {
  std::string_view name;
  mutant aimed_at{};
  world_setup setup;  ///< but for seed, mutant and trace
  std::vector<scheduled> script;
  duration lasting{};
  bool is_rare{};  ///< too long to be played often
};

/// All of them.
const std::vector<scenario>& scenarios();

/// Plays a script.
class scripted_weather final : public weather {
 public:
  explicit scripted_weather(std::span<const scheduled> script) : script_{script} {}

  instant go_on(world& stage) override;

 private:
  std::span<const scheduled> script_;
  std::size_t next_ = 0;
};

}  // namespace simulator
