// SPDX-License-Identifier: BSL-1.0
#include "fake_api/connection.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <utility>

namespace isat::test::fake_api {

using std::chrono::steady_clock;

void connection::end_watch(ending how) {
  if (!watching_) return;
  watch_end_ = how;
  wake();
}

void connection::send_in_watch(std::string_view text) {
  if (!watching_) return;
  injected_ += text;
  wake();
}

void connection::want_bookmark() {
  wants_bookmark_ = true;
  wake();
}

asio::awaitable<bool> connection::serve_watch(watch_plan plan, std::size_t piece) {
  watching_ = true;
  watch_end_ = ending::none;
  wants_bookmark_ = false;
  injected_.clear();
  piece_ = piece;
  const bool again = co_await run_watch(std::move(plan));
  watching_ = false;
  co_return again;
}

asio::awaitable<bool> connection::run_watch(watch_plan plan) {
  constexpr std::string_view head =
      "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nCache-Control: no-cache, private\r\n"
      "Transfer-Encoding: chunked\r\n\r\n";
  if (!co_await pass_pause() || !co_await write(head, piece_)) co_return false;
  const auto never = steady_clock::now() + std::chrono::hours{24};
  const auto end = plan.timeout.count() == 0 ? never : steady_clock::now() + plan.timeout;
  auto bookmarked = steady_clock::now();
  watch_stream stream{*core_->store, std::move(plan)};
  while (!closed_ && !closing_ && !peer_gone_) {
    const auto& how = core_->watching;
    const auto period = stream.plan().bookmarks ? how.bookmark_period : std::chrono::nanoseconds{};
    const auto next_bookmark = period.count() == 0 ? never : bookmarked + period;
    if (watch_end_ == ending::orderly) co_return co_await write("0\r\n\r\n", piece_);
    if (watch_end_ != ending::none) {
      close(watch_end_);
      co_return false;
    }
    if (!core_->paused && !how.silent) {
      if (!co_await send_news(stream)) co_return false;
      const bool over = stream.failed() || steady_clock::now() >= end;
      if (over) co_return co_await write("0\r\n\r\n", piece_);
      if (steady_clock::now() >= next_bookmark) wants_bookmark_ = true;
      if (std::exchange(wants_bookmark_, false) && stream.plan().bookmarks) {
        bookmarked = steady_clock::now();
        const auto line = stream.bookmark();
        if (!co_await send_chunk(line)) co_return false;
        continue;
      }
    }
    if (closed_ || peer_gone_ || has_news(stream)) continue;  // it may have gone while this wrote
    peek();
    co_await wait(core_->paused || how.silent ? never : std::min(end, next_bookmark));
  }
  co_return false;
}

bool connection::has_news(const watch_stream& stream) const {
  if (watch_end_ != ending::none) return true;
  if (core_->paused || core_->watching.silent) return false;
  return wants_bookmark_ || !injected_.empty() || stream.is_behind(core_->router.visible());
}

asio::awaitable<bool> connection::send_news(watch_stream& stream) {
  if (!injected_.empty()) {
    const auto text = std::exchange(injected_, {});
    if (!co_await send_chunk(text)) co_return false;
  }
  if (!stream.is_behind(core_->router.visible())) co_return true;
  if (!co_await pass_time(core_->watching.delay)) co_return false;
  const auto lines = stream.next(core_->router.visible());
  if (core_->watching.joined) {
    std::string all;
    for (const auto& each : lines) all += each;
    co_return all.empty() || co_await send_event(all);
  }
  for (const auto& each : lines) {
    if (!co_await send_event(each)) co_return false;
    if (watch_end_ != ending::none) break;  // perhaps after half an event
  }
  co_return true;
}

asio::awaitable<bool> connection::send_event(std::string_view line) {
  if (core_->watching.half_events) {
    const auto half = line.substr(0, line.size() / 2);
    line.remove_prefix(half.size());
    if (!co_await send_chunk(half)) co_return false;
    const auto forever = steady_clock::now() + std::chrono::hours{24};
    while (core_->watching.half_events && !closed_ && !closing_ && !peer_gone_ && watch_end_ == ending::none) {
      peek();
      co_await wait(forever);
    }
    if (closed_ || closing_ || peer_gone_) co_return false;
    if (watch_end_ != ending::none) co_return true;
  }
  const auto most = core_->watching.chunk_max == 0 ? line.size() : core_->watching.chunk_max;
  while (!line.empty()) {
    const auto part = line.substr(0, most);
    line.remove_prefix(part.size());
    if (!co_await send_chunk(part)) co_return false;
  }
  co_return true;
}

asio::awaitable<bool> connection::send_chunk(std::string_view octets) {
  const auto chunk = fmt::format("{:x}\r\n{}\r\n", octets.size(), octets);
  co_return co_await write(chunk, piece_);
}

}  // namespace isat::test::fake_api
