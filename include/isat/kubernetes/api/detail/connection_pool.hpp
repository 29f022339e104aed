// SPDX-License-Identifier: BSL-1.0

// Connections that are kept for the next request, by server. A connection leaves it when it is used, grows old, is
// closed by the server or was made with certificates that count no more; all that is looked at when somebody asks, so
// that nothing is pending while nobody does. It refuses to make connections.
#pragma once

#include "isat/kubernetes/api/detail/connection.hpp"

#include <boost/asio/ssl/context.hpp>

#include <chrono>
#include <cstddef>
#include <map>
#include <memory>
#include <utility>
#include <vector>

namespace isat::inline v0::kubernetes::detail {

class connection_pool {
 public:
  using time_point = std::chrono::steady_clock::time_point;

  static constexpr std::chrono::seconds idle_max{60};  // API servers close after 90 s
  static constexpr std::size_t kept_max = 4;           // per server

  connection_pool() = default;
  connection_pool(const connection_pool&) = delete;
  connection_pool& operator=(const connection_pool&) = delete;
  ~connection_pool() { clear(); }

  /// The one that was used last, for it is the least likely to be closed; null if there is none.
  std::shared_ptr<connection> take(std::size_t server, const std::shared_ptr<asio::ssl::context>& context,
                                   time_point now) {
    auto& kept = kept_[server];
    std::shared_ptr<connection> found;
    while (!kept.empty() && found == nullptr) {
      auto [what, since] = std::move(kept.back());
      kept.pop_back();
      if (now - since < idle_max && what->context() == context && what->is_fit()) {
        found = std::move(what);
      } else {
        what->close();
      }
    }
    return found;
  }

  void put(std::size_t server, std::shared_ptr<connection> what, time_point now) {
    auto& kept = kept_[server];
    if (!what->is_fit()) return what->close();
    while (!kept.empty() && (kept.size() >= kept_max || now - kept.front().since >= idle_max)) {
      kept.front().what->close();
      kept.erase(kept.begin());
    }
    kept.push_back({std::move(what), now});
  }

  /// No connection of that server is needed any more.
  void drop(std::size_t server) noexcept {
    const auto found = kept_.find(server);
    if (found == kept_.end()) return;
    for (auto& each : found->second) each.what->close();
    kept_.erase(found);
  }

  void clear() noexcept {
    for (auto& [server, kept] : kept_) {
      for (auto& each : kept) each.what->close();
    }
    kept_.clear();
  }

 private:
  struct idle_connection {
    std::shared_ptr<connection> what;
    time_point since;
  };

  std::map<std::size_t, std::vector<idle_connection>> kept_;
};

}  // namespace isat::inline v0::kubernetes::detail
