// SPDX-License-Identifier: BSL-1.0

// One of assigner.py's processes: contends for the turn to assign addresses, assigns while it has it, and tells so: a
// line for each notice, and Events. SIGTERM ends it.

#include "isat/kubernetes.hpp"
#include "isat/net.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <fmt/format.h>

#include <csignal>
#include <cstdio>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

using namespace isat;

namespace {

class candidate {
 public:
  candidate(asio::io_context& io, kubernetes::cluster_config cluster, std::string node, kubernetes::address_pool pool)
      : client_{io.get_executor(), std::move(cluster)},
        store_{client_, {.name_space = "isat-system"}},
        recorder_{client_, recorder_options(node)},
        assigner_{client_, store_, assigner_options_of(node, std::move(pool))},
        signals_{io, SIGTERM} {}

  void run() {
    assigner_.async_run(asio::bind_cancellation_slot(stop_.slot(), [this](error_code error) {
      say(fmt::format("ended {}", error.message()));
      signals_.cancel();
    }));
    signals_.async_wait([this](error_code error, int) {
      if (!error) stop_.emit(asio::cancellation_type::terminal);
    });
  }

 private:
  static void say(std::string_view line) {
    fmt::print("{}\n", line);
    std::fflush(stdout);
  }

  static kubernetes::event_recorder_options recorder_options(const std::string& node) {
    kubernetes::event_recorder_options options;
    options.node_name = node;
    options.rate = 50;
    options.on_failure = [](const error_code&, const std::string& message) { say("trouble " + message); };
    return options;
  }

  kubernetes::assigner_options assigner_options_of(const std::string& node, kubernetes::address_pool pool) {
    kubernetes::assigner_options options;
    options.node_name = node;
    options.pool = std::move(pool);
    options.timing = election::profiles::fast;
    options.on_notice = [this](const kubernetes::assigner_notice& notice) { tell(notice); };
    return options;
  }

  void tell(const kubernetes::assigner_notice& notice) {
    if (const auto* const news = std::get_if<kubernetes::assignment_notice>(&notice)) {
      say("news " + to_text(*news));
      if (is_trouble(news->news) && !news->service.uid.empty()) recorder_.record(to_event(*news));
    } else if (const auto* const turn = std::get_if<kubernetes::assigner_turn>(&notice)) {
      say(turn->ours ? "works" : "rests");
    } else if (const auto* const trouble = std::get_if<kubernetes::assigner_trouble>(&notice)) {
      say("trouble " + trouble->message);
    } else {
      say("recovered");
    }
  }

  kubernetes::api_client client_;
  kubernetes::lease_store store_;
  kubernetes::event_recorder recorder_;
  kubernetes::address_assigner assigner_;
  asio::cancellation_signal stop_;
  asio::signal_set signals_;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) {
    fmt::print(stderr, "assigner_candidate KUBECONFIG NODE FIRST LAST\n");
    return 64;
  }
  const auto first = ipv4_address::parse(argv[3]);
  const auto last = ipv4_address::parse(argv[4]);
  auto cluster = kubernetes::load_kubeconfig({{argv[1]}, {}});
  if (!cluster || !first || !last) {
    fmt::print(stderr, "{}\n", cluster ? "no address" : cluster.error().message);
    return 78;
  }
  boost::asio::io_context io{1};
  candidate contender{io, std::move(*cluster), argv[2], kubernetes::address_pool{{{*first, *last}}}};
  contender.run();
  io.run();
  return 0;
}
