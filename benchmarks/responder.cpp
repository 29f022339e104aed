// SPDX-License-Identifier: BSL-1.0

// One message in, one decision out, alone and with the bytes on both sides: the whole work per frame except the system
// calls. The argument is the number of VIPs.

#include "cases.hpp"
#include "measure.hpp"

#include <cstddef>
#include <vector>

namespace {

using namespace isat::bench;
using isat::ipv4_address;
using isat::responder::drop_reason;
using isat::wire::arp_frame;
using isat::wire::frame_bytes;

void sizes(benchmark::internal::Benchmark* each) { each->Arg(1)->Arg(100)->Arg(10'000)->Arg(1'000'000); }

std::vector<arp_frame> questions(const std::vector<ipv4_address>& targets) {
  std::vector<arp_frame> all;
  for (const auto target : targets) all.push_back(who_has(target));
  return all;
}

// Decides about questions for the addresses from `first` on; all of them have the outcome `expected`.
void decide(benchmark::State& state, const speaker& us, std::size_t first, drop_reason expected) {
  auto asked = questions(shuffled(first, static_cast<std::size_t>(state.range(0))));
  if (us.decide(asked.front()).reason != expected) return state.SkipWithError("not the outcome to be measured");
  carousel source{std::move(asked)};
  measure(state, [&] { return us.decide(source.next()); });
}

void decide_reply(benchmark::State& state) {
  const auto count = static_cast<std::size_t>(state.range(0));
  decide(state, speaker{count}, 0, drop_reason::none);
}
BENCHMARK(decide_reply)->Apply(sizes);

void decide_not_leader(benchmark::State& state) {
  const auto count = static_cast<std::size_t>(state.range(0));
  decide(state, speaker{count}, count, drop_reason::not_leader);
}
BENCHMARK(decide_not_leader)->Apply(sizes);

void decide_not_a_vip(benchmark::State& state) {
  const auto count = static_cast<std::size_t>(state.range(0));
  decide(state, speaker{count}, 2 * count, drop_reason::not_a_vip);
}
BENCHMARK(decide_not_a_vip)->Apply(sizes);

void parse_decide_emit(benchmark::State& state) {
  const auto count = static_cast<std::size_t>(state.range(0));
  const speaker us{count};
  carousel source{question_bytes(count)};
  measure(state, [&] {
    arp_frame frame;
    frame_bytes reply{};
    if (parse(source.next(), frame) == isat::wire::parse_error::none && us.decide(frame).replies()) {
      reply = emit(make_reply(frame.arp, our_mac));
    }
    return reply;
  });
}
BENCHMARK(parse_decide_emit)->Apply(sizes);

}  // namespace
