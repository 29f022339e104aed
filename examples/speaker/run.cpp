// SPDX-License-Identifier: BSL-1.0

#include "chosen_elector.hpp"
#include "counter_log.hpp"
#include "duration_text.hpp"
#include "election_log.hpp"
#include "event_log.hpp"
#include "host.hpp"
#include "isat/election/election_notice.hpp"
#include "isat/election/record_names.hpp"
#include "isat/responder/vip_table.hpp"
#include "isat/source/grouped_source.hpp"
#include "isat/source/static_source.hpp"
#include "isat/speaker.hpp"
#include "isat/version.hpp"
#include "logger.hpp"
#include "privileges.hpp"
#include "run.hpp"
#include "start_warnings.hpp"
#include "store_wait.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <fmt/format.h>

#include <chrono>
#include <csignal>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unistd.h>
#include <utility>
#include <vector>

namespace speakerd {

namespace {

namespace asio = isat::asio;
using isat::error_code;

std::vector<isat::responder::vip> expand(std::span<const vip_range> ranges) {
  std::vector<isat::responder::vip> vips;
  vips.reserve(count_vips(ranges));
  for (const vip_range& range : ranges) {
    for (std::size_t offset = 0; offset < range.count(); ++offset) {
      vips.push_back({.address = range.at(offset)});
    }
  }
  return vips;
}

isat::speaker_options speaker_options_of(const options& what, const logger& log) {
  isat::speaker_options result;
  result.interfaces = what.interfaces;
  result.open = [](asio::any_io_executor executor, const isat::transport::link_state& link, error_code& error) {
    const raised_net_raw raised;
    return isat::transport::open_packet_socket(std::move(executor), link, error);
  };
  result.on_event = [&log](const isat::speaker_event& event) { log_event(log, event); };
  return result;
}

std::string_view signal_name(int number) noexcept { return number == SIGINT ? "SIGINT" : "SIGTERM"; }

/// One run: the speaker with all that it stands on, and the signals that end it.
class session {
 public:
  session(const options& what, const logger& log)
      : what_{what},
        log_{log},
        end_signals_{context_, SIGTERM, SIGINT},
        reload_signal_{context_, SIGHUP},
        vips_{context_.get_executor(), expand(what.vips)},
        source_{vips_, what.layout_wish},
        elector_{context_.get_executor(), what, log, [this](const auto& layout) { source_.regroup(layout); }},
        speaker_{context_.get_executor(), elector_.get(), source_, speaker_options_of(what, log)} {}

  exit_code run() {
    wait_for_end();
    wait_for_reload();
    elector_.start();
    if (what_.elector == elector_kind::kubernetes && what_.cluster.wait) {
      wait_for_store(*what_.cluster.wait);
    } else {
      start_speaker();
    }
    context_.run();
    if (is_unanswered_) refuse_to_wait();
    log_counters(log_, speaker_);
    if (ending_ && reason_ == asio::error::operation_aborted) {
      log_.info("handed over, exiting");
      return exit_code::ok;
    }
    throw failure{exit_code::os, "the speaker cannot go on: " + reason_.message()};
  }

 private:
  void start_speaker() {
    speaker_.async_run(
        asio::bind_cancellation_slot(hand_over_.slot(), [this](error_code reason) { on_stopped(reason); }));
  }

  void wait_for_store(std::chrono::nanoseconds limit) {
    waiting_.emplace(
        *elector_.store(), isat::election::record_names{what_.lease_name}.layout(), limit,
        [this](error_code reason) { on_no_answer(reason); }, [this](error_code reason) { on_waited(reason); });
    waiting_->start();
  }

  /// Each reason is told once in a row.
  void on_no_answer(error_code reason) {
    if (std::exchange(no_answer_, reason) == reason) return;
    log_election(log_, isat::election::store_failed{reason}, elector_.store_failure());
  }

  void on_waited(error_code reason) {
    if (!reason) return start_speaker();
    is_unanswered_ = reason != asio::error::operation_aborted;
    on_stopped(reason);
  }

  [[noreturn]] void refuse_to_wait() const {
    const std::chrono::nanoseconds limit = *what_.cluster.wait;
    const std::string said = elector_.store_failure();
    throw failure{exit_code::unavailable,
                  fmt::format("the store cannot be used{}: {}",
                              limit.count() == 0 ? "" : ", and --wait ends after " + to_text(limit),
                              said.empty() ? reason_.message() : said)};
  }

  void wait_for_end() {
    end_signals_.async_wait([this](error_code error, int number) {
      if (error) return;
      if (ending_) {
        log_.warn("a second signal, exiting at once", {{"signal", std::string{signal_name(number)}}});
        ::_exit(static_cast<int>(exit_code::ok));
      }
      log_.info("handing over", {{"signal", std::string{signal_name(number)}}});
      ending_ = true;
      wait_for_end();
      if (waiting_) waiting_->stop();
      hand_over_.emit(asio::cancellation_type::terminal);
    });
  }

  void wait_for_reload() {
    reload_signal_.async_wait([this](error_code error, int) {
      if (error) return;
      log_.warn("SIGHUP is ignored: reloading is not supported yet, restart to apply a changed configuration");
      wait_for_reload();
    });
  }

  void on_stopped(error_code reason) {
    reason_ = reason;
    context_.stop();  // nobody waits any more for what a store may still be asking
  }

  const options& what_;
  const logger& log_;
  asio::io_context context_{1};
  asio::signal_set end_signals_;
  asio::signal_set reload_signal_;
  isat::source::static_source vips_;
  isat::source::grouped_source source_;
  chosen_elector elector_;
  isat::speaker speaker_;
  std::optional<store_wait> waiting_;  // before the speaker runs
  asio::cancellation_signal hand_over_;
  error_code reason_;
  error_code no_answer_;
  bool ending_ = false;
  bool is_unanswered_ = false;
};

/// What is worth knowing before the first frame.
void log_start(const logger& log, const options& what, const selection& found) {
  std::string patterns;
  for (const auto& pattern : what.interfaces) patterns += (patterns.empty() ? "" : ",") + pattern.text();
  log.info("starting", {{"version", std::string{isat::version}},
                        {"elector", what.elector_text()},
                        {"interfaces", patterns},
                        {"vips", static_cast<std::int64_t>(count_vips(what.vips))}});
  if (what.elector == elector_kind::always) {
    log.info("the elector 'always' is no election: another speaker with one of these VIPs would answer for it too");
  }
  for (const std::string& problem : describe_problems(found)) log.warn(problem);
  for (const std::string& warning : start_warnings(found.links, what)) log.warn(warning);
}

}  // namespace

exit_code run(const options& what) {
  std::signal(SIGPIPE, SIG_IGN);  // a log reader that goes away must not end us
  require_net_raw();
  const selection found = select_interfaces(what.interfaces);
  if (what.strict) require_all(found);
  const logger log{STDERR_FILENO, what.level, what.format, {{"node", what.node_name}}};
  session current{what, log};
  log_start(log, what, found);
  return current.run();
}

}  // namespace speakerd
