// SPDX-License-Identifier: BSL-1.0

// The seam itself, by way of the smallest source that a user could write.
#include "isat/pending_operation.hpp"
#include "isat/source/vip_source.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/io_context.hpp>
#include <doctest/doctest.h>

#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace {

namespace asio = isat::asio;
using isat::error_code;
using isat::ipv4_address;
using isat::responder::vip;
using isat::source::vip_sink;
using isat::source::vip_source;

/// Tells the sink what the test tells it.
class hand_source final : public vip_source {
 public:
  explicit hand_source(asio::any_io_executor executor) : executor_{std::move(executor)}, run_{executor_} {}
  asio::any_io_executor get_executor() noexcept override { return executor_; }

  void end(error_code error) { run_.complete(error); }

  vip_sink* sink = nullptr;

 private:
  void do_run(vip_sink& into, isat::handler<run_signature> done) override {
    sink = &into;
    run_.store(std::move(done), [this] { end(asio::error::operation_aborted); });
  }

  asio::any_io_executor executor_;
  isat::pending_operation<run_signature> run_;
};

struct log_sink final : vip_sink {
  void add(const vip& added) override { lines.push_back("add " + added.address.to_string()); }
  void remove(ipv4_address address) override { lines.push_back("remove " + address.to_string()); }
  void synced() override { lines.emplace_back("synced"); }
  std::vector<std::string> lines;
};

}  // namespace

static_assert(std::has_virtual_destructor_v<vip_source> && !std::is_copy_constructible_v<vip_source>);

TEST_CASE("a source is used through its base: it feeds the sink that it was given, and says how it ended") {
  asio::io_context context;
  hand_source own{context.get_executor()};
  vip_source& used = own;
  CHECK(used.get_executor() == context.get_executor());
  log_sink sink;
  error_code result;
  used.async_run(sink, [&](error_code error) { result = error; });
  REQUIRE(own.sink == &sink);
  const auto address = *ipv4_address::parse("192.0.2.1");
  own.sink->add({address});
  own.sink->synced();
  own.sink->remove(address);
  CHECK(sink.lines == std::vector<std::string>{"add 192.0.2.1", "synced", "remove 192.0.2.1"});
  own.end(asio::error::eof);
  context.run();
  CHECK(result == asio::error::eof);
}

TEST_CASE("a running source is cancelled through the token's slot") {
  asio::io_context context;
  hand_source own{context.get_executor()};
  log_sink sink;
  asio::cancellation_signal stop;
  error_code result;
  own.async_run(sink, asio::bind_cancellation_slot(stop.slot(), [&](error_code error) { result = error; }));
  stop.emit(asio::cancellation_type::terminal);
  context.run();
  CHECK(result == asio::error::operation_aborted);
}
