// SPDX-License-Identifier: BSL-1.0

#include "assigner_run.hpp"
#include "chosen_elector.hpp"
#include "chosen_source.hpp"
#include "cluster_client.hpp"
#include "counter_log.hpp"
#include "duration_text.hpp"
#include "election_log.hpp"
#include "event_log.hpp"
#include "health.hpp"
#include "host.hpp"
#include "isat/election/election_notice.hpp"
#include "isat/election/group_names.hpp"
#include "isat/election/record_names.hpp"
#include "isat/kubernetes/service/event_recorder.hpp"
#include "isat/lease_clock.hpp"
#include "isat/source/grouped_source.hpp"
#include "isat/speaker.hpp"
#include "isat/version.hpp"
#include "logger.hpp"
#include "privileges.hpp"
#include "run.hpp"
#include "run_state.hpp"
#include "service_events.hpp"
#include "start_warnings.hpp"
#include "status_server.hpp"
#include "store_wait.hpp"
#include "systemd_notice.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <fmt/format.h>

#include <chrono>
#include <csignal>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unistd.h>
#include <utility>
#include <variant>
#include <vector>

namespace speakerd {

namespace {

namespace asio = isat::asio;
using isat::error_code;

isat::speaker_options speaker_options_of(const options& what,
                                         std::function<void(const isat::speaker_event&)> on_event) {
  isat::speaker_options result;
  result.interfaces = what.interfaces;
  result.open = [](asio::any_io_executor executor, const isat::transport::link_state& link, error_code& error) {
    const raised_net_raw raised;
    return isat::transport::open_packet_socket(std::move(executor), link, error);
  };
  result.on_event = std::move(on_event);
  return result;
}

std::string_view signal_name(int number) noexcept { return number == SIGINT ? "SIGINT" : "SIGTERM"; }

/// How VIPs are put into groups before the speakers of one store have agreed on it, or where nobody asks for that.
isat::election::layout layout_of(const options& what) {
  return what.elector == elector_kind::always ? isat::election::layout{} : what.layout_wish;
}

/// For a signal when all is handed over: whatever the process still waits for.
extern "C" void end_at_once(int) { ::_exit(static_cast<int>(exit_code::ok)); }

/// One run: the speaker with all that it stands on, and the signals that end it.
class session {
 public:
  session(const options& what, const logger& log)
      : what_{what},
        log_{log},
        end_signals_{context_, SIGTERM, SIGINT},
        reload_signal_{context_, SIGHUP},
        client_{make_cluster_client(context_.get_executor(), what, log)},
        recorder_{make_event_recorder(client_.get(), what, log)},
        vips_{context_.get_executor(), what, log, client_.get()},
        source_{vips_.get(), layout_of(what), &groups_, [this](isat::ipv4_address vip) { on_waiting(vip); }},
        status_{what.http ? std::make_unique<status_server>(context_.get_executor(), what) : nullptr},
        elector_{context_.get_executor(),
                 what,
                 log,
                 client_.get(),
                 [this](const auto& layout) { source_.regroup(layout); },
                 groups_,
                 status_ ? &status_->events() : nullptr},
        speaker_{context_.get_executor(), elector_.get(), source_,
                 speaker_options_of(what, [this](const isat::speaker_event& event) { on_event(event); })},
        notice_{context_.get_executor(), take_notify_socket(), [this] { return lack_of(state()); }, log} {
    if (!what.services.pool.empty()) assigner_.emplace(*client_, *elector_.store(), vips_, *recorder_, what, log);
  }

  exit_code run() {
    wait_for_end();
    wait_for_reload();
    if (client_) log_cluster(log_, *client_);
    vips_.start(speaker_,
                {[this](std::uint64_t key) { return elector_.comes_first(key); },
                 [this](isat::ipv4_address vip) { return term_for_all(vip); }},
                recorder_.get());
    serve_status();
    if (what_.elector == elector_kind::kubernetes && what_.cluster.wait) {
      wait_for_store(*what_.cluster.wait);
    } else {
      start_speaker();
    }
    notice_.start();
    while (!is_over_ && context_.run_one() != 0) {
    }
    // Usually nothing is left. A credential plugin that is being asked beside, or a server for others, ends with its
    // owner.
    context_.run_for(afterwards_max);
    if (is_unanswered_) throw failure{exit_code::unavailable, failure_sentence()};
    log_counters(log_, speaker_);
    if (ending_ && reason_ == asio::error::operation_aborted) {
      log_.info("handed over, exiting");
      return exit_code::ok;
    }
    throw failure{exit_code::os, failure_sentence()};
  }

 private:
  static constexpr std::chrono::milliseconds afterwards_max{100};

  void serve_status() {
    if (!status_) return;
    log_.info("serving health and metrics", {{"address", to_text(status_->address())}});
    status_->start(
        speaker_, [this] { return state(); }, [this] { return source_.layout(); }, &groups_,
        [this] { return vips_.memory(); });
  }

  run_state state() const {
    run_state now;
    now.phase = ending_ ? run_phase::ending : phase_;
    now.is_synced = is_synced_;
    if (is_synced_) now.source_age = vips_.age();
    for (std::size_t at = 0; at < isat::interface_max; ++at) {
      if (speaker_.find_interface(static_cast<isat::interface_id>(at)) != nullptr) ++now.interfaces;
    }
    now.election = elector_.state();
    if (recorder_) now.events = recorder_->counters();
    return now;
  }

  /// The term in which this node leads the group that the address is in for all speakers; 0: in none. Where there is no
  /// election, or each address is a group of its own, others may announce what this node cannot.
  std::uint64_t term_for_all(isat::ipv4_address vip) const {
    if (what_.elector == elector_kind::always || source_.layout().is_per_address()) return 0;
    const auto leadership = speaker_.leaderships().find(source_.layout().group_of(vip));
    return leadership.covers(isat::lease_clock::now()) ? leadership.term : 0;
  }

  void on_event(const isat::speaker_event& event) {
    if (std::holds_alternative<isat::source_synced>(event)) is_synced_ = true;
    log_event(log_, event, &groups_);
    vips_.note(event);
  }

  void on_waiting(isat::ipv4_address vip) const {
    log_.warn("more VIPs than groups of one address can be, the rest is not served until others are gone",
              {{"vip", vip.to_string()}, {"groups_max", std::int64_t{isat::election::group_names::wanted_max}}});
  }

  void start_speaker() {
    phase_ = run_phase::running;
    if (assigner_) assigner_->start([this] { end_if_over(); });
    speaker_.async_run(
        asio::bind_cancellation_slot(hand_over_.slot(), [this](error_code reason) { on_stopped(reason); }));
  }

  void wait_for_store(std::chrono::nanoseconds limit) {
    phase_ = run_phase::waiting;
    waiting_.emplace(
        *elector_.store(), isat::election::record_names{what_.lease_name}.layout(), limit,
        [this](error_code reason) { on_no_answer(reason); }, [this](error_code reason) { on_waited(reason); });
    waiting_->start();
  }

  /// Each reason is told once in a row.
  void on_no_answer(error_code reason) {
    if (std::exchange(no_answer_, reason) == reason) return;
    log_election(log_, isat::election::store_failed{reason}, elector_.store_failure(reason));
  }

  void on_waited(error_code reason) {
    if (!reason) return start_speaker();
    is_unanswered_ = reason != asio::error::operation_aborted;
    on_stopped(reason);
  }

  /// Why a run has ended that was not told to.
  std::string failure_sentence() const {
    if (!is_unanswered_) return "the speaker cannot go on: " + reason_.message();
    const std::chrono::nanoseconds limit = *what_.cluster.wait;
    const std::string said = elector_.store_failure();
    return fmt::format("the store cannot be used{}: {}",
                       limit.count() == 0 ? "" : ", and --wait ends after " + to_text(limit),
                       said.empty() ? reason_.message() : said);
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
      notice_.stop("handing over");
      wait_for_end();
      if (waiting_) waiting_->stop();
      if (assigner_) assigner_->stop();
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
    is_stopped_ = true;
    if (assigner_) assigner_->stop();
    end_if_over();
  }

  void end_if_over() {
    if (!is_stopped_ || (assigner_ && assigner_->is_running())) return;
    is_over_ = true;
    error_code ignored;
    end_signals_.cancel(ignored);
    catch_end_signals_at_once();
    reload_signal_.cancel(ignored);
    if (status_) status_->stop();
    notice_.stop(failure_sentence());  // unless it has told of a hand-over
    vips_.stop();
  }

  // One that comes in between waits until it can be caught: by default it would end the process with another code.
  void catch_end_signals_at_once() {
    sigset_t held;
    sigset_t before;
    ::sigemptyset(&held);
    for (const int number : {SIGTERM, SIGINT}) ::sigaddset(&held, number);
    ::pthread_sigmask(SIG_BLOCK, &held, &before);
    error_code ignored;
    end_signals_.clear(ignored);
    for (const int number : {SIGTERM, SIGINT}) std::signal(number, end_at_once);
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  }

  const options& what_;
  const logger& log_;
  asio::io_context context_{1};
  asio::signal_set end_signals_;
  asio::signal_set reload_signal_;
  std::unique_ptr<isat::kubernetes::api_client> client_;        // null if nothing is in a cluster
  std::unique_ptr<isat::kubernetes::event_recorder> recorder_;  // null if there are no Services
  isat::election::group_names groups_;                          // outlives those that have ids of it
  chosen_source vips_;
  isat::source::grouped_source source_;
  std::unique_ptr<status_server> status_;  // null without --http; outlives those that it is told by
  chosen_elector elector_;
  isat::speaker speaker_;
  systemd_notice notice_;
  std::optional<assigner_run> assigner_;
  std::optional<store_wait> waiting_;  // before the speaker runs
  asio::cancellation_signal hand_over_;
  error_code reason_;
  error_code no_answer_;
  run_phase phase_{};
  bool is_synced_ = false;
  bool ending_ = false;
  bool is_stopped_ = false;  // the speaker is
  bool is_over_ = false;
  bool is_unanswered_ = false;
};

/// What is worth knowing before the first frame.
void log_start(const logger& log, const options& what, const selection& found) {
  std::string patterns;
  for (const auto& pattern : what.interfaces) patterns += (patterns.empty() ? "" : ",") + pattern.text();
  log.info("starting", {{"version", std::string{isat::version}},
                        {"elector", what.elector_text()},
                        {"interfaces", patterns},
                        {"source", std::string{to_string(what.source)}},
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
