// SPDX-License-Identifier: BSL-1.0

// The addresses of API servers that are named: those that worked are used as long as they work, so that a lease renewal
// needs no name server. One lookup of a name goes on at a time, whoever waits for it; what it gives serves the next,
// too, if it came too late for who waited. It refuses to limit the time of a lookup, for the system's cannot be ended:
// whoever waits has a time limit of its own.
#pragma once

#include "isat/detail/erase.hpp"
#include "isat/error.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/system/error_code.hpp>

#include <algorithm>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace isat::inline v0::kubernetes::detail {

/// Held by a shared_ptr. Not thread-safe.
class address_book : public std::enable_shared_from_this<address_book> {
 public:
  using addresses = std::vector<asio::ip::address>;
  using done_function = std::function<void(error_code, const addresses&)>;
  /// Looks a name up; calls `done` once and never inline, or never.
  using lookup_function = std::function<void(const std::string& host, done_function done)>;

  static constexpr std::size_t kept_max = 8;  // of one name

  explicit address_book(lookup_function lookup) : lookup_{std::move(lookup)} {}

  /// Those to try without a lookup, the best first; may be empty.
  addresses known(const std::string& host) const {
    const auto found = names_.find(host);
    return found == names_.end() ? addresses{} : found->second.good;
  }

  /// A connection to `good` has come about. @param all that the name had, `good` among them
  void note_good(const std::string& host, const asio::ip::address& good, addresses all) {
    const auto found = std::find(all.begin(), all.end(), good);
    if (found != all.end()) std::rotate(all.begin(), found, found + 1);
    if (all.size() > kept_max) all.resize(kept_max);
    entry& name = names_[host];
    name.good = std::move(all);
    name.is_doubted = false;
  }

  /// Those that are known do not work now: what the next lookup gives replaces them. Until then they are kept, for a
  /// server that starts again is where it was, and there may be no name server.
  void doubt(const std::string& host) {
    const auto found = names_.find(host);
    if (found != names_.end()) found->second.is_doubted = true;
  }

  /// `done` is called when the lookup that goes on, or a new one, has ended; never after close().
  void look_up(const std::string& host, done_function done) {
    if (is_closed_) return;
    auto& waiting = names_[host].waiting;
    waiting.push_back(std::move(done));
    if (waiting.size() > 1) return;
    lookup_(host, [life = weak_from_this(), host](error_code error, const addresses& found) {
      if (const auto self = life.lock()) self->tell(host, error, found);
    });
  }

  /// Nobody waits any more.
  void close() {
    is_closed_ = true;
    lookup_ = nullptr;
    names_.clear();
  }

 private:
  struct entry {
    addresses good;
    bool is_doubted = false;
    std::vector<done_function> waiting;
  };

  void tell(const std::string& host, error_code error, const addresses& found) {
    if (is_closed_) return;
    entry& name = names_[host];
    if (!error && (name.good.empty() || name.is_doubted)) {
      name.good = found;
      name.is_doubted = false;
    }
    const auto told = std::exchange(name.waiting, {});
    for (const auto& each : told) each(error, found);
  }

  lookup_function lookup_;
  std::map<std::string, entry> names_;
  bool is_closed_ = false;
};

/// Asks the system (getaddrinfo, in the one thread that Asio keeps for that in each context). It cannot be ended there:
/// the context's run() returns, and the context is destroyed, only when the system has given up.
inline address_book::lookup_function system_lookup(const asio::any_io_executor& executor) {
  using tcp = asio::ip::tcp;
  const auto resolver = std::make_shared<tcp::resolver>(executor);
  return [resolver](const std::string& host, address_book::done_function done) {
    resolver->async_resolve(
        host, "", [done = std::move(done)](const error_code& error, const tcp::resolver::results_type& found) {
          address_book::addresses addresses;
          for (const auto& each : found) addresses.push_back(each.endpoint().address());
          done(error, addresses);
        });
  };
}

}  // namespace isat::inline v0::kubernetes::detail
