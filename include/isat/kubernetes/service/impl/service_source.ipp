// SPDX-License-Identifier: BSL-1.0

// The bodies of service_source.hpp. Compiled into the library, or included by that header; never by itself.
#pragma once

#include "isat/detail/stop_signal.hpp"
#include "isat/kubernetes/service/detail/object_facts.hpp"
#include "isat/kubernetes/service/service_source.hpp"
#include "isat/kubernetes/watch/reflector.hpp"
#include "isat/pending_operation.hpp"

#include <boost/asio/error.hpp>
#include <boost/json/object.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

namespace isat::inline v0::kubernetes {

namespace detail {

ISAT_INLINE reflector_options reflector_options_of(object_kind kind, const service_source_options& wanted) {
  const std::size_t page_of_large = wanted.page > 5 ? wanted.page / 5 : std::min<std::size_t>(wanted.page, 1);
  reflector_options options;
  options.page = page_of_large;
  options.pause_longest = wanted.pause_longest;
  switch (kind) {
    case object_kind::none:
      break;
    case object_kind::service:
      options.path = "/api/v1/services";
      options.page = wanted.page;
      break;
    case object_kind::slice:
      options.path = "/apis/discovery.k8s.io/v1/endpointslices";
      // A headless Service has no address, and often many endpoints.
      options.label_selector = "kubernetes.io/service-name,!service.kubernetes.io/headless";
      break;
    case object_kind::node:
      options.path = "/api/v1/nodes";
      break;
  }
  return options;
}

}  // namespace detail

class service_source::state {
 public:
  state(api_client& client, service_source_options options)
      : client_{client}, options_{std::move(options)}, run_{client.get_executor()} {
    table_.emplace(options_.rules);
  }
  state(const state&) = delete;
  state& operator=(const state&) = delete;
  ~state() = default;

  asio::any_io_executor executor() const { return client_.get_executor(); }
  const service_table& table() const noexcept { return *table_; }
  const objects_status& status(object_kind kind) const noexcept { return follower_of(kind).status; }

  void start(source::vip_sink& sink, handler<run_signature> done) {
    table_.emplace(options_.rules);
    table_->set_carried_addresses(carried_);
    synced_ = false;
    sink_ = &sink;
    run_.store(std::move(done), [this] { stop(); });
    for (follower& each : followers_) each.start();
  }

  void set_carried_addresses(std::vector<ipv4_address> addresses) {
    carried_ = std::move(addresses);
    table_->set_carried_addresses(carried_);
    settle();
  }

 private:
  using time_point = std::chrono::steady_clock::time_point;

  /// Hands on what one reflector tells.
  struct follower final : reflector_listener {
    follower(state& o, object_kind k) : owner{o}, kind{k} {}

    void start() {
      status = {};
      status.lost = now();
      objects.emplace(owner.client_, detail::reflector_options_of(kind, owner.options_), *this);
      stopping = {};
      objects->async_run(stopping.bind([](error_code) {}));
    }

    void on_listing() override { owner.table_->begin_list(kind); }
    void on_object(object_change change, boost::json::object& object) override {
      status.heard = now();
      change == object_change::deleted ? owner.erase(kind, object) : owner.set(kind, object);
      owner.settle();
    }
    void on_synced() override {
      status.heard = now();
      status.listed = true;
      const bool was_lost = std::exchange(status.lost, std::nullopt).has_value();
      status.error = {};
      status.message.clear();
      owner.table_->end_list(kind);
      owner.settle();
      if (was_lost) owner.tell(objects_known{kind});
    }
    void on_lost(error_code error, const std::string& message) override {
      if (!status.lost) status.lost = now();
      status.error = error;
      status.message = message;
      owner.tell(objects_lost{kind, error, message});
    }

    state& owner;
    object_kind kind;
    objects_status status;
    isat::detail::stop_signal stopping;
    std::optional<reflector> objects;
  };

  static time_point now() noexcept { return std::chrono::steady_clock::now(); }

  const follower& follower_of(object_kind kind) const noexcept {
    return followers_[kind == object_kind::none ? 0 : static_cast<std::size_t>(kind) - 1];
  }

  /// The one place where a run ends. The reflectors stay: one of them may be calling.
  void stop() {
    sink_ = nullptr;
    for (const follower& each : followers_) each.stopping.emit();
    run_.complete(asio::error::operation_aborted);
  }

  void set(object_kind kind, const boost::json::object& object) {
    switch (kind) {
      case object_kind::none:
        break;
      case object_kind::service:
        if (auto facts = detail::read_service(object)) table_->set(std::move(*facts));
        break;
      case object_kind::slice:
        if (auto facts = detail::read_slice(object)) table_->set(std::move(*facts));
        break;
      case object_kind::node:
        if (auto facts = detail::read_node(object)) table_->set(std::move(*facts));
        break;
    }
  }

  void erase(object_kind kind, const boost::json::object& object) {
    const auto name = detail::read_name(object);
    if (!name) return;
    switch (kind) {
      case object_kind::none:
        break;
      case object_kind::service:
        table_->erase_service(*name);
        break;
      case object_kind::slice:
        table_->erase_slice(*name);
        break;
      case object_kind::node:
        table_->erase_node(name->name);
        break;
    }
  }

  // ---- Results ----

  /// A sink or a listener to notices may end the run at any call.
  void settle() {
    while (sink_ != nullptr) {
      const auto change = table_->take_change();
      if (!change) break;
      change->present ? sink_->add(responder::vip{change->address}) : sink_->remove(change->address);
    }
    if (sink_ != nullptr && table_->is_listed() && !std::exchange(synced_, true)) sink_->synced();
    while (sink_ != nullptr) {
      const auto notice = table_->take_notice();
      if (!notice) break;
      tell(*notice);
    }
  }

  void tell(const service_source_notice& notice) const {
    if (sink_ != nullptr && options_.on_notice) options_.on_notice(notice);
  }

  api_client& client_;
  service_source_options options_;
  std::vector<ipv4_address> carried_;
  std::optional<service_table> table_;
  bool synced_ = false;               // the sink was told
  source::vip_sink* sink_ = nullptr;  // null unless running
  std::array<follower, 3> followers_{follower{*this, object_kind::service}, follower{*this, object_kind::slice},
                                     follower{*this, object_kind::node}};
  pending_operation<run_signature> run_;
};

ISAT_INLINE service_source::service_source(api_client& client, service_source_options options)
    : state_{std::make_unique<state>(client, std::move(options))} {}

ISAT_INLINE service_source::~service_source() = default;

ISAT_INLINE asio::any_io_executor service_source::get_executor() noexcept { return state_->executor(); }

ISAT_INLINE void service_source::set_carried_addresses(std::vector<ipv4_address> addresses) {
  state_->set_carried_addresses(std::move(addresses));
}

ISAT_INLINE const service_table& service_source::table() const noexcept { return state_->table(); }

ISAT_INLINE const objects_status& service_source::status(object_kind kind) const noexcept {
  return state_->status(kind);
}

ISAT_INLINE void service_source::do_run(source::vip_sink& sink, handler<run_signature> done) {
  state_->start(sink, std::move(done));
}

}  // namespace isat::inline v0::kubernetes
