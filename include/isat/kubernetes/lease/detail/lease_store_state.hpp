// SPDX-License-Identifier: BSL-1.0

// What a lease_store is behind its surface: the requests that are on their way, what must be remembered of Leases, and
// the watch with those who wait for it. Outlives its store as long as requests are on their way. Its bodies are in
// impl/lease_store.ipp (one record) and impl/lease_store_changes.ipp (many).
#pragma once

#include "isat/detail/erase.hpp"
#include "isat/election/change_feed.hpp"
#include "isat/election/lease_record.hpp"
#include "isat/error.hpp"
#include "isat/kubernetes/api/api_client.hpp"
#include "isat/kubernetes/api/api_request.hpp"
#include "isat/kubernetes/lease/detail/failure_notes.hpp"
#include "isat/kubernetes/lease/detail/known_leases.hpp"
#include "isat/kubernetes/lease/detail/lease_object.hpp"
#include "isat/kubernetes/lease/detail/watch_progress.hpp"
#include "isat/kubernetes/lease/lease_store.hpp"
#include "isat/kubernetes/lease/micro_time.hpp"
#include "isat/kubernetes/watch/reflector.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/json/fwd.hpp>

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace isat::inline v0::kubernetes {

namespace detail {

// One list in pages.
struct lease_listing {
  lease_listing(std::string p, handler<election::lease_store::many_signature> d)
      : prefix{std::move(p)}, done{std::move(d)} {}

  std::string prefix;
  std::string next;  // where to go on
  std::vector<election::entry> found;
  handler<election::lease_store::many_signature> done;
};

}  // namespace detail

class lease_store::state final : public reflector_listener, public std::enable_shared_from_this<state> {
 public:
  state(api_client& client, lease_store_options options);

  const asio::any_io_executor& executor() const noexcept { return executor_; }
  const detail::failure_notes& failures() const noexcept { return failures_; }
  std::chrono::nanoseconds asked_pause() const noexcept {
    const clock::duration left = asked_until_ - clock::now();
    return left > clock::duration{0} ? left : clock::duration{0};
  }

  void load(std::string name, handler<one_signature> done);
  void cas(election::entry next, handler<one_signature> done);
  void list(std::string prefix, handler<many_signature> done);
  void changes(std::string prefix, handler<many_signature> done);

  /// No more hints and no more requests: the store is being destroyed, and perhaps its client, too.
  void close() noexcept {
    closed_ = true;
    idle_.cancel();
    gone_.clear();
    reflector_.reset();
    feed_.reset();
  }

 private:
  using clock = std::chrono::steady_clock;
  using one_handler = handler<one_signature>;

  static constexpr auto asked_pause_max = std::chrono::seconds{60};

  template <class Done, class Then>
  void send(api_request request, Done& done, Then then);
  bool is_usable(std::string_view name) const noexcept {
    return detail::is_lease_name(name) && detail::is_lease_name(options_.name_space);
  }
  api_request request_for(method how, const std::string& name) const;
  election::entry take_in(detail::lease_object seen, bool by_watch);
  void note(error_code error, const api_response& response, std::string_view action, const std::string& name);
  void look_at_watch();
  void note_gone(const std::string& name);

  void create(election::entry next, one_handler done);
  void replace(election::entry next, const detail::lease_object& before, one_handler done);
  std::string lease_text(const election::entry& next, const detail::lease_object* before);
  void read_and_replace(election::entry next, one_handler done);
  void write(election::entry next, api_request request, one_handler done);
  void remove_nothing(election::entry next, one_handler done);
  void next_page(const std::shared_ptr<detail::lease_listing>& run);
  bool take_page(detail::lease_listing& run, const std::string& body);

  void on_listing() override { ++generation_; }
  ISAT_INLINE void on_object(object_change change, boost::json::object& object) override;
  ISAT_INLINE void on_synced() override;
  ISAT_INLINE void on_lost(error_code error, const std::string& message) override;
  void tell_gone(const std::string& name);
  void read_gone();
  void rest_unless_heard();

  api_client& client_;
  asio::any_io_executor executor_;
  lease_store_options options_;
  std::string identity_;
  std::string path_;
  detail::failure_notes failures_;
  std::chrono::steady_clock::time_point asked_until_;
  writing_clock dates_;
  detail::known_leases known_;
  std::map<std::string, unsigned> writing_;  // how many writes are on their way
  std::set<std::string> written_;            // what this store has written and is not known to be gone
  bool closed_ = false;

  std::optional<election::change_feed> feed_;
  std::unique_ptr<reflector> reflector_;
  asio::steady_timer idle_;
  bool resting_ = false;  // idle_ is waited for
  detail::watch_progress progress_;
  // A list or a watch may tell of any number of removals at once.
  static constexpr unsigned gone_reads_max = 4;
  std::set<std::string> gone_;                 // what is still to be read
  unsigned gone_reads_ = 0;                    // on their way
  std::map<std::string, std::uint64_t> told_;  // what the watch has told of and not taken back, by its list
  std::uint64_t generation_ = 0;
};

// `then(error, response, done)` comes with the answer; a cancellation of `done` is one of the request.
template <class Done, class Then>
void lease_store::state::send(api_request request, Done& done, Then then) {
  auto slot = asio::get_associated_cancellation_slot(done);
  auto answer = [self = shared_from_this(), done = std::move(done), then = std::move(then)](
                    error_code error, const api_response& response) mutable { then(error, response, std::move(done)); };
  client_.async_request(std::move(request), asio::bind_cancellation_slot(slot, std::move(answer)));
}

}  // namespace isat::inline v0::kubernetes
