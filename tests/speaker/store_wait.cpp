// SPDX-License-Identifier: BSL-1.0

#include "isat/complete_later.hpp"
#include "isat/election/lease_store.hpp"
#include "isat/pending_operation.hpp"
#include "store_wait.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <doctest/doctest.h>

#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

using namespace speakerd;
using namespace std::chrono_literals;

namespace {

namespace asio = isat::asio;
namespace election = isat::election;
using isat::error_code;

const error_code refused = asio::error::connection_refused;
const error_code aborted = asio::error::operation_aborted;

/// A store that fails some reads and answers those behind, or never answers.
class slow_store final : public election::lease_store {
 public:
  slow_store(asio::io_context& context, int failures) : context_{context}, failures_{failures} {}

  bool is_silent = false;
  std::vector<std::string> asked;

  asio::any_io_executor get_executor() noexcept override { return context_.get_executor(); }

 private:
  void do_load(std::string name, isat::handler<one_signature> done) override {
    asked.push_back(std::move(name));
    if (is_silent) return held_.store(std::move(done), [this] { held_.complete(aborted, {}); });
    isat::complete_later(get_executor(), std::move(done), failures_-- > 0 ? refused : error_code{}, election::entry{});
  }
  void do_cas(election::entry, isat::handler<one_signature>) override { FAIL("nothing is to be written"); }
  void do_list(std::string, isat::handler<many_signature>) override { FAIL("nothing is to be listed"); }
  void do_changes(std::string, isat::handler<many_signature>) override { FAIL("nothing is to be watched"); }

  asio::io_context& context_;
  isat::pending_operation<one_signature> held_{context_.get_executor()};
  int failures_;
};

/// One wait, run to its end.
struct waiting {
  asio::io_context context;
  slow_store store;
  std::vector<error_code> told;
  std::optional<error_code> outcome;
  store_wait wait;

  waiting(int failures, std::chrono::nanoseconds limit)
      : store{context, failures},
        wait{store, "isat-layout", limit, [this](error_code why) { told.push_back(why); },
             [this](error_code how) { outcome = how; }} {}

  error_code run() {
    wait.start();
    CHECK_FALSE(outcome);
    context.run_for(10s);
    REQUIRE(outcome);
    CHECK(context.stopped());  // nothing is left pending
    return *outcome;
  }
};

}  // namespace

TEST_CASE("a store that answers is waited for no longer") {
  waiting of{0, 1h};
  CHECK(of.run() == error_code{});
  CHECK(of.told.empty());
  CHECK(of.store.asked == std::vector<std::string>{"isat-layout"});
}

TEST_CASE("a store that fails is asked again until it answers") {
  waiting of{1, 1h};
  CHECK(of.run() == error_code{});
  CHECK(of.told == std::vector<error_code>{refused});
  CHECK(of.store.asked.size() == 2);
}

TEST_CASE("with a limit of zero a store is asked once") {
  waiting answering{0, 0s};
  CHECK(answering.run() == error_code{});
  waiting failing{1, 0s};
  CHECK(failing.run() == refused);
  CHECK(failing.told.empty());
  CHECK(failing.store.asked.size() == 1);
}

TEST_CASE("a wait for a store that fails ends at its limit, with the last error") {
  waiting of{1000, 30ms};
  CHECK(of.run() == refused);
  CHECK(of.store.asked.size() < 5);
}

TEST_CASE("a wait for a silent store ends at its limit") {
  waiting of{0, 30ms};
  of.store.is_silent = true;
  CHECK(of.run() == asio::error::timed_out);
}

TEST_CASE("a wait that is stopped is aborted, whether the store is asked or left in peace") {
  waiting asking{0, 1h};
  asking.store.is_silent = true;
  asio::post(asking.context, [&] { asking.wait.stop(); });
  CHECK(asking.run() == aborted);

  waiting pausing{1000, 1h};
  asio::post(pausing.context, [&] {
    asio::post(pausing.context, [&] {
      REQUIRE(pausing.told.size() == 1);
      pausing.wait.stop();
    });
  });
  CHECK(pausing.run() == aborted);
  CHECK(pausing.store.asked.size() == 1);
}

TEST_CASE("to stop a wait that is over does nothing") {
  waiting of{0, 1h};
  CHECK(of.run() == error_code{});
  of.outcome.reset();
  of.wait.stop();
  of.context.restart();
  of.context.run_for(1s);
  CHECK_FALSE(of.outcome);
}
