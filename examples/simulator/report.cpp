// SPDX-License-Identifier: BSL-1.0

#include "report.hpp"
#include "world.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <string_view>
#include <vector>

namespace simulator {

using namespace std::chrono_literals;

namespace {

class distribution {
 public:
  void add(duration one) { samples_.push_back(one); }

  void print() {
    std::sort(samples_.begin(), samples_.end());
    duration sum{};
    for (const duration each : samples_) sum += each;
    const auto count = static_cast<std::int64_t>(samples_.size());
    fmt::print("  {:7.3f} {:7.3f} {:7.3f}", seconds(sum / count), seconds(samples_[samples_.size() * 99 / 100]),
               seconds(samples_.back()));
  }

 private:
  static double seconds(duration of) { return std::chrono::duration<double>{of}.count(); }

  std::vector<duration> samples_;
};

/// One percent of messages is lost, some are late, processes are descheduled for milliseconds, clocks are slewed.
void have_everyday_weather(world& stage) {
  random_source& random = stage.time().random;
  for (node_number node = 0; node < stage.setup().nodes; ++node) {
    stage.happen({trouble_kind::slow, node, 0ns, static_cast<std::int64_t>(pace::busy)});
    stage.happen({trouble_kind::lose, node, 0ns, 10});
    stage.happen({trouble_kind::slew, node, 0ns, random.between(-500, 500)});
    stage.happen({trouble_kind::deschedule, node, random.spread(1ms, 50ms), 0});
  }
}

/// Takes the leader away, again and again, and notes how long it takes until another leads.
class failover_weather final : public weather {
 public:
  failover_weather(trouble_kind how, unsigned takeovers) : how_{how}, left_{takeovers} {}

  instant go_on(world& stage) override {
    const instant now = stage.time().now;
    random_source& random = stage.time().random;
    const int leader = stage.answering().front().leader();
    if (is_awaiting_ && stage.answering().front().gained_at() > taken_at_) {
      result_.add(stage.answering().front().gained_at() - taken_at_);
      is_awaiting_ = false;
      if (--left_ == 0) stage.end_run();
    }
    if (is_awaiting_ || leader < 0) return now + 1s;
    // Whoever went before is back and may be a candidate again.
    if (!rested_) {
      rested_ = true;
      have_everyday_weather(stage);
      return now + 2 * stage.longest() + 12s + random.between(0s, stage.longest());
    }
    rested_ = false;
    is_awaiting_ = true;
    taken_at_ = now;
    stage.happen({how_, static_cast<node_number>(leader), 2 * stage.longest(), 0});
    return now + 1s;
  }

  distribution& result() noexcept { return result_; }

 private:
  trouble_kind how_;
  unsigned left_;
  bool is_awaiting_ = false;
  bool rested_ = false;
  instant taken_at_{};
  distribution result_;
};

void measure(const isat::election::lease_timing& timing, std::uint64_t seed, unsigned takeovers) {
  for (const trouble_kind how : {trouble_kind::crash, trouble_kind::stop}) {
    world stage{{.seed = seed, .nodes = 3, .timing = timing}};
    failover_weather sky{how, takeovers};
    stage.run(sky, 10'000h);
    sky.result().print();
  }
  fmt::print("\n");
}

/// Three rivals on a record of their own.
class rivals {
 public:
  rivals(const rival_timing& timing, std::uint64_t seed)
      : timing_{timing}, time_{seed, false}, net_{time_, records_, 3, nobody_, false} {
    for (node_number number = 0; number < 3; ++number)
      members_.emplace_back(number, time_, net_, records_.front(), nullptr);
    for (rival& each : members_) start(each);
  }

  void measure(bool by_release, unsigned takeovers, distribution& into) {
    while (takeovers > 0) {
      run(time_.now + 2 * timing_.lease + time_.random.between(0s, 5s));
      rival* const leader = leading();
      if (leader == nullptr) continue;
      const instant taken = time_.now;
      by_release ? leader->stop() : leader->crash();
      while (leading() == nullptr) run(time_.now + 100ms);
      into.add(leading()->led_since() - taken);
      for (rival& each : members_) start(each);
      --takeovers;
    }
  }

 private:
  class ignoring final : public write_observer {
   public:
    void on_written(node_number, record_number, const stored&, const stored&) override {}
  };

  void start(rival& one) { one.start(timing_, pace::busy, time_.random.between(1'048'000, 1'049'000)); }

  rival* leading() {
    for (rival& each : members_) {
      if (each.leads()) return &each;
    }
    return nullptr;
  }

  void run(instant until) {
    time_.queue.push(until, event_kind::trouble);
    for (event next = time_.queue.pop(); next.kind != event_kind::trouble; next = time_.queue.pop()) {
      time_.now = next.at;
      members_[next.node].go_on(next.subject);
    }
    time_.now = until;
  }

  rival_timing timing_;
  timeline time_;
  record_store records_{stored_record{false, true}};
  ignoring nobody_;
  network net_;
  std::deque<rival> members_;
};

void measure(const rival_timing& timing, std::uint64_t seed, unsigned takeovers) {
  for (const bool by_release : {false, true}) {
    distribution result;
    rivals{timing, seed}.measure(by_release, takeovers, result);
    result.print();
  }
  fmt::print("\n");
}

}  // namespace

void print_report(std::uint64_t seed, unsigned takeovers) {
  namespace profiles = isat::election::profiles;
  fmt::print("Seconds until another leads, over {} takeovers each; three candidates, everyday weather\n", takeovers);
  fmt::print("{:<28}  {:^23}  {:^23}\n", "", "after a crash", "after a release");
  fmt::print("{:<28}  {:>7} {:>7} {:>7}  {:>7} {:>7} {:>7}\n", "", "mean", "p99", "max", "mean", "p99", "max");
  fmt::print("{:<28}", "isat, default (3 s)");
  measure(profiles::standard, seed, takeovers);
  fmt::print("{:<28}", "isat, fast (1.2 s)");
  measure(profiles::fast, seed, takeovers);
  fmt::print("{:<28}", "isat, lean (15 s)");
  measure(profiles::lean, seed, takeovers);
  fmt::print("{:<28}", "like client-go, 15/10/2 s");
  measure(rival_slow, seed, takeovers);
  fmt::print("{:<28}", "like client-go, 5/3/1 s");
  measure(rival_quick, seed, takeovers);
}

}  // namespace simulator
