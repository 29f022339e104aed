// SPDX-License-Identifier: BSL-1.0

#include "isat/lease_clock.hpp"
#include "isat/version.hpp"
#include "run_metrics.hpp"
#include "text.hpp"

#include <prometheus/metric_type.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <ctime>
#include <fcntl.h>
#include <map>
#include <sstream>
#include <string>
#include <string_view>
#include <unistd.h>
#include <utility>

namespace speakerd {

namespace {

using isat::responder::counters;
using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

/// One metric with its series.
class family {
 public:
  family(MetricType type, const char* name, const char* help) : made_{name, help, type, {}} {}

  void add(double value, std::vector<ClientMetric::Label> labels = {}) {
    ClientMetric& metric = made_.metric.emplace_back();
    metric.label = std::move(labels);
    (made_.type == MetricType::Counter ? metric.counter.value : metric.gauge.value) = value;
  }

  MetricFamily take() { return std::move(made_); }

 private:
  MetricFamily made_;
};

void add_one(metric_families& into, MetricType type, const char* name, const char* help, double value) {
  family only{type, name, help};
  only.add(value);
  into.push_back(only.take());
}

double number(std::uint64_t value) noexcept { return static_cast<double>(value); }
double seconds(std::chrono::nanoseconds time) noexcept { return std::chrono::duration<double>{time}.count(); }

/// What was counted on the interfaces of one name: an interface that was renamed may share it with a new one.
struct interface_totals {
  std::uint64_t replies{};
  std::uint64_t announcements{};
  std::uint64_t conflicts{};
  std::uint64_t lost{};
  std::map<std::pair<std::string_view, std::string_view>, std::uint64_t> received;  // by result and reason

  void add(const counters& counted, std::uint64_t receive_drops) {
    replies += counted.replies;
    announcements += counted.announcements;
    conflicts += counted[isat::responder::drop_reason::conflict];
    lost += receive_drops;
    received[{"replied", "none"}] += counted.replies;
    received[{"refused_by_link", "none"}] += counted.refused_by_link;
    for (const auto reason : isat::responder::drop_reasons) received[{"dropped", to_string(reason)}] += counted[reason];
    for (const auto error : isat::wire::parse_errors) received[{"unparsed", to_string(error)}] += counted[error];
  }
};

std::map<std::string, interface_totals> totals_by_interface(const isat::speaker& speaker) {
  std::map<std::string, interface_totals> result;
  for (std::size_t at = 0; at < isat::interface_max; ++at) {
    const auto* served = speaker.find_interface(static_cast<isat::interface_id>(at));
    if (served == nullptr) continue;
    const std::string name = escaped(served->link().name, escape_style::hexadecimal);
    result[name].add(served->counted(), served->statistics().receive_drops);
  }
  return result;
}

/// Resident memory in octets; 0 if the kernel does not tell.
double resident_memory() {
  const int descriptor = ::open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return 0;
  std::array<char, 128> buffer{};
  const ssize_t got = ::read(descriptor, buffer.data(), buffer.size());
  ::close(descriptor);
  std::istringstream words{std::string{buffer.data(), got > 0 ? static_cast<std::size_t>(got) : 0}};
  double total = 0;
  double resident = 0;
  return words >> total >> resident ? resident * static_cast<double>(::sysconf(_SC_PAGESIZE)) : 0;
}

double processor_time() {
  timespec time{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

}  // namespace

void add_interfaces(metric_families& into, const isat::speaker& speaker) {
  family received{MetricType::Counter, "isat_arp_received_total",
                  "ARP frames that came in, each once, by what became of it and why"};
  family replies{MetricType::Counter, "isat_arp_replies_total", "Replies handed to the kernel"};
  family announcements{MetricType::Counter, "isat_arp_announcements_total", "Announcements handed to the kernel"};
  family conflicts{MetricType::Counter, "isat_arp_conflicts_total",
                   "Claims of VIPs by other hosts while this node led them"};
  family lost{MetricType::Counter, "isat_arp_receive_drops_total", "Frames lost because the socket's queue was full"};
  for (const auto& [name, totals] : totals_by_interface(speaker)) {
    for (const auto& [why, count] : totals.received) {
      received.add(number(count),
                   {{"interface", name}, {"result", std::string{why.first}}, {"reason", std::string{why.second}}});
    }
    replies.add(number(totals.replies), {{"interface", name}});
    announcements.add(number(totals.announcements), {{"interface", name}});
    conflicts.add(number(totals.conflicts), {{"interface", name}});
    lost.add(number(totals.lost), {{"interface", name}});
  }
  for (family* each : {&received, &replies, &announcements, &conflicts, &lost}) into.push_back(each->take());
}

void add_totals(metric_families& into, const isat::speaker& speaker, const isat::lease_time& now) {
  const auto& leaderships = speaker.leaderships();
  std::vector<bool> leads(leaderships.size());
  std::size_t led = 0;
  for (std::size_t at = 0; at < leads.size(); ++at) {
    leads[at] = leaderships.leads(static_cast<isat::group_id>(at), now);
    if (leads[at]) ++led;
  }
  std::size_t owned = 0;
  speaker.vips().for_each([&](const isat::responder::vip& each) {
    const auto at = static_cast<std::size_t>(each.group);
    if (at < leads.size() && leads[at]) ++owned;
  });
  add_one(into, MetricType::Gauge, "isat_vips_known", "VIPs that the source named", number(speaker.vips().size()));
  add_one(into, MetricType::Gauge, "isat_vips_owned", "VIPs that this node answers for now", number(owned));
  add_one(into, MetricType::Gauge, "isat_groups_led", "Groups that this node leads now", number(led));
}

void add_state(metric_families& into, const run_state& state, std::chrono::nanoseconds lateness) {
  add_one(into, MetricType::Gauge, "isat_interfaces", "Interfaces on which VIPs are announced",
          number(state.interfaces));
  if (state.source_age) {
    add_one(into, MetricType::Gauge, "isat_source_sync_age_seconds",
            "Time since the source of VIPs last knew to be up to date", seconds(*state.source_age));
  }
  add_one(into, MetricType::Gauge, "isat_event_loop_lateness_seconds",
          "How much too late the event loop ran its last timer of four in a second", seconds(lateness));
}

void add_service_events(metric_families& into, const isat::kubernetes::event_counters& counted) {
  family events{MetricType::Counter, "isat_events_total", "Events on Services by what became of them"};
  events.add(number(counted.told), {{"outcome", "told"}});
  events.add(number(counted.repeated), {{"outcome", "repeated"}});
  events.add(number(counted.failed), {{"outcome", "failed"}});
  events.add(number(counted.forgotten), {{"outcome", "forgotten"}});
  into.push_back(events.take());
}

void add_source_memory(metric_families& into, std::size_t octets) {
  add_one(into, MetricType::Gauge, "isat_source_memory_bytes",
          "Memory that the source of VIPs takes for what it follows, estimated", number(octets));
}

void add_process(metric_families& into) {
  family build{MetricType::Gauge, "isat_build_info", "Always 1; which isat-speaker this is"};
  build.add(1, {{"version", std::string{isat::version}}, {"compiler", __VERSION__}});
  into.push_back(build.take());
  add_one(into, MetricType::Gauge, "process_resident_memory_bytes", "Resident memory size in bytes", resident_memory());
  add_one(into, MetricType::Counter, "process_cpu_seconds_total", "User and system CPU time spent in seconds",
          processor_time());
}

}  // namespace speakerd
