// SPDX-License-Identifier: BSL-1.0

// What goes wrong with the next requests, as a test wrote it: refused, late, lost before or after they were performed,
// held until the test lets go, answered with rubbish. The connection asks for each request what is to become of it. It
// refuses to wait itself.
#pragma once

#include "fake_api/access.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <list>
#include <optional>
#include <regex>
#include <string>

namespace isat::test::fake_api {

/// What becomes of a request. "Performed" is what the store sees.
enum class effect : std::uint8_t {
  none = 0,          ///< an answer as always, after the delays of the fault
  refuse = 1,        ///< not performed, answered with `status`
  close_before = 2,  ///< not performed, the connection is closed
  close_after = 3,   ///< performed, the connection is closed
  hold_before = 4,   ///< waits for release(), then is performed and answered; never released: a half-dead server
  hold_after = 5,    ///< performed, waits for release(), then is answered
  truncate = 6,      ///< performed, half of the answer is sent and the connection closed
  garbage = 7,       ///< performed, what is answered is no HTTP
  bad_json = 8,      ///< performed, what is answered is no JSON
};

/// One line of the script: which requests, and what becomes of them. Empty texts fit everything.
struct fault {
  std::string verb;                   ///< get, list, watch, create, update, patch, delete
  std::string resource;               ///< "leases", "services/status"
  std::string target{};               ///< a regular expression (ECMAScript) that is found in path and query
  std::string user{};                 ///< the user's name
  int skip = 0;                       ///< so many that fit go through at first
  int times = 1;                      ///< so many are hit then; negative: all
  fake_api::effect effect{};          ///< what becomes of them
  unsigned status = 503;              ///< of `refuse`
  std::string reason{};               ///< of `refuse`; empty: as the real server has it for this status
  std::string message{};              ///< likewise
  std::optional<int> retry_after{};   ///< of `refuse`: the header Retry-After, in seconds
  bool close_connection{};            ///< the answer says Connection: close, and that is done
  std::chrono::nanoseconds before{};  ///< a delay before it is performed
  std::chrono::nanoseconds after{};   ///< a delay between performing and answering
  std::size_t piece{};                ///< the answer is written so many octets at a time; zero: at once
};

class fault_script {
 public:
  void add(fault what) { faults_.push_back({std::move(what), {}}); }
  void clear() noexcept { faults_.clear(); }

  /// What is to become of a request. Each call counts as one request.
  fault take(const attributes& wish, const std::string& target);

  /// Lets go of everything that is held now.
  void release() noexcept { ++released_; }
  /// Changes with each release().
  std::uint64_t release_count() const noexcept { return released_; }

 private:
  struct line {
    fault what;
    std::optional<std::regex> pattern;
  };

  static bool fits(line& each, const attributes& wish, const std::string& target);

  std::list<line> faults_;
  std::uint64_t released_ = 0;
};

/// The answer of a refused request.
answer refusal_of(const fault& what);

}  // namespace isat::test::fake_api
