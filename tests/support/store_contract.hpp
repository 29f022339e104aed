// SPDX-License-Identifier: BSL-1.0

// What every lease store must keep, checked against any of them: call check_store_contract() from one test case per
// store, with a world of that store's kind. Each subcase begins with records of its own and two handles on them.
#pragma once

#include "isat/election/lease_store.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace isat::test {

/// A record that uses every member, with octets that a store might trip over.
inline election::record sample_record(const std::string& nonce) {
  election::record made;
  made.holder = "node a\n%41\xff";
  made.nonce = nonce;
  made.duration = std::chrono::milliseconds{3000};
  made.term = 18446744073709551615U;
  made.notes = {{"mode", "shards:8"}, {"", "empty key"}, {"empty value", ""}, {"a=b c\n", "\"{}\""}};
  return made;
}

/// The names and records with which a kind of store is tried: what is odd about names and texts, as far as it takes it.
struct store_words {
  std::string prefix = "isat/";
  std::string name = "isat/group 0";  ///< below the prefix
  std::string other = "isat/other";   ///< likewise
  std::string outside = "isat";       ///< not below it
  std::vector<std::string> names{"",   ".",    "..",  "%",   "%25",    "a",    "A",
                                 "a/", "a/..", "a b", "a\n", ".alive", ".tmp", "\xff"};
  election::record (*sample)(const std::string& nonce) = sample_record;
};

/// One kind of store, empty at first.
class store_world {
 public:
  store_world() = default;
  store_world(const store_world&) = delete;
  store_world& operator=(const store_world&) = delete;
  virtual ~store_world() = default;

  /// A new handle on the same records.
  virtual std::unique_ptr<election::lease_store> make_store(asio::io_context& context) = 0;

  virtual store_words words() const { return {}; }
};

/// Runs `context` until `condition` holds; false if it does not within five seconds.
template <class Condition>
bool run_until(asio::io_context& context, Condition condition) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{5};
  while (!condition()) {
    if (context.stopped()) context.restart();
    if (context.run_one_until(deadline) == 0 && !condition()) return false;
  }
  return true;
}

/// An operation's outcome, once it has one.
template <class Result>
struct outcome_of {
  bool done = false;
  error_code error;
  Result result{};

  /// A handler that fills this in.
  auto handler() {
    return [this](error_code e, Result r) {
      REQUIRE_FALSE(done);
      done = true;
      error = e;
      result = std::move(r);
    };
  }
};

using one_outcome = outcome_of<election::entry>;
using many_outcome = outcome_of<std::vector<election::entry>>;

/// A handle on a store, used as if its operations were calls.
class store_user {
 public:
  store_user(asio::io_context& context, std::unique_ptr<election::lease_store> store, store_words with = {})
      : words{std::move(with)}, context_{context}, store_{std::move(store)} {}

  const store_words words;

  one_outcome load(const std::string& name) {
    one_outcome outcome;
    store_->async_load(name, outcome.handler());
    CHECK_FALSE(outcome.done);  // never inline
    REQUIRE(run_until(context_, [&] { return outcome.done; }));
    return outcome;
  }
  one_outcome cas(election::entry next) {
    one_outcome outcome;
    store_->async_cas(std::move(next), outcome.handler());
    CHECK_FALSE(outcome.done);
    REQUIRE(run_until(context_, [&] { return outcome.done; }));
    return outcome;
  }
  many_outcome list(const std::string& prefix) {
    many_outcome outcome;
    store_->async_list(prefix, outcome.handler());
    CHECK_FALSE(outcome.done);
    REQUIRE(run_until(context_, [&] { return outcome.done; }));
    return outcome;
  }

  /// Starts to wait for changes, unless it waits already.
  void watch(const std::string& prefix) {
    if (waiting_) return;
    waiting_ = true;
    store_->async_changes(prefix, asio::bind_cancellation_slot(
                                      stop_.slot(), [this](error_code error, std::vector<election::entry> changes) {
                                        waiting_ = false;
                                        last_error = error;
                                        for (auto& change : changes) changed.push_back(std::move(change));
                                      }));
    CHECK(waiting_);
  }
  bool waiting() const noexcept { return waiting_; }
  void cancel() { stop_.emit(asio::cancellation_type::terminal); }
  void destroy() { store_.reset(); }

  /// Waits for changes under `prefix` until `wanted` is the newest news of its name; errors only mean to go on.
  bool hears_of(const std::string& prefix, const election::entry& wanted) {
    const auto newest = [&] {
      const auto same = [&](const auto& change) { return change.name == wanted.name; };
      const auto found = std::find_if(changed.rbegin(), changed.rend(), same);
      return found != changed.rend() && *found == wanted;
    };
    return run_until(context_, [&] {
      if (!newest()) watch(prefix);
      return newest();
    });
  }

  election::lease_store& store() { return *store_; }

  std::vector<election::entry> changed;  ///< everything that was told
  error_code last_error;                 ///< of the last wait that ended

 private:
  asio::io_context& context_;
  bool waiting_ = false;
  asio::cancellation_signal stop_;
  std::unique_ptr<election::lease_store> store_;
};

/// The names in a list of entries.
inline std::vector<std::string> names_of(const std::vector<election::entry>& entries) {
  std::vector<std::string> names;
  names.reserve(entries.size());
  for (const auto& found : entries) names.push_back(found.name);
  std::sort(names.begin(), names.end());
  return names;
}

/// Writes a sample with this nonce over what `by` reads under `name`.
inline election::entry write_sample(store_user& by, const std::string& name, const std::string& nonce) {
  election::entry next = by.load(name).result;
  next.value = by.words.sample(nonce);
  const auto outcome = by.cas(next);
  REQUIRE_FALSE(outcome.error);
  return outcome.result;
}

/// What a record and its versions must do.
inline void check_versions(asio::io_context& context, store_user& one, store_user& two) {
  const std::string name = one.words.name;
  const election::entry nothing = one.load(name).result;
  SUBCASE("what was never written has no value") {
    CHECK(nothing.name == name);
    CHECK_FALSE(nothing.value.has_value());
    CHECK(nothing.at.number == 0);
    CHECK_FALSE(nothing.orphaned);
    CHECK(one.list("").result.empty());
  }
  SUBCASE("what one handle wrote is what both read") {
    const auto first = write_sample(one, name, "1");
    CHECK(first.value == one.words.sample("1"));
    CHECK(first.at.number > 0);
    CHECK(one.load(name).result == first);
    CHECK(two.load(name).result == first);
  }
  SUBCASE("a write names the version that it replaces, and the next version is newer") {
    const auto first = write_sample(one, name, "1");
    const auto second = write_sample(two, name, "2");
    CHECK(second.at.newer_than(first.at));
    CHECK_FALSE(first.at.newer_than(second.at));
    CHECK(one.load(name).result == second);
  }
  SUBCASE("a write that names another version is a conflict and changes nothing") {
    const auto first = write_sample(one, name, "1");
    const auto second = write_sample(one, name, "2");
    election::entry stale = first;
    CHECK(two.cas(stale).error == error::version_conflict);
    stale.at = {second.at.incarnation, second.at.number + 1};
    CHECK(two.cas(stale).error == error::version_conflict);
    stale.at = {second.at.incarnation + 1, second.at.number};
    CHECK(two.cas(stale).error == error::version_conflict);
    stale.at = {};
    CHECK(two.cas(stale).error == error::version_conflict);
    CHECK(two.load(name).result == second);
  }
  SUBCASE("of two who create one wins") {
    election::entry next = nothing;
    next.value = one.words.sample("one");
    one_outcome first;
    one_outcome second;
    one.store().async_cas(next, first.handler());
    next.value = two.words.sample("two");
    two.store().async_cas(next, second.handler());
    REQUIRE(run_until(context, [&] { return first.done && second.done; }));
    CHECK((first.error == error_code{}) != (second.error == error_code{}));
    const auto& winner = first.error ? second : first;
    CHECK((first.error ? first : second).error == error::version_conflict);
    CHECK(one.load(name).result == winner.result);
  }
}

/// What removing and naming must do.
inline void check_names(store_user& one, store_user& two) {
  const std::string name = one.words.name;
  SUBCASE("a removed record is not listed, and its versions never come back") {
    const auto first = write_sample(one, name, "1");
    election::entry gone = first;
    gone.value.reset();
    const auto removed = two.cas(gone);
    REQUIRE_FALSE(removed.error);
    const auto absent = one.load(name).result;
    CHECK_FALSE(absent.value.has_value());
    CHECK(absent == removed.result);
    CHECK(one.list("").result.empty());
    CHECK(one.cas(first).error == error::version_conflict);
    const auto again = write_sample(one, name, "1");
    CHECK(again.at != first.at);
    CHECK(again.at != removed.result.at);
    CHECK(one.cas(first).error == error::version_conflict);
    CHECK(one.cas(gone).error == error::version_conflict);
    CHECK(two.load(name).result == again);
  }
  SUBCASE("records with different names are different, whatever is in the names") {
    const std::vector<std::string>& names = one.words.names;
    for (const auto& each : names) {
      CAPTURE(each);
      const auto made = write_sample(one, each, "of " + each);
      CHECK(made.name == each);
    }
    for (const auto& each : names) {
      CAPTURE(each);
      CHECK(two.load(each).result.value == one.words.sample("of " + each));
    }
    auto sorted = names;
    std::sort(sorted.begin(), sorted.end());
    CHECK(names_of(two.list("").result) == sorted);
    std::erase_if(sorted, [](const std::string& each) { return !each.starts_with('a'); });
    CHECK(sorted.size() > 1);
    CHECK(names_of(two.list("a").result) == sorted);
    CHECK(two.list("none such").result.empty());
  }
}

/// What waiting for changes must tell.
inline void check_changes(asio::io_context& context, store_user& one, store_user& two) {
  const std::string name = one.words.name;
  SUBCASE("both handles hear of a write, of the next one, and of a removal") {
    one.watch(one.words.prefix);
    two.watch(one.words.prefix);
    const auto first = write_sample(one, name, "x");
    CHECK(one.hears_of(one.words.prefix, first));
    CHECK(two.hears_of(one.words.prefix, first));
    const auto second = write_sample(two, name, "x");
    CHECK(one.hears_of(one.words.prefix, second));
    CHECK(two.hears_of(one.words.prefix, second));
    election::entry gone = second;
    gone.value.reset();
    const auto removed = one.cas(gone).result;
    CHECK(one.hears_of(one.words.prefix, removed));
    CHECK(two.hears_of(one.words.prefix, removed));
    CHECK_FALSE(one.last_error);
  }
  SUBCASE("what happens between two waits is told by the second") {
    one.watch(one.words.prefix);
    CHECK(one.hears_of(one.words.prefix, write_sample(two, name, "x")));
    const auto second = write_sample(two, name, "x");
    const auto other = write_sample(two, one.words.other, "x");
    CHECK(one.hears_of(one.words.prefix, second));
    CHECK(one.hears_of(one.words.prefix, other));
  }
  SUBCASE("a wait hears nothing of other prefixes, and does not end by itself") {
    one.watch(one.words.prefix);
    two.watch("");
    const auto other = write_sample(two, one.words.outside, "x");
    CHECK(two.hears_of("", other));
    while (context.poll() > 0) {
    }
    CHECK(one.waiting());
    CHECK(one.changed.empty());
    CHECK(one.hears_of(one.words.prefix, write_sample(two, name, "x")));
    CHECK(names_of(one.changed) == std::vector<std::string>{name});
  }
}

/// How a wait for changes ends without one.
inline void check_ends_of_waits(asio::io_context& context, store_user& one, store_user& two) {
  const std::string name = one.words.name;
  SUBCASE("a wait that is cancelled ends with operation_aborted, and the next one goes on") {
    one.watch(one.words.prefix);
    one.cancel();
    CHECK(run_until(context, [&] { return !one.waiting(); }));
    CHECK(one.last_error == asio::error::operation_aborted);
    const auto first = write_sample(two, name, "x");
    CHECK(one.hears_of(one.words.prefix, first));
  }
  SUBCASE("nothing is left to do for the context once the last wait is cancelled") {
    one.watch(one.words.prefix);
    one.cancel();
    if (context.stopped()) context.restart();
    context.run_for(std::chrono::seconds{5});
    CHECK(context.stopped());
    CHECK_FALSE(one.waiting());
  }
  SUBCASE("a wait whose store is destroyed ends with operation_aborted") {
    one.watch(one.words.prefix);
    two.watch(one.words.prefix);
    one.destroy();
    CHECK(run_until(context, [&] { return !one.waiting(); }));
    CHECK(one.last_error == asio::error::operation_aborted);
    CHECK(two.hears_of(one.words.prefix, write_sample(two, name, "x")));
  }
}

/// How operations complete.
inline void check_completions(asio::io_context& context, store_user& one) {
  const std::string name = one.words.name;
  SUBCASE("operations overlap, and each completes once though its store has been destroyed") {
    one_outcome loaded;
    one_outcome swapped;
    many_outcome listed;
    election::entry next{name, {}, one.words.sample("x"), false};
    one.store().async_load(name, loaded.handler());
    one.store().async_cas(next, swapped.handler());
    one.store().async_list("", listed.handler());
    one.destroy();
    CHECK(run_until(context, [&] { return loaded.done && swapped.done && listed.done; }));
  }
  SUBCASE("an operation that is cancelled completes once, with its result or operation_aborted") {
    one_outcome loaded;
    asio::cancellation_signal stop;
    one.store().async_load(name, asio::bind_cancellation_slot(stop.slot(), loaded.handler()));
    stop.emit(asio::cancellation_type::terminal);
    CHECK_FALSE(loaded.done);
    CHECK(run_until(context, [&] { return loaded.done; }));
    CHECK((!loaded.error || loaded.error == asio::error::operation_aborted));
  }
}

/// Checks all of it; `make_world()` gives a new world of the kind.
template <class MakeWorld>
void check_store_contract(MakeWorld make_world) {
  const auto world = make_world();
  asio::io_context context;
  store_user one{context, world->make_store(context), world->words()};
  store_user two{context, world->make_store(context), world->words()};
  SUBCASE("versions") { check_versions(context, one, two); }
  SUBCASE("names") { check_names(one, two); }
  SUBCASE("changes") { check_changes(context, one, two); }
  SUBCASE("ends of waits") { check_ends_of_waits(context, one, two); }
  SUBCASE("completions") { check_completions(context, one); }
  SUBCASE("a context that is destroyed destroys what is pending, though the store belongs to that alone") {
    std::weak_ptr<election::lease_store> left;
    bool called = false;
    {
      asio::io_context doomed;
      std::shared_ptr<election::lease_store> owned = world->make_store(doomed);
      left = owned;
      auto& store = *owned;
      store.async_changes("", [owned, &called](error_code, const auto&) { called = true; });
      store.async_load("a", [owned, &called](error_code, const auto&) { called = true; });
    }
    CHECK(left.expired());
    CHECK_FALSE(called);
  }
  SUBCASE("the executor is the host's") { CHECK(one.store().get_executor() == context.get_executor()); }
}

}  // namespace isat::test
