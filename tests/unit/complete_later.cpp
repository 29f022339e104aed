// SPDX-License-Identifier: BSL-1.0

#include "isat/complete_later.hpp"

#include <boost/asio/bind_executor.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <doctest/doctest.h>

#include <string>
#include <utility>

namespace asio = isat::asio;
using isat::error_code;
using signature = void(error_code, std::string);

TEST_CASE("a result is told later, not inline, by default on the executor given") {
  asio::io_context context;
  std::string told;
  isat::handler<signature> done{[&](error_code error, std::string text) {
    CHECK_FALSE(error);
    told = std::move(text);
  }};
  isat::complete_later(context.get_executor(), std::move(done), {}, "x");
  CHECK(told.empty());
  CHECK(context.run() == 1);
  CHECK(told == "x");
}

TEST_CASE("a result is told on the handler's own executor, also from within it") {
  asio::io_context context;
  asio::io_context other;
  bool told = false;
  auto plain = [&](error_code, const std::string&) { told = true; };
  asio::post(other, [&] {
    isat::handler<signature> done{asio::bind_executor(other.get_executor(), plain)};
    isat::complete_later(context.get_executor(), std::move(done), {}, "x");
    CHECK_FALSE(told);
  });
  other.poll();  // which keeps work for it meanwhile
  CHECK_FALSE(other.stopped());
  context.run();
  CHECK_FALSE(told);
  other.run();
  CHECK(told);
}
