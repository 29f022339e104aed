// SPDX-License-Identifier: BSL-1.0

#include "counter_log.hpp"
#include "isat/responder/vip_table.hpp"

#include <cstddef>
#include <cstdint>

namespace speakerd {

namespace {

std::int64_t number(std::uint64_t value) noexcept { return static_cast<std::int64_t>(value); }

template <class Reasons>
void add_nonzero(log_fields& fields, const isat::responder::counters& counted, const Reasons& reasons) {
  for (const auto reason : reasons) {
    if (counted[reason] != 0) fields.push_back({to_string(reason), number(counted[reason])});
  }
}

}  // namespace

log_fields counter_fields(const isat::transport::link_identity& link, const isat::responder::counters& counted,
                          const isat::transport::transport_statistics& statistics) {
  log_fields fields{{"interface", link.name},
                    {"mac", link.mac.to_string()},
                    {"received", number(counted.received)},
                    {"replies", number(counted.replies)},
                    {"announcements", number(counted.announcements)},
                    {"refused_by_link", number(counted.refused_by_link)},
                    {"receive_drops", number(statistics.receive_drops)}};
  add_nonzero(fields, counted, isat::responder::drop_reasons);
  add_nonzero(fields, counted, isat::wire::parse_errors);
  return fields;
}

void log_counters(const logger& log, const isat::speaker& speaker) {
  for (std::size_t at = 0; at < isat::interface_max; ++at) {
    const auto* served = speaker.find_interface(static_cast<isat::interface_id>(at));
    if (served == nullptr) continue;
    log.info("counted on an interface", counter_fields(served->link(), served->counted(), served->statistics()));
  }
}

}  // namespace speakerd
