// SPDX-License-Identifier: BSL-1.0

// A lease store that stands before another one and does to its operations what a bad network does: refuses them, loses
// them, performs them and says otherwise, performs them and tells so later. It also counts them, and shows each write
// to the test before it is made.
#pragma once

#include "isat/complete_later.hpp"
#include "isat/detail/stop_signal.hpp"
#include "isat/election/lease_store.hpp"
#include "isat/pending_operation.hpp"

#include <boost/asio/error.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace isat::test {

/// What becomes of an operation.
enum class fault : std::uint8_t {
  none = 0,
  refuse = 1,   ///< fails, and was not performed
  lie = 2,      ///< fails, but was performed
  hold = 3,     ///< is performed, and answers when let_go() is called
  swallow = 4,  ///< is neither performed nor answered
};

class fault_store final : public election::lease_store {
 public:
  explicit fault_store(election::lease_store& inner) : inner_{inner}, changes_{inner.get_executor()} {}

  fault loads{};
  fault writes{};
  fault lists{};
  fault watches{};  ///< only `refuse` and `swallow`
  error_code reason = boost::asio::error::host_unreachable;
  std::chrono::nanoseconds asked{};                      ///< how long it asks not to be asked
  std::function<void(const election::entry&)> on_write;  ///< before a write is made
  std::map<std::string, election::version> orphans;      ///< what is read as orphaned

  int load_count = 0;
  int write_count = 0;
  int list_count = 0;
  int watch_count = 0;

  void set_all(fault each) { loads = writes = lists = watches = each; }
  bool is_watching() const noexcept { return !changes_.empty(); }

  /// Ends the wait for changes; what happens until the next one is missed.
  void break_watch() { changes_.complete(reason, {}); }

  /// Answers what was held.
  void let_go() {
    for (const auto& each : std::exchange(held_, {})) each();
  }

  asio::any_io_executor get_executor() noexcept override { return inner_.get_executor(); }
  std::chrono::nanoseconds asked_pause() const noexcept override { return asked; }

 private:
  using one = pending_operation<one_signature>;

  void do_load(std::string name, handler<one_signature> done) override {
    ++load_count;
    auto answer = answered(loads, std::move(done));
    if (performs(loads)) inner_.async_load(std::move(name), std::move(answer));
  }
  void do_cas(election::entry next, handler<one_signature> done) override {
    ++write_count;
    if (on_write) on_write(next);
    auto answer = answered(writes, std::move(done));
    if (performs(writes)) inner_.async_cas(std::move(next), std::move(answer));
  }
  void do_list(std::string prefix, handler<many_signature> done) override {
    ++list_count;
    if (lists == fault::swallow) return keep(std::move(done));
    if (lists == fault::refuse) return isat::complete_later(get_executor(), std::move(done), reason, {});
    auto shared = std::make_shared<handler<many_signature>>(std::move(done));
    inner_.async_list(std::move(prefix), [this, shared](error_code error, std::vector<election::entry> all) {
      for (auto& each : all) mark(each);
      std::move (*shared)(error, std::move(all));
    });
  }
  void do_changes(std::string prefix, handler<many_signature> done) override {
    ++watch_count;
    if (watches == fault::refuse) return isat::complete_later(get_executor(), std::move(done), reason, {});
    changes_.store(std::move(done), [this] {
      waiting_ = false;
      stop_.emit();
      changes_.complete(boost::asio::error::operation_aborted, {});
    });
    if (watches == fault::swallow || std::exchange(waiting_, true)) return;
    auto told = [this](error_code error, std::vector<election::entry> changed) {
      if (error == boost::asio::error::operation_aborted) return;  // this may be gone
      waiting_ = false;
      changes_.complete(error, std::move(changed));
    };
    inner_.async_changes(std::move(prefix), stop_.bind(std::move(told)));
  }

  static bool performs(fault what) noexcept { return what != fault::refuse && what != fault::swallow; }

  void mark(election::entry& told) const {
    const auto found = orphans.find(told.name);
    told.orphaned = told.orphaned || (found != orphans.end() && found->second == told.at);
  }
  template <class Signature>
  void keep(handler<Signature> done) {
    auto lost = std::make_shared<pending_operation<Signature>>(get_executor());
    lost->store(std::move(done));
    lost_.push_back(std::move(lost));
  }

  // A handler for the inner operation, which does to `done` what `what` says.
  std::function<void(error_code, election::entry)> answered(fault what, handler<one_signature> done) {
    if (what == fault::swallow) keep(std::move(done));
    if (what == fault::refuse) isat::complete_later(get_executor(), std::move(done), reason, {});
    if (!performs(what)) return {};
    auto shared = std::make_shared<handler<one_signature>>(std::move(done));
    return [this, what, shared](error_code error, election::entry found) {
      mark(found);
      if (what == fault::hold) {
        held_.push_back([shared, error, found] { std::move (*shared)(error, found); });
      } else if (what == fault::lie) {
        std::move (*shared)(reason, election::entry{});
      } else {
        std::move (*shared)(error, std::move(found));
      }
    };
  }

  election::lease_store& inner_;
  bool waiting_ = false;  // for changes of the inner store
  isat::detail::stop_signal stop_;
  std::vector<std::function<void()>> held_;
  std::vector<std::shared_ptr<void>> lost_;
  pending_operation<many_signature> changes_;
};

}  // namespace isat::test
