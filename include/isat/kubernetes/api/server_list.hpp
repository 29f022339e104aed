// SPDX-License-Identifier: BSL-1.0

// Which of several API servers a request goes to, and when. The first is preferred as long as it answers. A server that
// fails is left alone for a while; one that owes an answer for more than a moment is passed over, so that a half-dead
// one, which takes connections and is silent, costs one lease renewal at the most and never a second. What asks for
// servers: api_client.hpp; the time is its argument. It refuses to say that there is none, and to know their URLs.
#pragma once

#include "isat/detail/build.hpp"
#include "isat/kubernetes/api/api_request.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace isat::inline v0::kubernetes {

/// How a request to a server has ended, as far as the server is to blame or to praise.
enum class server_verdict : std::uint8_t {
  none = 0,
  answered = 1,   ///< it has answered, whatever it was: it is alive
  failed = 2,     ///< no connection, no answer in time, or an answer that tells of its own trouble (5xx)
  overrun = 3,    ///< it asks to come later (429)
  abandoned = 4,  ///< whoever asked did not wait for the answer
};

/// The servers of a cluster, by number. Not thread-safe.
class ISAT_API server_list {
 public:
  using time_point = std::chrono::steady_clock::time_point;
  using duration = std::chrono::steady_clock::duration;

  static constexpr duration patience = std::chrono::milliseconds{200};        ///< for an answer; then others are better
  static constexpr duration back_off_first = std::chrono::milliseconds{500};  ///< after a failure; doubles
  static constexpr duration back_off_max = std::chrono::seconds{30};
  static constexpr duration doubt_max = std::chrono::seconds{30};  ///< longest that urgent requests shun a server after
  static constexpr duration wait_max = std::chrono::seconds{5};    ///< longest wait that a server may ask for

  /// A request, as far as servers are concerned.
  struct wish {
    kubernetes::urgency urgency{kubernetes::urgency::normal};
    bool elsewhere{};
    std::string what;  ///< equal for a request and its copies
    bool stream{};
  };

  /// Which server, and when.
  struct choice {
    std::size_t server{};
    time_point not_before{};  ///< only ever in the future if the request is a normal one
  };

  /// @param seed for the jitter of back-offs
  explicit server_list(std::uint64_t seed);

  /// One more server. @return its number: they count from 0
  std::size_t add();
  std::size_t size() const noexcept { return servers_.size(); }

  /// Leaves a server out of every choice from now on, or takes it back. What is known of it is kept.
  void set_listed(std::size_t number, bool is_listed) { servers_[number].is_listed = is_listed; }
  bool is_listed(std::size_t number) const { return servers_[number].is_listed; }
  /// From now on the number is that of another server, of which nothing is known. @pre no request to it is open
  void renew(std::size_t number);

  /// There is a server for choose(). @param without servers that a request cannot go to
  bool has_choice(const std::set<std::size_t>& without) const;
  /// Where a request should go. @pre has_choice(without)
  choice choose(const wish& request, time_point now, const std::set<std::size_t>& without = {}) const;

  /// A request goes to a server now. @return what end() takes; never 0
  std::uint64_t begin(std::size_t number, const wish& request, time_point now);
  /// A request has its answer (a stream: the head of it) or will get none; other numbers are passed over.
  /// @param retry_after as the server asked for; 0: it did not
  void end(std::uint64_t request, server_verdict verdict, duration retry_after, time_point now);

 private:
  struct server {
    bool is_listed{true};
    int failures{};              // since it last answered
    time_point shunned_until{};  // its back-off
    time_point asked_until{};    // it asked to come later
  };
  struct open_request {
    std::size_t server{};
    time_point since{};
    std::string what;
  };
  struct standing;

  standing stand(std::size_t number, const wish& request, time_point now) const;
  bool should_avoid(std::size_t number, const wish& request) const;
  void fail(server& which, time_point now);

  std::vector<server> servers_;
  std::map<std::uint64_t, open_request> open_;
  std::map<std::string, std::size_t> streams_;  // where the last one of each kind went
  std::uint64_t next_ = 1;
  std::uint64_t random_;
};

}  // namespace isat::inline v0::kubernetes

#if ISAT_HEADER_ONLY
#include "isat/kubernetes/api/impl/server_list.ipp"
#endif
