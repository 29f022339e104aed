// SPDX-License-Identifier: BSL-1.0
#include "isat/transport/frame_transport.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <doctest/doctest.h>

#include <array>
#include <cstddef>
#include <span>
#include <utility>

using namespace isat;

namespace {

/// The least that a user has to write.
class always_two final : public transport::frame_transport {
 public:
  explicit always_two(asio::any_io_executor executor) : executor_{std::move(executor)} {}
  asio::any_io_executor get_executor() noexcept override { return executor_; }
  std::size_t try_send(std::span<const std::span<const std::byte>> frames, error_code& error) noexcept override {
    error = {};
    return frames.size();
  }
  transport::link_identity link() const override { return {"two", {}}; }

 private:
  void do_receive(std::span<transport::received_frame>, handler<receive_signature> done) override {
    asio::post(executor_, [done = std::move(done)]() mutable { std::move(done)(error_code{}, 2); });
  }

  asio::any_io_executor executor_;
};

asio::awaitable<void> receive_once(transport::frame_transport& from, std::size_t& count) {
  std::array<transport::received_frame, 4> slots;
  count = co_await from.async_receive(slots, asio::use_awaitable);
}

}  // namespace

TEST_SUITE("transport/frame_transport") {
  TEST_CASE("a transport of one's own is used through any completion token") {
    asio::io_context io;
    always_two link{io.get_executor()};
    std::array<transport::received_frame, 4> slots;
    std::size_t by_callback = 0;
    std::size_t by_coroutine = 0;
    std::size_t by_deferred = 0;
    link.async_receive(slots, [&](error_code, std::size_t count) { by_callback = count; });
    asio::co_spawn(io, receive_once(link, by_coroutine), asio::detached);
    link.async_receive(slots, asio::deferred)([&](error_code, std::size_t count) { by_deferred = count; });
    io.run();
    CHECK(by_callback == 2);
    CHECK(by_coroutine == 2);
    CHECK(by_deferred == 2);
  }

  TEST_CASE("statistics are zero unless a transport keeps some") {
    asio::io_context io;
    always_two link{io.get_executor()};
    CHECK(link.statistics().receive_drops == 0);
  }
}
