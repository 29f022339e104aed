// SPDX-License-Identifier: BSL-1.0

// The bodies of address_assigner.hpp. Compiled into the library, or included by that header; never by itself.
#pragma once

#include "isat/election/leadership.hpp"
#include "isat/election/lease_elector.hpp"
#include "isat/kubernetes/service/address_assigner.hpp"
#include "isat/kubernetes/service/detail/assigner_work.hpp"
#include "isat/lease_clock.hpp"
#include "isat/pending_operation.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/cancellation_type.hpp>

#include <utility>

namespace isat::inline v0::kubernetes {

class address_assigner::state final : public election::leadership_observer {
 public:
  state(api_client& client, election::lease_store& store, assigner_options options)
      : client_{client},
        store_{store},
        options_{std::move(options)},
        elector_{client.get_executor(), store, election_of(options_)},
        run_{client.get_executor()} {
    elector_.set_candidate(group, true);
    table_.subscribe(*this);
  }
  state(const state&) = delete;
  state& operator=(const state&) = delete;
  virtual ~state() {
    table_.unsubscribe(*this);
    end_work();
  }

  void start(handler<run_signature> done) {
    run_.store(std::move(done), [this] { stop_.emit(asio::cancellation_type::terminal); });
    auto over = [this](error_code error) {
      end_work();
      run_.complete(error);
    };
    elector_.async_run(table_, asio::bind_cancellation_slot(stop_.slot(), run_.while_pending(std::move(over))));
  }

  bool is_working() const noexcept { return work_ != nullptr; }
  std::size_t claim_count() const noexcept { return work_ ? work_->claim_count() : 0; }

 private:
  static constexpr group_id group{0};

  static election::lease_options election_of(const assigner_options& options) {
    election::lease_options result;
    result.node_name = options.node_name;
    result.leases = {options.prefix + "-assigner"};
    result.timing = options.timing;
    result.on_notice = options.on_election;
    return result;
  }

  void on_leadership(group_id, const election::leadership& before, const election::leadership& after) override {
    if (before.term == after.term && !(work_ && work_->has_ended())) return;
    end_work();
    if (before.term != 0) tell(assigner_turn{false, before.term});
    if (after.term == 0) return;
    auto leads = [this] { return table_.leads(group, lease_clock::now()); };
    work_ = std::make_shared<detail::assigner_work>(client_, store_, options_, std::move(leads));
    tell(assigner_turn{true, after.term});
    if (work_) work_->begin();
  }

  void end_work() {
    if (work_) work_->end();
    work_.reset();
  }

  void tell(const assigner_notice& notice) {
    if (options_.on_notice) options_.on_notice(notice);
  }

  api_client& client_;
  election::lease_store& store_;
  assigner_options options_;
  election::leadership_table table_;
  election::lease_elector elector_;
  asio::cancellation_signal stop_;
  pending_operation<run_signature> run_;
  std::shared_ptr<detail::assigner_work> work_;
};

ISAT_INLINE address_assigner::address_assigner(api_client& client, election::lease_store& store,
                                               assigner_options options)
    : state_{std::make_unique<state>(client, store, std::move(options))} {}

ISAT_INLINE address_assigner::~address_assigner() = default;

ISAT_INLINE void address_assigner::start(handler<run_signature> done) { state_->start(std::move(done)); }

ISAT_INLINE bool address_assigner::is_working() const noexcept { return state_->is_working(); }

ISAT_INLINE std::size_t address_assigner::claim_count() const noexcept { return state_->claim_count(); }

}  // namespace isat::inline v0::kubernetes
