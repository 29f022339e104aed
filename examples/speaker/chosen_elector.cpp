// SPDX-License-Identifier: BSL-1.0

#include "chosen_elector.hpp"
#include "failure.hpp"
#include "isat/election/always_leader.hpp"

#include <cstdint>
#include <string_view>
#include <utility>

namespace speakerd {

namespace {

using isat::election::lock_change;

/// What the leadership table does not tell: why a lock was lost. Empty for what it does tell.
std::string_view reason_of(lock_change change) noexcept {
  switch (change) {
    case lock_change::none:
    case lock_change::acquired:
    case lock_change::released:
      return {};
    case lock_change::file_replaced:
      return "the lock was lost because its file was removed or replaced";
    case lock_change::directory_lost:
      return "the lock was lost because its directory was removed or replaced";
    case lock_change::term_not_stored:
      return "the term could not be written into the lock file, so that a successor may repeat it";
  }
  return {};
}

void log_notice(const logger& log, const isat::election::lock_notice& notice) {
  const std::string_view reason = reason_of(notice.what);
  if (reason.empty()) return;
  log_fields fields{{"group", static_cast<std::int64_t>(notice.group)},
                    {"term", static_cast<std::int64_t>(notice.term)}};
  if (notice.error) fields.emplace_back("reason", notice.error.message());
  log.warn(reason, std::move(fields));
}

}  // namespace

chosen_elector::chosen_elector(isat::asio::any_io_executor executor, const options& what, const logger& log) {
  if (what.elector == elector_kind::always) {
    elector_ = std::make_unique<isat::election::always_leader>(std::move(executor));
    return;
  }
  isat::election::file_lock_options wanted;
  wanted.directory = what.directory;
  wanted.node_name = what.node_name;
  wanted.on_notice = [&log](const isat::election::lock_notice& notice) { log_notice(log, notice); };
  auto made = std::make_unique<isat::election::file_lock_elector>(std::move(executor), std::move(wanted));
  if (made->open()) throw failure{exit_code::unavailable, made->failure().message()};
  file_ = made.get();
  elector_ = std::move(made);
}

std::string chosen_elector::failure_message() const { return file_ == nullptr ? "" : file_->failure().message(); }

}  // namespace speakerd
