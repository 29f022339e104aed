// SPDX-License-Identifier: BSL-1.0

// Puts the VIPs of another source into the groups of a layout, and into others when the layout changes: it stands
// between that source and the speaker, and layout_options::on_layout drives it. Where each address is a group of its
// own, it wants their ids of group_names; a VIP for which there is none waits, unserved. It refuses to know why a
// layout changes; who changes it has lowered all leaderships before.
#pragma once

#include "isat/detail/build.hpp"
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
#include <vector>

namespace isat::inline v0::source {

/// A source with groups. Not thread-safe: use it on its executor.
class ISAT_API grouped_source final : public vip_source, private vip_sink, private election::group_names_observer {
 public:
  /// Told, on the executor, which VIP is the first to wait for a group; again only after none had waited.
  using waiting_function = std::function<void(ipv4_address)>;

  /// `inner` must outlive this source; the groups that it names are ignored.
  /// @param names gives ids to groups of one address, must outlive this source and is asked by no other one; without
  ///   it the VIPs of such a layout wait
  grouped_source(vip_source& inner, const election::layout& layout, election::group_names* names = nullptr,
                 waiting_function on_waiting = {});
  /// Aborts a run.
  ISAT_INLINE ~grouped_source() override;

  asio::any_io_executor get_executor() noexcept override { return inner_.get_executor(); }

  /// Goes over to another layout: VIPs whose group changes are fed to the sink again.
  void regroup(const election::layout& next);

  const election::layout& layout() const noexcept { return layout_; }

  /// How many VIPs wait for a group.
  std::size_t waiting() const noexcept { return waiting_; }

 private:
  enum class state : std::uint8_t { none = 0, told = 1, waiting = 2 };
  struct known_vip {
    responder::vip vip;
    state is = state::none;
  };

  ISAT_INLINE void do_run(vip_sink& sink, handler<run_signature> done) override;

  // From here on the sink may be gone, whoever regroups.
  void stop();

  ISAT_INLINE void add(const responder::vip& vip) override;
  // The sink first: while it has the VIP, its id must not come to stand for another address.
  ISAT_INLINE void remove(ipv4_address address) override;
  void synced() override { sink_->synced(); }
  // election::group_names_observer
  ISAT_INLINE void on_room() override;

  // What is called may change the VIPs.
  std::vector<ipv4_address> addresses() const;

  void place(ipv4_address address);

  std::optional<group_id> group_of(ipv4_address address) const;

  // Tells the sink of it by its present group, if that is another one or `anyway`.
  void put(known_vip& known, bool anyway);

  void let_go_of_all();

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

#if ISAT_HEADER_ONLY
#include "isat/source/impl/grouped_source.ipp"
#endif
