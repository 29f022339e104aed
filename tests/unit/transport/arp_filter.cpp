// SPDX-License-Identifier: BSL-1.0
#include "arp_samples.hpp"
#include "isat/transport/arp_filter.hpp"
#include "isat/wire/frame.hpp"

#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <span>

using namespace isat;
using namespace isat::test;

namespace {

/// Runs the filter as the kernel does, as far as its instructions go: a load past the end ends it with 0.
std::uint32_t run(std::span<const sock_filter> program, std::span<const std::byte> frame) {
  std::uint32_t accumulator = 0;
  for (std::size_t at = 0; at < program.size(); ++at) {
    const auto& step = program[at];
    switch (step.code) {
      case BPF_LD | BPF_W | BPF_LEN:
        accumulator = static_cast<std::uint32_t>(frame.size());
        break;
      case BPF_LD | BPF_W | BPF_ABS:
        if (step.k + 4 > frame.size()) return 0;
        accumulator = 0;
        for (std::size_t i = 0; i < 4; ++i)
          accumulator = accumulator << 8 | std::to_integer<std::uint32_t>(frame[step.k + i]);
        break;
      case BPF_JMP | BPF_JGE | BPF_K:
        at += accumulator >= step.k ? step.jt : step.jf;
        break;
      case BPF_JMP | BPF_JEQ | BPF_K:
        at += accumulator == step.k ? step.jt : step.jf;
        break;
      case BPF_RET | BPF_K:
        return step.k;
      default:
        FAIL("an instruction that this interpreter does not know");
    }
  }
  FAIL("the program runs past its end");
  return 0;
}

}  // namespace

TEST_SUITE("transport/arp_filter") {
  TEST_CASE("well-formed ARP passes whole and all other ARP is refused") {
    for (const auto& sample : frame_samples(bob, alice)) {
      if (!sample.is_arp || sample.frame.at(12) != std::byte{0x08}) continue;  // tags are off by then
      CAPTURE(sample.name);
      CHECK(run(transport::arp_filter, sample.frame) == (sample.well_formed ? UINT32_MAX : 0U));
    }
  }

  TEST_CASE("every octet that the filter looks at counts, and no other does") {
    const auto good = who_has(bob, alice);
    for (std::size_t at = 0; at < good.size(); ++at) {
      CAPTURE(at);
      const auto changed = with_octet(good, at, std::to_integer<int>(good[at]) ^ 0x40);
      CHECK((run(transport::arp_filter, changed) == 0) == (at >= 14 && at < 22));
    }
  }

  TEST_CASE("what the parser takes, the filter lets pass") {
    for (const auto& sample : frame_samples(bob, alice)) {
      CAPTURE(sample.name);
      wire::arp_frame frame;
      if (wire::parse(sample.frame, frame) == wire::parse_error::none)
        CHECK(run(transport::arp_filter, sample.frame) != 0);
    }
  }
}
