// SPDX-License-Identifier: BSL-1.0

#include "chosen_elector.hpp"
#include "counter_log.hpp"
#include "event_log.hpp"
#include "host.hpp"
#include "isat/responder/vip_table.hpp"
#include "isat/source/grouped_source.hpp"
#include "isat/source/static_source.hpp"
#include "isat/speaker.hpp"
#include "isat/version.hpp"
#include "logger.hpp"
#include "privileges.hpp"
#include "run.hpp"
#include "start_warnings.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <fmt/format.h>

#include <csignal>
#include <cstdint>
#include <memory>
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
      : log_{log},
        end_signals_{context_, SIGTERM, SIGINT},
        reload_signal_{context_, SIGHUP},
        vips_{context_.get_executor(), expand(what.vips)},
        source_{vips_, what.layout_wish},
        elector_{context_.get_executor(), what, log, [this](const auto& layout) { source_.regroup(layout); }},
        speaker_{context_.get_executor(), elector_.get(), source_, speaker_options_of(what, log)} {}

  exit_code run() {
    wait_for_end();
    wait_for_reload();
    speaker_.async_run(
        asio::bind_cancellation_slot(hand_over_.slot(), [this](error_code reason) { on_stopped(reason); }));
    context_.run();
    log_counters(log_, speaker_);
    if (ending_ && reason_ == asio::error::operation_aborted) {
      log_.info("handed over, exiting");
      return exit_code::ok;
    }
    throw failure{exit_code::os, "the speaker cannot go on: " + reason_.message()};
  }

 private:
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
    end_signals_.cancel();
    reload_signal_.cancel();
  }

  const logger& log_;
  asio::io_context context_{1};
  asio::signal_set end_signals_;
  asio::signal_set reload_signal_;
  isat::source::static_source vips_;
  isat::source::grouped_source source_;
  chosen_elector elector_;
  isat::speaker speaker_;
  asio::cancellation_signal hand_over_;
  error_code reason_;
  bool ending_ = false;
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
