// SPDX-License-Identifier: BSL-1.0

// Many runs: each seed decides what world it gets and what goes wrong there. Counts, prints the first run that failed
// with its trace and the command that repeats it, and says at the end what was done in what time. It refuses to hide a
// violation behind another: every seed that fails is named.
#pragma once

#include "mutant.hpp"
#include "verdict.hpp"

#include <chrono>
#include <cstdint>
#include <optional>

namespace simulator {

enum class profile : std::uint8_t { none = 0, standard = 1, fast = 2, lean = 3 };

struct campaign_options {
  std::uint64_t seed = 1;
  std::uint64_t seeds = 100;  ///< 0: until interrupted
  std::chrono::minutes minutes{30};
  std::chrono::hours hours{};  ///< of real time, then it ends; 0: no limit
  std::optional<profile> only;
  mutant broken{};
  bool trace{};
};

/// What came of it.
struct campaign_result {
  std::uint64_t runs{};
  std::uint64_t failed{};
  std::uint64_t events{};
  std::uint64_t hash{};  ///< of all traces
  tally counts;
};

/// @param interrupted asked after every seed; a mutant's campaign ends when it is caught
campaign_result run_campaign(const campaign_options& options, bool (*interrupted)());

/// Prints what a campaign did and how fast.
void print_result(const campaign_result& result, const campaign_options& options);

}  // namespace simulator
