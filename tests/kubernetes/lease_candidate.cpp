// SPDX-License-Identifier: BSL-1.0

// Our side of interop.py: contends for Leases by isat's election, and writes down what it is entitled to: one JSON
// object a line, as interop/ does for client-go's. Times are nanoseconds of CLOCK_MONOTONIC.
//   leads   it may act on `lease` from `at` until `until`, or until the next such line about this lease; 0: not at all
//   knows   it has seen what is under `lease`: from then on it waits
//   gained, lost, seized, released, follows, store-failed, store-answers   why; for people
// Standard input takes, a line each: "release LEASE", "candidate LEASE on" and "candidate LEASE off". SIGTERM, or the
// end of the input, releases everything and ends the program.

#include "isat/election/lease_set.hpp"
#include "isat/kubernetes.hpp"
#include "isat/net.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/program_options/options_description.hpp>
#include <boost/program_options/parsers.hpp>
#include <boost/program_options/value_semantic.hpp>
#include <boost/program_options/variables_map.hpp>
#include <fmt/format.h>

#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <unistd.h>
#include <utility>
#include <variant>
#include <vector>

using namespace isat;

namespace {

struct settings {
  std::string kubeconfig;
  std::string name_space = "default";
  election::lease_options election;
};

std::string quoted(std::string_view text) {
  std::string result{'"'};
  for (const char c : text) {
    if (c == '"' || c == '\\') result += '\\';
    result += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
  }
  return result + '"';
}

class journal final : public election::leadership_observer {
 public:
  explicit journal(const election::lease_options& options) : leases_{options.leases}, identity_{options.node_name} {}

  void write(std::string_view event, std::string_view rest = {}) const {
    write_at(monotonic(lease_clock::now()), event, rest);
  }

  void write_notice(const election::election_notice& notice, const std::string& failure) const {
    if (const auto* failed = std::get_if<election::store_failed>(&notice)) {
      write("store-failed", fmt::format(R"(,"why":{})", quoted(failed->reason.message() + ": " + failure)));
    } else if (std::holds_alternative<election::store_answers>(notice)) {
      write("store-answers");
    } else if (const auto* change = std::get_if<election::lease_transition>(&notice)) {
      const auto& event = change->event;
      write(election::to_string(event.what),
            fmt::format(R"(,"lease":{},"term":{},"why":{},"node":{})", lease(change->group), event.term,
                        quoted(to_string(event.why)), quoted(change->node)));
    }
  }

 private:
  void on_leadership(group_id group, const election::leadership&, const election::leadership& after) override {
    const lease_time now = lease_clock::now();
    const std::int64_t until = after.term == 0 ? 0 : monotonic(now) + left(now, after.valid_until).count();
    write_at(monotonic(now), "leads",
             fmt::format(R"(,"lease":{},"until":{},"term":{})", lease(group), until, after.term));
  }

  static std::int64_t monotonic(const lease_time& now) { return (now.boot - now.suspended).count(); }

  /// As leadership::covers() counts: by the clock that gets there first.
  static std::chrono::nanoseconds left(const lease_time& now, const lease_time& deadline) {
    const auto by_boot = deadline.boot - now.boot;
    const auto by_raw = (deadline.raw + deadline.suspended) - (now.raw + now.suspended);
    return by_boot < by_raw ? by_boot : by_raw;
  }

  std::string lease(group_id group) const { return quoted(leases_[static_cast<std::size_t>(group)]); }

  void write_at(std::int64_t at, std::string_view event, std::string_view rest) const {
    const std::string line = fmt::format(R"({{"event":"{}","at":{},"identity":{}{}}})"
                                         "\n",
                                         event, at, quoted(identity_), rest);
    // At once and in one piece: what is not told before a SIGKILL was never believed.
    if (::write(STDOUT_FILENO, line.data(), line.size()) != static_cast<ssize_t>(line.size())) std::exit(1);
  }

  std::vector<std::string> leases_;
  std::string identity_;
};

class candidate {
 public:
  candidate(boost::asio::io_context& io, kubernetes::cluster_config cluster, settings chosen)
      : leases_{chosen.election.leases},
        journal_{chosen.election},
        client_{io.get_executor(), std::move(cluster), client_options()},
        store_{client_, {chosen.name_space, {}}},
        elector_{io.get_executor(), store_, with_journal(std::move(chosen.election))},
        signals_{io, SIGTERM, SIGINT},
        input_{io, ::dup(STDIN_FILENO)},
        look_{io} {}

  void run() {
    leaderships_.subscribe(journal_);
    for (std::size_t at = 0; at < leases_.size(); ++at) elector_.set_candidate(static_cast<group_id>(at), true);
    elector_.async_run(leaderships_, asio::bind_cancellation_slot(stop_.slot(), [this](error_code error) {
                         error_code ignored;
                         signals_.cancel(ignored);
                         input_.cancel(ignored);
                         look_.cancel();
                         failed_ = error != asio::error::operation_aborted;
                         journal_.write("ended", fmt::format(R"(,"why":{})", quoted(error.message())));
                       }));
    signals_.async_wait([this](error_code error, int) {
      if (!error) stop();
    });
    read_command();
    unseen_.assign(leases_.size(), true);
    look();
    journal_.write("ready");
  }

  bool failed() const noexcept { return failed_; }

 private:
  static kubernetes::api_client_options client_options() {
    kubernetes::api_client_options result;
    result.user_agent = "isat-lease-candidate";
    result.on_warning = [](std::string_view warning) { fmt::print(stderr, "{}\n", warning); };
    return result;
  }

  election::lease_options with_journal(election::lease_options options) {
    options.on_notice = [this](const election::election_notice& notice) {
      journal_.write_notice(notice, store_.failure());
    };
    return options;
  }

  void stop() { stop_.emit(asio::cancellation_type::terminal); }

  /// Nobody tells when a record is seen first, so that is asked for, until all are.
  void look() {
    const election::lease_set* const election = elector_.election();
    bool again = false;
    for (std::size_t at = 0; at < leases_.size(); ++at) {
      if (!unseen_[at]) continue;
      unseen_[at] = election == nullptr || at >= election->size() || !election->group(at).view().seen().exists;
      if (!unseen_[at]) journal_.write("knows", fmt::format(R"(,"lease":{})", quoted(leases_[at])));
      again |= unseen_[at];
    }
    if (!again) return;
    look_.expires_after(std::chrono::milliseconds{20});
    look_.async_wait([this](error_code error) {
      if (!error) look();
    });
  }

  void read_command() {
    asio::async_read_until(input_, asio::dynamic_buffer(line_), '\n', [this](error_code error, std::size_t size) {
      if (error == asio::error::operation_aborted) return;
      if (error) return stop();
      obey(line_.substr(0, size));
      line_.erase(0, size);
      read_command();
    });
  }

  void obey(const std::string& line) {
    std::istringstream words{line};
    std::string what, lease, how;
    words >> what >> lease >> how;
    for (std::size_t at = 0; at < leases_.size(); ++at) {
      if (leases_[at] != lease) continue;
      const auto group = static_cast<group_id>(at);
      if (what == "release" && how.empty()) return elector_.hand_over(group);
      if (what == "candidate" && how == "on") return elector_.set_candidate(group, true);
      if (what == "candidate" && how == "off") return elector_.set_candidate(group, false);
    }
    fmt::print(stderr, "cannot obey: {}", line);
    std::exit(64);
  }

  std::vector<std::string> leases_;
  journal journal_;
  kubernetes::api_client client_;
  kubernetes::lease_store store_;
  election::lease_elector elector_;
  election::leadership_table leaderships_;
  asio::cancellation_signal stop_;
  asio::signal_set signals_;
  asio::posix::stream_descriptor input_;
  std::string line_;
  asio::steady_timer look_;
  std::vector<bool> unseen_;
  bool failed_ = false;
};

std::optional<settings> parse(int argc, char** argv) {
  namespace po = boost::program_options;
  settings result;
  election::lease_options& chosen = result.election;
  std::int64_t lasting = 3000, renew = 750, attempt = 700, longest_lasting = 0;
  po::options_description options{"lease_candidate; durations are milliseconds"};
  auto add = options.add_options();
  add("kubeconfig", po::value(&result.kubeconfig)->required(), "file, JSON");
  add("namespace", po::value(&result.name_space), "of the Leases");
  add("lease", po::value(&chosen.leases)->required(), "name of a Lease; may repeat");
  add("node-name", po::value(&chosen.node_name)->required(), "who contends");
  add("lease-duration", po::value(&lasting), "D");
  add("renew-period", po::value(&renew), "from send to send");
  add("attempt-timeout", po::value(&attempt), "then the outcome of a write is unknown");
  add("longest", po::value(&longest_lasting), "the longest D of all candidates");
  try {
    po::variables_map given;
    po::store(po::command_line_parser(argc, argv).options(options).run(), given);
    po::notify(given);
  } catch (const po::error& wrong) {
    fmt::print(stderr, "{}\n", wrong.what());
    return std::nullopt;
  }
  chosen.timing.duration = std::chrono::milliseconds{lasting};
  chosen.timing.renew_period = std::chrono::milliseconds{renew};
  chosen.timing.attempt_timeout = std::chrono::milliseconds{attempt};
  chosen.longest = std::chrono::milliseconds{longest_lasting};
  return result;
}

}  // namespace

int main(int argc, char** argv) {
  auto chosen = parse(argc, argv);
  if (!chosen) return 64;
  auto cluster = kubernetes::load_kubeconfig({{chosen->kubeconfig}, {}});
  if (!cluster) {
    fmt::print(stderr, "{}\n", cluster.error().message);
    return 78;
  }
  boost::asio::io_context io{1};
  candidate contender{io, std::move(*cluster), std::move(*chosen)};
  contender.run();
  io.run();
  return contender.failed() ? 1 : 0;
}
