// SPDX-License-Identifier: BSL-1.0

#include "campaign.hpp"
#include "rough_weather.hpp"
#include "scenario.hpp"
#include "world.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <ctime>
#include <string>

namespace simulator {

namespace profiles = isat::election::profiles;

namespace {

constexpr std::string_view profile_words[] = {"default", "fast", "lean"};

isat::election::lease_timing timing_of(profile which) noexcept {
  if (which == profile::fast) return profiles::fast;
  return which == profile::lean ? profiles::lean : profiles::standard;
}

world_setup draw_setup(const campaign_options& options, std::uint64_t seed) {
  random_source random{seed};
  world_setup setup;
  setup.seed = random.next();
  setup.timing = timing_of(options.only ? *options.only : static_cast<profile>(seed % 3 + 1));
  setup.nodes = static_cast<node_number>(random.between(2, random.chance(300) ? 5 : 3));
  setup.speakers = is_of_layout(options.broken) || (options.broken == mutant::none && seed % 4 == 0);
  setup.layout_validity = random.chance(500) ? std::chrono::seconds{3} : std::chrono::seconds{15};
  setup.rebalances = random.chance(300);
  setup.mixed_durations = !setup.speakers && random.chance(200);
  setup.tombstones = random.chance(500);
  setup.proves_deaths = random.chance(150);
  setup.alone = random.chance(200);
  setup.rates_at_limit = random.chance(500);
  setup.rival = random.chance(500) ? rival_slow : rival_quick;
  setup.own_groups = setup.speakers && (is_of_own_groups(options.broken) || random.chance(500));
  // What happens once a minute is made to happen often.
  if (setup.own_groups && random.chance(600)) setup.litter_age = std::chrono::seconds{2};
  if (setup.own_groups && random.chance(700)) setup.first_wish = world::wish_of_own_groups;
  setup.broken = options.broken;
  setup.live_trace = options.trace;
  return setup;
}

std::string command(const campaign_options& options, std::uint64_t seed) {
  std::string text = fmt::format("isat-simulate --seed {} --seeds 1 --minutes {}", seed, options.minutes.count());
  if (options.only) text += fmt::format(" --profile {}", profile_words[static_cast<std::size_t>(*options.only) - 1]);
  if (options.broken != mutant::none) text += fmt::format(" --mutant {}", to_string(options.broken));
  return text;
}

class campaign {
 public:
  explicit campaign(const campaign_options& options) : options_{options} {}

  void play(const scenario& directed, std::uint64_t seed) {
    world_setup setup = directed.setup;
    setup.seed = seed;
    setup.broken = options_.broken;
    setup.live_trace = options_.trace;
    world stage{setup};
    scripted_weather sky{directed.script};
    stage.run(sky, directed.lasting);
    take(stage, seed, directed.name);
  }

  void play(std::uint64_t seed) {
    world stage{draw_setup(options_, seed)};
    rough_weather sky{stage};
    stage.run(sky, options_.minutes);
    take(stage, seed, "rough weather");
  }

  const campaign_result& result() const noexcept { return result_; }

 private:
  void take(world& stage, std::uint64_t seed, std::string_view name) {
    ++result_.runs;
    result_.events += stage.events();
    result_.hash = (result_.hash ^ stage.time().trace.hash()) * 0x9E37'79B9'7F4A'7C15U;
    result_.counts.add(stage.result().counts());
    const violation_kind violation = stage.result().violation();
    if (violation == violation_kind::none) return;
    // A mutant is meant to fail: its trace is worth reading only to whoever asks for this very seed.
    const bool one_seed = options_.seeds == 1;
    if (result_.failed++ == 0 && !options_.trace && (one_seed || options_.broken == mutant::none)) {
      stage.time().trace.print(stdout);
    }
    fmt::print("seed {}, {}: {}, after {:.3f} s\n  {}\n", seed, name, to_string(violation),
               std::chrono::duration<double>{stage.result().violated_at()}.count(), command(options_, seed));
    std::fflush(stdout);
  }

  campaign_options options_;
  campaign_result result_;
};

}  // namespace

campaign_result run_campaign(const campaign_options& options, bool (*interrupted)()) {
  campaign all{options};
  const auto started = std::chrono::steady_clock::now();
  for (std::uint64_t seed = options.seed; options.seeds == 0 || seed - options.seed < options.seeds; ++seed) {
    if (interrupted()) break;
    if (options.hours != std::chrono::hours{} && std::chrono::steady_clock::now() - started > options.hours) break;
    std::uint64_t number = 0;
    for (const scenario& each : scenarios()) {
      // Without a mutant each seed plays one of them in turn, with one those that are aimed at it.
      const bool in_turn = each.is_rare ? seed % 2000 == 1000 : seed % scenarios().size() == number;
      ++number;
      if (options.broken == mutant::none ? in_turn : each.aimed_at == options.broken) all.play(each, seed);
    }
    all.play(seed);
    if (options.broken != mutant::none && all.result().failed != 0) break;
  }
  return all.result();
}

void print_result(const campaign_result& result, const campaign_options& options) {
  const double cpu = static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
  const tally& counts = result.counts;
  fmt::print("{} runs, {} events in {:.1f} s of CPU time ({:.1f} M events/s), trace {:016x}\n", result.runs,
             result.events, cpu, static_cast<double>(result.events) / cpu / 1e6, result.hash);
  fmt::print("{} leaderships, {} writes, {} seizures, {} releases, {} takeovers by a rival, at most {} requests/s\n",
             counts.gains, counts.writes, counts.seizures, counts.releases, counts.rival_takeovers,
             counts.requests_peak);
  fmt::print("not held against the election: {} overlaps by a frozen clock or by a store restored within one lease\n",
             counts.void_overlaps);
  fmt::print("{} {}\n", result.failed, result.failed == 1 ? "violation" : "violations");
  if (options.broken != mutant::none) {
    fmt::print("mutant {} {}\n", to_string(options.broken), result.failed != 0 ? "was caught" : "was NOT caught");
  }
}

}  // namespace simulator
