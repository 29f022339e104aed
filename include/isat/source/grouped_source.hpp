// SPDX-License-Identifier: BSL-1.0

// Puts the VIPs of another source into the groups of a layout, and into others when the layout changes: it stands
// between that source and the speaker, and layout_options::on_layout drives it. Where each address is a group of its
// own, it wants their ids of group_names; a VIP for which there is none waits, unserved. It refuses to know why a
// layout changes; who changes it has lowered all leaderships before.
#pragma once

#include "isat/detail/erase.hpp"
#include "isat/detail/stop_signal.hpp"
#include "isat/election/group_names.hpp"
#include "isat/election/layout.hpp"
#include "isat/pending_operation.hpp"
#include "isat/responder/vip_table.hpp"
#include "isat/source/vip_source.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <utility>
#include <vector>

namespace isat::inline v0::source {

/// A source with groups. Not thread-safe: use it on its executor.
class grouped_source final : public vip_source, private vip_sink, private election::group_names_observer {
 public:
  /// Told, on the executor, which VIP is the first to wait for a group; again only after none had waited.
  using waiting_function = std::function<void(ipv4_address)>;

  /// `inner` must outlive this source; the groups that it names are ignored.
  /// @param names gives ids to groups of one address, must outlive this source and is asked by no other one; without
  ///   it the VIPs of such a layout wait
  grouped_source(vip_source& inner, const election::layout& layout, election::group_names* names = nullptr,
                 waiting_function on_waiting = {})
      : inner_{inner}, layout_{layout}, names_{names}, on_waiting_{std::move(on_waiting)}, run_{inner.get_executor()} {
    if (names_ != nullptr) names_->subscribe(this);
  }
  /// Aborts a run.
  ~grouped_source() override {
    stop();
    if (names_ != nullptr) names_->subscribe(nullptr);
    let_go_of_all();
  }

  asio::any_io_executor get_executor() noexcept override { return inner_.get_executor(); }

  /// Goes over to another layout: VIPs whose group changes are fed to the sink again.
  void regroup(const election::layout& next) {
    if (next == layout_) return;
    const bool were_wanted = std::exchange(layout_, next).is_per_address();
    for (const ipv4_address address : addresses()) {
      place(address);
      if (were_wanted && !layout_.is_per_address() && names_ != nullptr) names_->unwant(address);
    }
  }

  const election::layout& layout() const noexcept { return layout_; }

  /// How many VIPs wait for a group.
  std::size_t waiting() const noexcept { return waiting_; }

 private:
  enum class state : std::uint8_t { none = 0, told = 1, waiting = 2 };
  struct known_vip {
    responder::vip vip;
    state is = state::none;
  };

  void do_run(vip_sink& sink, handler<run_signature> done) override {
    let_go_of_all();
    sink_ = &sink;
    run_.store(std::move(done), [this] { stop(); });
    auto ended = run_.while_pending([this](error_code error) {
      sink_ = nullptr;
      run_.complete(error);
    });
    vip_sink& grouped = *this;
    inner_.async_run(grouped, stop_inner_.bind(std::move(ended)));
  }

  // From here on the sink may be gone, whoever regroups.
  void stop() {
    sink_ = nullptr;
    stop_inner_.emit();
  }

  void add(const responder::vip& vip) override {
    known_vip& known = vips_[vip.address];
    known.vip = vip;
    put(known, true);
  }
  // The sink first: while it has the VIP, its id must not come to stand for another address.
  void remove(ipv4_address address) override {
    const auto known = vips_.find(address);
    if (known == vips_.end()) return;
    const state was = known->second.is;
    if (was == state::waiting) --waiting_;
    vips_.erase(known);
    if (was == state::told) sink_->remove(address);
    if (names_ != nullptr) names_->unwant(address);
  }
  void synced() override { sink_->synced(); }
  // election::group_names_observer
  void on_room() override {
    for (const ipv4_address address : addresses()) {
      if (waiting_ == 0) return;
      place(address);
    }
  }

  // What is called may change the VIPs.
  std::vector<ipv4_address> addresses() const {
    std::vector<ipv4_address> result;
    for (const auto& [address, known] : vips_) result.push_back(address);
    return result;
  }

  void place(ipv4_address address) {
    const auto known = vips_.find(address);
    if (known != vips_.end() && sink_ != nullptr) put(known->second, false);
  }

  std::optional<group_id> group_of(ipv4_address address) const {
    if (!layout_.is_per_address()) return layout_.group_of(address);
    return names_ != nullptr ? names_->want(address) : std::nullopt;
  }

  // Tells the sink of it by its present group, if that is another one or `anyway`.
  void put(known_vip& known, bool anyway) {
    const auto group = group_of(known.vip.address);
    const state was = std::exchange(known.is, group ? state::told : state::waiting);
    if (group) {
      if (was == state::waiting) --waiting_;
      const bool differs = std::exchange(known.vip.group, *group) != *group || was != state::told;
      if (differs || anyway) sink_->add(responder::vip{known.vip});  // a copy: the sink may change what is known
      return;
    }
    const ipv4_address address = known.vip.address;
    const bool is_first = was != state::waiting && ++waiting_ == 1;
    if (was == state::told) sink_->remove(address);
    if (is_first && on_waiting_) on_waiting_(address);
  }

  void let_go_of_all() {
    if (names_ != nullptr) {
      for (const auto& [address, known] : vips_) names_->unwant(address);
    }
    vips_.clear();
    waiting_ = 0;
  }

  vip_source& inner_;
  election::layout layout_;
  election::group_names* names_;
  waiting_function on_waiting_;
  std::map<ipv4_address, known_vip> vips_;
  std::size_t waiting_ = 0;
  vip_sink* sink_ = nullptr;  // null unless running
  detail::stop_signal stop_inner_;
  pending_operation<run_signature> run_;
};

}  // namespace isat::inline v0::source
