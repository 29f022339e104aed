// SPDX-License-Identifier: BSL-1.0

// detail::erase and detail::pending: any completion token at a seam's surface, one type-erased handler below it.
#include "isat/pending_operation.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/system/system_error.hpp>
#include <doctest/doctest.h>

#include <chrono>
#include <future>
#include <memory>
#include <string>
#include <tuple>
#include <utility>

namespace {

namespace asio = isat::asio;
using isat::error_code;
using namespace std::chrono_literals;

/// The smallest seam: one operation, which the test completes by hand.
class mailbox {
 public:
  using signature = void(error_code, std::string);

  explicit mailbox(const asio::any_io_executor& executor) : waiting_{executor} {}

  template <class Token>
  auto async_take(std::string from, Token&& token) {
    return isat::detail::erase<signature>(
        std::forward<Token>(token),
        [this](std::string sender, isat::handler<signature> done) {
          from_ = std::move(sender);
          ++started;
          waiting_.store(std::move(done), [this] {
            ++cancelled;
            waiting_.complete(asio::error::operation_aborted, "cancelled");
          });
        },
        std::move(from));
  }

  void put(const std::string& text) { waiting_.complete({}, from_ + ": " + text); }
  bool idle() const { return waiting_.empty(); }

  template <class Function>
  auto guarded(Function function) {
    return waiting_.while_pending(std::move(function));
  }

  int started = 0;
  int cancelled = 0;

 private:
  std::string from_;
  isat::pending_operation<signature> waiting_;
};

struct outcome {
  int calls = 0;
  error_code error;
  std::string text;

  auto callback() {
    return [this](error_code e, std::string t) {
      ++calls;
      error = e;
      text = std::move(t);
    };
  }
};

}  // namespace

TEST_CASE("a callback is called once, later and never inline") {
  asio::io_context context;
  mailbox box{context.get_executor()};
  outcome seen;
  box.async_take("ann", seen.callback());
  CHECK(box.started == 1);
  CHECK_FALSE(box.idle());
  box.put("hello");
  CHECK(box.idle());
  CHECK(seen.calls == 0);
  box.put("lost: nobody waits");
  context.run();
  CHECK(seen.calls == 1);
  CHECK_FALSE(seen.error);
  CHECK(seen.text == "ann: hello");
}

TEST_CASE("a callback that can only be moved is fine") {
  asio::io_context context;
  mailbox box{context.get_executor()};
  std::string got;
  box.async_take("ann", [&got, own = std::make_unique<int>(7)](error_code, const std::string& text) {
    got = text + std::to_string(*own);
  });
  box.put("x");
  context.run();
  CHECK(got == "ann: x7");
}

TEST_CASE("a pending operation keeps its context at work, a completed one lets it end") {
  asio::io_context context;
  mailbox box{context.get_executor()};
  outcome seen;
  box.async_take("ann", seen.callback());
  context.poll();
  CHECK_FALSE(context.stopped());
  box.put("x");
  CHECK(context.run_for(5s) > 0);
  CHECK(context.stopped());
}

TEST_CASE("the handler's own executor is used and kept at work") {
  asio::io_context context;
  asio::io_context other;
  mailbox box{context.get_executor()};
  outcome seen;
  box.async_take("ann", asio::bind_executor(other.get_executor(), seen.callback()));
  other.poll();
  CHECK_FALSE(other.stopped());
  box.put("x");
  context.run();
  CHECK(seen.calls == 0);
  other.run();
  CHECK(seen.calls == 1);
}

TEST_CASE("a strand as the handler's executor runs it") {
  asio::io_context context;
  const auto strand = asio::make_strand(context);
  mailbox box{context.get_executor()};
  bool inside = false;
  box.async_take("ann", asio::bind_executor(
                            strand, [&](error_code, const std::string&) { inside = strand.running_in_this_thread(); }));
  box.put("x");
  context.run();
  CHECK(inside);
}

TEST_CASE("use_awaitable gives the result, and throws the error") {
  asio::io_context context;
  auto box = std::make_unique<mailbox>(context.get_executor());
  std::string got;
  error_code thrown;
  asio::co_spawn(
      context,
      [&]() -> asio::awaitable<void> {
        got = co_await box->async_take("ann", asio::use_awaitable);
        try {
          co_await box->async_take("bob", asio::use_awaitable);
        } catch (const boost::system::system_error& error) {
          thrown = error.code();
        }
      },
      asio::detached);
  context.poll();
  box->put("one");
  context.poll();
  CHECK(got == "ann: one");
  CHECK_FALSE(box->idle());
  box.reset();
  context.run();
  CHECK(thrown == asio::error::operation_aborted);
}

TEST_CASE("as_tuple and redirect_error work on top of use_awaitable") {
  asio::io_context context;
  mailbox box{context.get_executor()};
  std::tuple<error_code, std::string> first;
  error_code second;
  std::string text;
  asio::co_spawn(
      context,
      [&]() -> asio::awaitable<void> {
        first = co_await box.async_take("ann", asio::as_tuple(asio::use_awaitable));
        text = co_await box.async_take("bob", asio::redirect_error(asio::use_awaitable, second));
      },
      asio::detached);
  context.poll();
  box.put("one");
  context.poll();
  box.put("two");
  context.run();
  CHECK(std::get<1>(first) == "ann: one");
  CHECK_FALSE(second);
  CHECK(text == "bob: two");
}

TEST_CASE("deferred starts nothing until it is called, and keeps its argument") {
  asio::io_context context;
  mailbox box{context.get_executor()};
  outcome seen;
  auto operation = box.async_take("ann", asio::deferred);
  CHECK(box.started == 0);
  std::move(operation)(seen.callback());
  CHECK(box.started == 1);
  box.put("x");
  context.run();
  CHECK(seen.text == "ann: x");
}

TEST_CASE("use_future gives the result") {
  asio::io_context context;
  mailbox box{context.get_executor()};
  std::future<std::string> future = box.async_take("ann", asio::use_future);
  box.put("x");
  context.run();
  CHECK(future.get() == "ann: x");
}

TEST_CASE("an already erased handler can be passed on") {
  asio::io_context context;
  mailbox box{context.get_executor()};
  outcome seen;
  isat::handler<mailbox::signature> erased{seen.callback()};
  box.async_take("ann", std::move(erased));
  box.put("x");
  context.run();
  CHECK(seen.text == "ann: x");
}

TEST_CASE("every type of cancellation reaches the operation, once") {
  for (const auto type : {asio::cancellation_type::terminal, asio::cancellation_type::partial,
                          asio::cancellation_type::total, asio::cancellation_type::all}) {
    asio::io_context context;
    mailbox box{context.get_executor()};
    asio::cancellation_signal signal;
    outcome seen;
    box.async_take("ann", asio::bind_cancellation_slot(signal.slot(), seen.callback()));
    signal.emit(type);
    CHECK(box.idle());
    signal.emit(type);
    context.run();
    CHECK(box.cancelled == 1);
    CHECK(seen.calls == 1);
    CHECK(seen.error == asio::error::operation_aborted);
    CHECK(seen.text == "cancelled");
  }
}

TEST_CASE("a cancellation of type none is no cancellation") {
  asio::io_context context;
  mailbox box{context.get_executor()};
  asio::cancellation_signal signal;
  outcome seen;
  box.async_take("ann", asio::bind_cancellation_slot(signal.slot(), seen.callback()));
  signal.emit(asio::cancellation_type::none);
  CHECK_FALSE(box.idle());
  box.put("x");
  context.run();
  CHECK(box.cancelled == 0);
  CHECK_FALSE(seen.error);
}

TEST_CASE("a cancellation after completion does nothing, whether or not the handler has run") {
  asio::io_context context;
  auto box = std::make_unique<mailbox>(context.get_executor());
  asio::cancellation_signal signal;
  outcome seen;
  box->async_take("ann", asio::bind_cancellation_slot(signal.slot(), seen.callback()));
  box->put("x");
  signal.emit(asio::cancellation_type::terminal);
  CHECK(box->cancelled == 0);
  context.run();
  signal.emit(asio::cancellation_type::terminal);
  CHECK(box->cancelled == 0);
  CHECK_FALSE(seen.error);
  box.reset();
  signal.emit(asio::cancellation_type::terminal);  // must not touch what is gone
  CHECK(seen.calls == 1);
}

TEST_CASE("a cancellation that comes late does not hit the next operation") {
  asio::io_context context;
  mailbox box{context.get_executor()};
  asio::cancellation_signal first;
  asio::cancellation_signal second;
  outcome one;
  outcome two;
  box.async_take("ann", asio::bind_cancellation_slot(first.slot(), one.callback()));
  box.put("x");
  box.async_take("bob", asio::bind_cancellation_slot(second.slot(), two.callback()));
  first.emit(asio::cancellation_type::terminal);
  CHECK_FALSE(box.idle());
  context.poll();
  CHECK(one.calls == 1);
  CHECK(two.calls == 0);
  second.emit(asio::cancellation_type::terminal);
  context.run();
  CHECK(two.error == asio::error::operation_aborted);
}

TEST_CASE("a coroutine is cancelled through its own slot") {
  asio::io_context context;
  mailbox box{context.get_executor()};
  asio::cancellation_signal signal;
  std::tuple<error_code, std::string> got;
  asio::co_spawn(
      context,
      [&]() -> asio::awaitable<void> { got = co_await box.async_take("ann", asio::as_tuple(asio::use_awaitable)); },
      asio::bind_cancellation_slot(signal.slot(), asio::detached));
  context.poll();
  signal.emit(asio::cancellation_type::terminal);
  context.run();
  CHECK(box.cancelled == 1);
  CHECK(std::get<0>(got) == asio::error::operation_aborted);
}

TEST_CASE("destroying the object aborts its pending operation") {
  asio::io_context context;
  outcome seen;
  {
    mailbox box{context.get_executor()};
    box.async_take("ann", seen.callback());
  }
  CHECK(seen.calls == 0);
  context.run();
  CHECK(seen.calls == 1);
  CHECK(seen.error == asio::error::operation_aborted);
}

TEST_CASE("a context that ends destroys the pending handler, also when its coroutine owns the object") {
  // What the coroutine holds must die with the context; a handler kept by the object alone would be a ring that leaks.
  const auto witness = std::make_shared<int>(0);
  {
    asio::io_context context;
    asio::co_spawn(
        context,
        [](asio::any_io_executor executor, std::shared_ptr<int>) -> asio::awaitable<void> {
          mailbox box{executor};
          co_await box.async_take("ann", asio::use_awaitable);
        }(context.get_executor(), witness),
        asio::detached);
    context.poll();
    CHECK(witness.use_count() == 2);
  }
  CHECK(witness.use_count() == 1);
}

TEST_CASE("an object whose context destroyed its operation finds its slot empty") {
  // Owners look at the slot in their destructors, which may run inside that very destruction.
  struct owner {
    std::shared_ptr<mailbox> box;
    bool* idle;
    owner(std::shared_ptr<mailbox> b, bool& i) : box{std::move(b)}, idle{&i} {}
    owner(owner&&) noexcept = default;
    ~owner() {
      if (box) *idle = box->idle();
    }
    void operator()(error_code, const std::string&) const {}
  };
  bool idle = false;
  {
    asio::io_context context;
    const auto box = std::make_shared<mailbox>(context.get_executor());
    box->async_take("ann", owner{box, idle});
    CHECK_FALSE(box->idle());
  }
  CHECK(idle);
}

TEST_CASE("guarded callbacks run only while the operation that they belong to is pending") {
  asio::io_context context;
  mailbox box{context.get_executor()};
  outcome seen;
  int ran = 0;
  box.async_take("ann", seen.callback());
  auto early = box.guarded([&](int by) { ran += by; });
  early(1);
  CHECK(ran == 1);
  box.put("x");
  early(10);
  CHECK(ran == 1);
  box.async_take("bob", seen.callback());
  early(100);  // another operation than its own is pending
  CHECK(ran == 1);
  box.put("y");
  context.run();
  CHECK(seen.calls == 2);
}

TEST_CASE("an operation may be started from its own completion") {
  asio::io_context context;
  mailbox box{context.get_executor()};
  outcome second;
  box.async_take("ann", [&](error_code, const std::string&) { box.async_take("bob", second.callback()); });
  box.put("x");
  context.poll();
  CHECK(box.started == 2);
  box.put("y");
  context.run();
  CHECK(second.text == "bob: y");
}

TEST_CASE("an operation without results completes as well") {
  asio::io_context context;
  isat::pending_operation<void()> waiting{context.get_executor()};
  int calls = 0;
  waiting.store([&calls] { ++calls; });
  waiting.complete();
  context.run();
  CHECK(calls == 1);
}
