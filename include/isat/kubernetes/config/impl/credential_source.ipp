// SPDX-License-Identifier: BSL-1.0

// The bodies of credential_source.hpp. Compiled into the library, or included by that header; never by itself.
#pragma once

#include "isat/complete_later.hpp"
#include "isat/kubernetes/config/credential_source.hpp"
#include "isat/kubernetes/config/detail/exec_credential.hpp"
#include "isat/kubernetes/config/detail/file_credentials.hpp"
#include "isat/kubernetes/config/detail/plugin_schedule.hpp"
#include "isat/kubernetes/config/detail/process.hpp"
#include "isat/kubernetes/detail/printable.hpp"
#include "isat/kubernetes/error.hpp"
#include "isat/pending_operation.hpp"

#include <boost/system/error_code.hpp>

#include <chrono>
#include <cstddef>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace isat::inline v0::kubernetes {

class credential_source::state {
 public:
  state(asio::any_io_executor executor, credentials who, detail::warning_function on_warning)
      : executor_{std::move(executor)},
        files_{who.exec ? credentials{} : who},
        plugin_{std::move(who.exec)},
        warn_{std::move(on_warning)} {}

  void start(handler<identity_signature> done) {
    if (!plugin_) {
      const error_code error = read_files();
      return complete_later(executor_, std::move(done), error, error ? identity{} : current_);
    }
    const auto wall = std::chrono::system_clock::now();
    const bool is_due = schedule_.is_due(std::chrono::steady_clock::now(), wall);
    if (is_due) {
      is_awaited_ = !schedule_.is_usable(wall);
      schedule_.begin();
    }
    switch (schedule_.answer(wall)) {
      case detail::plugin_answer::none:
        break;
      case detail::plugin_answer::given:
        complete_later(executor_, std::move(done), error_code{}, current_);
        break;
      case detail::plugin_answer::failure:
        complete_later(executor_, std::move(done), error_code{error::no_credentials}, identity{});
        break;
      case detail::plugin_answer::later:
        wait(std::move(done));
        break;
    }
    if (is_due) run_plugin();
  }

  void refused(std::uint64_t generation) {
    if (generation != current_.generation) return;  // of what is not used any more
    files_.doubt();
    schedule_.refuse(std::chrono::steady_clock::now());
  }

  const std::string& failure() const noexcept { return failure_; }

 private:
  using waiting_list = std::list<pending_operation<identity_signature>>;
  static constexpr std::size_t shown_max = 300;  // of names and hints

  error_code read_files() {
    std::string trouble = files_.read(std::chrono::steady_clock::now(), warn_);
    if (!trouble.empty()) return fail(std::move(trouble));
    adopt({files_.token(), files_.certificate(), files_.key(), 0});
    return {};
  }

  error_code fail(std::string why) {
    failure_ = std::move(why);
    return error::no_credentials;
  }

  void adopt(identity next) {
    next.generation = current_.generation;
    const bool is_same =
        next.token == current_.token && next.certificate == current_.certificate && next.key == current_.key;
    if (next.generation == 0 || !is_same) ++next.generation;
    current_ = std::move(next);
  }

  void wait(handler<identity_signature> done) {
    const auto place = waiting_.emplace(waiting_.end(), executor_);
    place->store(std::move(done), [this, place] {
      place->complete(asio::error::operation_aborted, {});
      waiting_.erase(place);
      if (waiting_.empty() && is_awaited_) break_off();
    });
  }

  void break_off() {
    run_.reset();
    schedule_.abandon();
  }

  void run_plugin() {
    detail::program what{plugin_->command, plugin_->arguments, plugin_->environment};
    what.environment.emplace_back("KUBERNETES_EXEC_INFO", detail::exec_info(*plugin_));
    run_ = std::make_shared<detail::program_run>(executor_, [this](const detail::program_end& end) { take(end); });
    const error_code error = run_->start(what);
    if (!error) return;
    std::string trouble = "cannot be run: " + error.message();
    if (!plugin_->install_hint.empty()) trouble += "; " + detail::printable(plugin_->install_hint, shown_max);
    tell(std::move(trouble));
  }

  void take(const detail::program_end& end) {
    std::string trouble = trouble_of(end);
    if (trouble.empty()) {
      detail::exec_credential given;
      trouble = detail::read_exec_credential(end.output, plugin_->api_version, given);
      if (trouble.empty()) {
        adopt({given.token, given.certificate, given.key, 0});
        schedule_.succeed(std::chrono::steady_clock::now(), std::chrono::system_clock::now(), given.expires);
      }
    }
    tell(std::move(trouble));
  }

  static std::string trouble_of(const detail::program_end& end) {
    switch (end.ending) {
      case detail::ending::exited:
        return end.number == 0 ? std::string{} : "failed with exit code " + std::to_string(end.number);
      case detail::ending::killed:
        return "was killed by signal " + std::to_string(end.number);
      case detail::ending::timed_out:
        return "took too long";
      case detail::ending::too_long:
        return "wrote too much";
      case detail::ending::none:
      case detail::ending::unknown:
        break;  // what it wrote must speak for it
    }
    return {};
  }

  /// Ends the run and tells all who wait. What the plugin gave before serves to its end when it fails meanwhile.
  void tell(std::string trouble) {
    run_.reset();
    if (!trouble.empty()) {
      trouble.insert(0, "the credential plugin " + detail::printable(plugin_->command, shown_max) + ' ');
      schedule_.fail(std::chrono::steady_clock::now());
    }
    const bool is_served = schedule_.is_usable(std::chrono::system_clock::now());
    error_code error;
    if (!trouble.empty()) {
      error = fail(trouble);
      trouble += "; what it gave before is still used";
    }
    if (!error || is_served) {
      error = {};
      plugin_told_.tell(warn_, trouble);
    }
    waiting_list told;
    told.swap(waiting_);
    for (auto& one : told) one.complete(error, error ? identity{} : current_);
  }

  asio::any_io_executor executor_;
  detail::file_credentials files_;
  std::optional<exec_plugin> plugin_;
  detail::warning_function warn_;
  std::string failure_;
  identity current_;
  detail::plugin_schedule schedule_;
  bool is_awaited_ = false;  // the run that goes on is for those who wait, not beside them
  detail::told_once plugin_told_;
  waiting_list waiting_;
  std::shared_ptr<detail::program_run> run_;
};

ISAT_INLINE credential_source::credential_source(asio::any_io_executor executor, credentials who,
                                                 std::function<void(std::string_view)> on_warning)
    : state_{std::make_unique<state>(std::move(executor), std::move(who), std::move(on_warning))} {}

ISAT_INLINE credential_source::~credential_source() = default;

ISAT_INLINE void credential_source::refused(std::uint64_t generation) { state_->refused(generation); }

ISAT_INLINE const std::string& credential_source::failure() const noexcept { return state_->failure(); }

ISAT_INLINE void credential_source::start(handler<identity_signature> done) { state_->start(std::move(done)); }

}  // namespace isat::inline v0::kubernetes
