// SPDX-License-Identifier: BSL-1.0

#include "isat/complete_later.hpp"
#include "isat/election/lease_store.hpp"
#include "isat/pending_operation.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <doctest/doctest.h>

#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace {

namespace asio = isat::asio;
using isat::error_code;
using isat::handler;
using isat::election::entry;
using isat::election::lease_store;
using isat::election::record;

/// A store that hands back what it was asked.
class echo_store final : public lease_store {
 public:
  explicit echo_store(asio::any_io_executor executor) : executor_{std::move(executor)}, wait_{executor_} {}
  asio::any_io_executor get_executor() noexcept override { return executor_; }

 private:
  void do_load(std::string name, handler<one_signature> done) override {
    isat::complete_later(executor_, std::move(done), error_code{}, entry{std::move(name), {}, {}, false});
  }
  void do_cas(entry next, handler<one_signature> done) override {
    isat::complete_later(executor_, std::move(done), isat::error::version_conflict, std::move(next));
  }
  void do_list(std::string prefix, handler<many_signature> done) override {
    isat::complete_later(executor_, std::move(done), error_code{},
                         std::vector<entry>(2, entry{std::move(prefix), {}, {}, false}));
  }
  void do_changes(std::string, handler<many_signature> done) override {
    wait_.store(std::move(done), [this] { wait_.complete(asio::error::operation_aborted, {}); });
  }

  asio::any_io_executor executor_;
  isat::pending_operation<many_signature> wait_;
};

}  // namespace

static_assert(!std::is_copy_constructible_v<lease_store> && !std::is_move_constructible_v<echo_store>);
static_assert(std::has_virtual_destructor_v<lease_store>);

TEST_CASE("every operation passes its argument on, and takes a callback") {
  asio::io_context context;
  echo_store echo{context.get_executor()};
  lease_store& store = echo;
  const entry wanted{"b", {3, 4}, record{"node", "nonce", {}, 5, {}}, false};
  std::optional<entry> loaded;
  std::optional<entry> swapped;
  std::vector<entry> listed;
  store.async_load("a", [&](error_code error, entry found) {
    CHECK_FALSE(error);
    loaded = std::move(found);
  });
  store.async_cas(wanted, [&](error_code error, entry found) {
    CHECK(error == isat::error::version_conflict);
    swapped = std::move(found);
  });
  store.async_list("c", [&](error_code, std::vector<entry> found) { listed = std::move(found); });
  CHECK_FALSE(loaded);
  context.run();
  REQUIRE(loaded);
  CHECK(loaded->name == "a");
  CHECK(swapped == wanted);
  REQUIRE(listed.size() == 2);
  CHECK(listed[1].name == "c");
}

TEST_CASE("operations take other completion tokens") {
  asio::io_context context;
  echo_store store{context.get_executor()};
  auto future = store.async_load("a", asio::use_future);
  auto lazy = store.async_list("c", asio::deferred);
  context.run();
  CHECK(future.get().name == "a");
  bool called = false;
  std::move(lazy)([&](error_code, const std::vector<entry>& found) { called = found.size() == 2; });
  context.restart();
  context.run();
  CHECK(called);
}

TEST_CASE("a cancellation reaches the store's own operation") {
  asio::io_context context;
  echo_store store{context.get_executor()};
  asio::cancellation_signal stop;
  std::optional<error_code> result;
  store.async_changes("", asio::bind_cancellation_slot(
                              stop.slot(), [&](error_code error, const std::vector<entry>&) { result = error; }));
  context.poll();
  CHECK_FALSE(result);
  stop.emit(asio::cancellation_type::terminal);
  context.run();
  CHECK(result == error_code{asio::error::operation_aborted});
}
