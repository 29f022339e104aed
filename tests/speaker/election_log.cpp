// SPDX-License-Identifier: BSL-1.0

#include "election_log.hpp"
#include "isat/kubernetes/error.hpp"

#include <boost/asio/error.hpp>
#include <doctest/doctest.h>

#include <array>
#include <chrono>
#include <string>
#include <string_view>
#include <unistd.h>

using namespace speakerd;
using namespace std::chrono_literals;

namespace {

namespace election = isat::election;
using election::lease_change;
using election::lease_reason;

/// The line that a notice leaves in a log, without its time and newline.
std::string logged(const election::election_notice& notice, std::string_view detail = {}) {
  std::array<int, 2> ends{};
  REQUIRE(::pipe(ends.data()) == 0);
  log_election(logger{ends[1], log_level::debug, log_format::text, {}}, notice, detail);
  ::close(ends[1]);
  std::array<char, 4096> buffer{};
  const auto size = ::read(ends[0], buffer.data(), buffer.size());
  ::close(ends[0]);
  const std::string line(buffer.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
  return line.empty() ? line : line.substr(line.find(' ') + 1, line.size() - line.find(' ') - 2);
}

election::election_notice lease(lease_change what, lease_reason why = {}, std::string node = {}) {
  return election::lease_transition{isat::group_id{3}, {what, why, 7, {}}, std::move(node)};
}

election::election_notice layout(election::layout_phase phase) {
  return election::layout_changed{election::layout_claim{phase, {election::grouping::shards, 8, 1200ms}, 99}};
}

}  // namespace

TEST_CASE("every notice has its line") {
  struct row {
    election::election_notice notice;
    std::string_view line;
  };
  const std::array rows{
      row{lease(lease_change::gained, lease_reason::expired),
          "INFO  the lease is ours group=3 term=7 reason=\"the lease has expired\""},
      row{lease(lease_change::lost, lease_reason::lapsed),
          "INFO  the lease is ours no more group=3 term=7 reason=\"not renewed in time\""},
      row{lease(lease_change::seized, lease_reason::missing),
          "INFO  took a lease that was missing, silent until no holder before can be answering group=3 term=7 "
          "reason=\"there was no lease\""},
      row{lease(lease_change::released), "INFO  the lease is released group=3 term=7"},
      row{lease(lease_change::follows, {}, "node-b"), "INFO  another node has the lease group=3 term=7 holder=node-b"},
      row{lease(lease_change::follows), "INFO  another node has the lease group=3 term=7"},
      row{layout(election::layout_phase::opening),
          "INFO  the layout is opening, nobody answers until it is open groups=shards:8 lease_duration=1.2s"},
      row{layout(election::layout_phase::open), "INFO  the layout is open groups=shards:8 lease_duration=1.2s"},
      row{election::layout_changed{}, "WARN  there is no layout that all speakers follow, making one"},
      row{election::store_failed{boost::asio::error::host_unreachable},
          "WARN  the store does not answer, trying again reason=\"No route to host\""},
      row{election::layout_not_followed{},
          "ERROR the speakers of this store follow a layout that this one cannot, silent until they change: it is of "
          "another version of isat-speaker"},
      row{election::store_answers{}, "INFO  the store answers again"},
      row{election::node_name_taken{},
          "ERROR another speaker has the same node name, give each its own by --node-name; until then groups may be "
          "spread badly"},
  };
  for (const row& each : rows) CHECK(logged(each.notice) == each.line);
}

TEST_CASE("what an API server says is told beside what it means") {
  using isat::kubernetes::error;
  const auto failed = [](isat::error_code reason) { return election::store_failed{reason}; };
  CHECK(
      logged(failed(error::forbidden), "cannot read the Lease a/b: no, \"x\"") ==
      "WARN  the store refuses what it is asked, trying again reason=\"the API server's rules (RBAC) do not allow it\" "
      "detail=\"cannot read the Lease a/b: no, \\\"x\\\"\"");
  CHECK(logged(failed(error::bad_certificate)).starts_with("WARN  the store cannot be asked, trying again reason="));
  CHECK(logged(failed(error::request_timeout)).starts_with("WARN  the store does not answer, trying again reason="));
  CHECK(logged(failed(error::expired)).starts_with("INFO  the store has forgotten what was seen last, all is read "));
  CHECK(logged(election::store_answers{}, "an old failure") == "INFO  the store answers again");
}

TEST_CASE("every failure of an API server has a sentence, and a routine one no warning") {
  for (int value = 1; value <= static_cast<int>(isat::kubernetes::error::unusable_name); ++value) {
    const auto reason = static_cast<isat::kubernetes::error>(value);
    if (reason == isat::kubernetes::error::expired) continue;
    const auto line = logged(election::store_failed{make_error_code(reason)});
    CHECK(line.starts_with("WARN  the store "));
    CHECK(line.find(", trying again reason=") != std::string::npos);
  }
}

TEST_CASE("every reason is told in words") {
  for (int value = 1; value <= static_cast<int>(lease_reason::layout_unknown); ++value) {
    const auto why = static_cast<lease_reason>(value);
    const std::string phrase{election::to_string(why)};
    CHECK(logged(lease(lease_change::lost, why)).ends_with("reason=\"" + phrase + '"'));
  }
}
