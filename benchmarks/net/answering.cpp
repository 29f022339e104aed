// SPDX-License-Identifier: BSL-1.0

// Frames in, replies out, through isat::net without the kernel: the responder alone, and a whole speaker on a segment
// in memory. The argument is the number of questions that come in at once.

#include "../cases.hpp"
#include "../measure.hpp"
#include "isat/election/always_leader.hpp"
#include "isat/responder/responder.hpp"
#include "isat/source/static_source.hpp"
#include "isat/speaker.hpp"
#include "isat/transport/memory_link.hpp"

#include <boost/asio/io_context.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace {

namespace bench = isat::bench;
namespace transport = isat::transport;

void batches(benchmark::internal::Benchmark* each) { each->Arg(1)->Arg(transport::batch_max); }

// An iteration has as many questions as the argument says, and each is to be answered.
void check(benchmark::State& state, std::uint64_t replies) {
  const auto asked = static_cast<std::uint64_t>(state.iterations() * state.range(0));
  if (replies != asked) state.SkipWithError("a question was not answered");
}

// Takes whatever is sent to it, and nothing comes in.
class sink final : public transport::frame_transport {
 public:
  explicit sink(isat::asio::any_io_executor executor) : executor_{std::move(executor)} {}

  isat::asio::any_io_executor get_executor() noexcept override { return executor_; }
  std::size_t try_send(std::span<const std::span<const std::byte>> frames, isat::error_code& error) noexcept override {
    error = {};
    benchmark::DoNotOptimize(frames.data());
    return frames.size();
  }
  transport::link_identity link() const override { return {"sink", bench::our_mac}; }
  transport::transport_statistics statistics() noexcept override { return {}; }

 private:
  void do_receive(std::span<transport::received_frame>, isat::handler<receive_signature>) override {}

  isat::asio::any_io_executor executor_;
};

void answer(benchmark::State& state) {
  const auto count = static_cast<std::size_t>(state.range(0));
  boost::asio::io_context io;
  sink out{io.get_executor()};
  isat::responder::vip_table vips;
  isat::election::leadership_table leaderships;
  for (std::size_t i = 0; i < count; ++i) vips.add({bench::vip_number(i), isat::group_id{0}});
  leaderships.set(isat::group_id{0}, {isat::lease_clock::now() + std::chrono::hours{1}, 1});
  isat::responder::responder answering{vips, leaderships};
  isat::responder::counters counted;
  const auto asked = bench::question_bytes(count);
  std::vector<transport::received_frame> received;
  for (const auto& each : asked) received.push_back({each, each.size(), false});

  bench::measure(state, [&] {
    answering.answer(received, {isat::interface_id{0}, bench::our_mac, {}}, out, counted, [](const auto&, auto) {});
    return counted.replies;
  });
  check(state, counted.replies);
}
BENCHMARK(answer)->Apply(batches);

// The segment stores each frame, so something is allocated here.
void speak(benchmark::State& state) {
  const auto count = static_cast<std::size_t>(state.range(0));
  boost::asio::io_context io{1};
  isat::election::always_leader elector{io.get_executor()};
  std::vector<isat::responder::vip> vips;
  for (std::size_t i = 0; i < count; ++i) vips.push_back({bench::vip_number(i)});
  isat::source::static_source source{io.get_executor(), std::move(vips)};
  transport::memory_link link{io.get_executor()};
  isat::speaker speaker{io.get_executor(), elector, source};
  const auto interface = speaker.attach(link.attach("eth0", bench::our_mac));
  speaker.async_run([](isat::error_code) {});
  io.poll();
  const auto asked = bench::question_bytes(count);
  const auto& counted = speaker.find_interface(*interface)->counted();
  const auto before = counted.replies;

  bench::measure(
      state,
      [&] {
        for (const auto& each : asked) link.send(each);
        io.poll();
        return counted.replies;
      },
      bench::allocations::any);
  check(state, counted.replies - before);
}
BENCHMARK(speak)->Apply(batches);

}  // namespace
