// SPDX-License-Identifier: BSL-1.0

// Puts the VIPs of another source into the groups of a layout, and into others when the layout changes: it stands
// between that source and the speaker, and layout_options::on_layout drives it. It refuses to know why a layout
// changes; who changes it has lowered all leaderships before.
#pragma once

#include "isat/detail/erase.hpp"
#include "isat/detail/stop_signal.hpp"
#include "isat/election/layout.hpp"
#include "isat/pending_operation.hpp"
#include "isat/responder/vip_table.hpp"
#include "isat/source/vip_source.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <map>
#include <utility>

namespace isat::inline v0::source {

/// A source with groups. Not thread-safe: use it on its executor.
class grouped_source final : public vip_source, private vip_sink {
 public:
  /// `inner` must outlive this source; the groups that it names are ignored.
  grouped_source(vip_source& inner, const election::layout& layout)
      : inner_{inner}, layout_{layout}, run_{inner.get_executor()} {}
  /// Aborts a run.
  ~grouped_source() override { stop(); }

  asio::any_io_executor get_executor() noexcept override { return inner_.get_executor(); }

  /// Goes over to another layout: VIPs whose group changes are fed to the sink again.
  void regroup(const election::layout& next) {
    if (next == layout_) return;
    layout_ = next;
    for (auto at = vips_.begin(); at != vips_.end() && sink_ != nullptr; ++at) {
      const group_id group = layout_.group_of(at->first);
      if (std::exchange(at->second.group, group) != group) sink_->add(at->second);
    }
  }

  const election::layout& layout() const noexcept { return layout_; }

 private:
  void do_run(vip_sink& sink, handler<run_signature> done) override {
    sink_ = &sink;
    vips_.clear();
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
    responder::vip grouped = vip;
    grouped.group = layout_.group_of(vip.address);
    vips_.insert_or_assign(vip.address, grouped);
    sink_->add(grouped);
  }
  void remove(ipv4_address address) override {
    vips_.erase(address);
    sink_->remove(address);
  }
  void synced() override { sink_->synced(); }

  vip_source& inner_;
  election::layout layout_;
  std::map<ipv4_address, responder::vip> vips_;
  vip_sink* sink_ = nullptr;  // null unless running
  detail::stop_signal stop_inner_;
  pending_operation<run_signature> run_;
};

}  // namespace isat::inline v0::source
