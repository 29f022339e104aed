// SPDX-License-Identifier: BSL-1.0

#include "isat/source/static_source.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/io_context.hpp>
#include <doctest/doctest.h>

#include <cstddef>
#include <optional>
#include <vector>

namespace {

namespace asio = isat::asio;
using isat::error_code;
using isat::group_id;
using isat::interface_id;
using isat::interface_set;
using isat::ipv4_address;
using isat::responder::vip;
using isat::source::static_source;

struct collector final : isat::source::vip_sink {
  void add(const vip& added) override {
    vips.push_back(added);
    if (vips.size() == stop_after) stop->emit(asio::cancellation_type::terminal);
  }
  void remove(ipv4_address) override { ++removals; }
  void synced() override {
    ++syncs;
    vips_when_synced = vips.size();
  }

  std::vector<vip> vips;
  int removals = 0;
  int syncs = 0;
  std::size_t vips_when_synced = 0;
  std::size_t stop_after = 0;
  asio::cancellation_signal* stop = nullptr;
};

const std::vector<vip> three{{*ipv4_address::parse("192.0.2.3"), group_id{1}, interface_set::only(interface_id{2})},
                             {*ipv4_address::parse("192.0.2.1")},
                             {*ipv4_address::parse("192.0.2.2"), group_id{7}}};

}  // namespace

TEST_CASE("it adds every VIP as it was given, in order, and is synced after the last") {
  asio::io_context context;
  static_source source{context.get_executor(), three};
  CHECK(source.vips() == three);
  collector sink;
  std::optional<error_code> result;
  source.async_run(sink, [&](error_code error) { result = error; });
  CHECK(sink.vips.empty());  // the sink is called on the executor only
  context.poll();
  CHECK(sink.vips == three);
  CHECK(sink.syncs == 1);
  CHECK(sink.vips_when_synced == 3);
  CHECK(sink.removals == 0);
  CHECK_FALSE(result);
  CHECK_FALSE(context.stopped());
}

TEST_CASE("an empty list is synced as well") {
  asio::io_context context;
  static_source source{context.get_executor(), {}};
  collector sink;
  source.async_run(sink, [](error_code) {});
  context.poll();
  CHECK(sink.syncs == 1);
}

TEST_CASE("cancellation ends it with operation_aborted") {
  asio::io_context context;
  static_source source{context.get_executor(), three};
  collector sink;
  asio::cancellation_signal stop;
  std::optional<error_code> result;
  source.async_run(sink, asio::bind_cancellation_slot(stop.slot(), [&](error_code error) { result = error; }));
  SUBCASE("before it began: nothing is added") {
    stop.emit(asio::cancellation_type::terminal);
    context.run();
    CHECK(sink.vips.empty());
    CHECK(sink.syncs == 0);
  }
  SUBCASE("after it was synced: what was added stays") {
    context.poll();
    stop.emit(asio::cancellation_type::total);
    context.run();
    CHECK(sink.vips.size() == 3);
    CHECK(sink.removals == 0);
  }
  SUBCASE("from within the sink: nothing more comes") {
    sink.stop = &stop;
    sink.stop_after = 2;
    context.run();
    CHECK(sink.vips.size() == 2);
    CHECK(sink.syncs == 0);
  }
  CHECK(result == error_code{asio::error::operation_aborted});
}

TEST_CASE("a second run feeds the whole list anew") {
  asio::io_context context;
  static_source source{context.get_executor(), three};
  for (int run = 0; run < 2; ++run) {
    collector sink;
    asio::cancellation_signal stop;
    source.async_run(sink, asio::bind_cancellation_slot(stop.slot(), [](error_code) {}));
    context.poll();
    CHECK(sink.vips == three);
    stop.emit(asio::cancellation_type::terminal);
    context.run();
    context.restart();
  }
}
