// SPDX-License-Identifier: BSL-1.0

// Bytes to values and back: one whole ARP frame.

#include "cases.hpp"
#include "isat/wire/frame.hpp"
#include "measure.hpp"

#include <array>
#include <cstddef>
#include <vector>

namespace {

using namespace isat::bench;
using namespace isat::wire;

// As they arrive: padded to the shortest Ethernet frame.
using received_bytes = std::array<std::byte, 60>;

received_bytes received(const arp_frame& frame) {
  received_bytes padded{};
  const auto bytes = emit(frame);
  std::copy(bytes.begin(), bytes.end(), padded.begin());
  return padded;
}

void parse_request(benchmark::State& state) {
  std::vector<received_bytes> requests;
  for (const auto target : shuffled(0, 256)) requests.push_back(received(who_has(target)));
  carousel source{std::move(requests)};
  measure(state, [&] {
    arp_frame frame;
    const auto error = parse(source.next(), frame);
    benchmark::DoNotOptimize(frame);
    return error;
  });
}
BENCHMARK(parse_request);

void parse_refused(benchmark::State& state) {
  auto lying = received(who_has(vip_number(0)));
  lying[18] = std::byte{255};  // hlen
  carousel source{std::vector{lying}};
  measure(state, [&] {
    arp_frame frame;
    return parse(source.next(), frame);
  });
}
BENCHMARK(parse_refused);

void emit_reply(benchmark::State& state) {
  std::vector<arp_message> requests;
  for (const auto target : shuffled(0, 256)) requests.push_back(who_has(target).arp);
  carousel source{std::move(requests)};
  measure(state, [&] { return emit(make_reply(source.next(), our_mac)); });
}
BENCHMARK(emit_reply);

void emit_announcement(benchmark::State& state) {
  carousel source{shuffled(0, 256)};
  measure(state, [&] { return emit(make_announcement(source.next(), our_mac, announcement_form::request)); });
}
BENCHMARK(emit_announcement);

}  // namespace
