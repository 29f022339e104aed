// SPDX-License-Identifier: BSL-1.0

// The bodies of grouped_source.hpp. Compiled into the library, or included by that header; never by itself.
#pragma once

#include "isat/source/grouped_source.hpp"

#include <utility>

namespace isat::inline v0::source {

ISAT_INLINE grouped_source::grouped_source(vip_source& inner, const election::layout& layout,
                                           election::group_names* names, waiting_function on_waiting)
    : inner_{inner}, layout_{layout}, names_{names}, on_waiting_{std::move(on_waiting)}, run_{inner.get_executor()} {
  if (names_ != nullptr) names_->subscribe(this);
}

ISAT_INLINE grouped_source::~grouped_source() {
  stop();
  if (names_ != nullptr) names_->subscribe(nullptr);
  let_go_of_all();
}

ISAT_INLINE void grouped_source::regroup(const election::layout& next) {
  if (next == layout_) return;
  const bool were_wanted = std::exchange(layout_, next).is_per_address();
  for (const ipv4_address address : addresses()) {
    place(address);
    if (were_wanted && !layout_.is_per_address() && names_ != nullptr) names_->unwant(address);
  }
}

ISAT_INLINE void grouped_source::do_run(vip_sink& sink, handler<run_signature> done) {
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

ISAT_INLINE void grouped_source::stop() {
  sink_ = nullptr;
  stop_inner_.emit();
}

ISAT_INLINE void grouped_source::add(const responder::vip& vip) {
  known_vip& known = vips_[vip.address];
  known.vip = vip;
  put(known, true);
}

ISAT_INLINE void grouped_source::remove(ipv4_address address) {
  const auto known = vips_.find(address);
  if (known == vips_.end()) return;
  const state was = known->second.is;
  if (was == state::waiting) --waiting_;
  vips_.erase(known);
  if (was == state::told) sink_->remove(address);
  if (names_ != nullptr) names_->unwant(address);
}

ISAT_INLINE void grouped_source::on_room() {
  for (const ipv4_address address : addresses()) {
    if (waiting_ == 0) return;
    place(address);
  }
}

ISAT_INLINE std::vector<ipv4_address> grouped_source::addresses() const {
  std::vector<ipv4_address> result;
  for (const auto& [address, known] : vips_) result.push_back(address);
  return result;
}

ISAT_INLINE void grouped_source::place(ipv4_address address) {
  const auto known = vips_.find(address);
  if (known != vips_.end() && sink_ != nullptr) put(known->second, false);
}

ISAT_INLINE std::optional<group_id> grouped_source::group_of(ipv4_address address) const {
  if (!layout_.is_per_address()) return layout_.group_of(address);
  return names_ != nullptr ? names_->want(address) : std::nullopt;
}

ISAT_INLINE void grouped_source::put(known_vip& known, bool anyway) {
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

ISAT_INLINE void grouped_source::let_go_of_all() {
  if (names_ != nullptr) {
    for (const auto& [address, known] : vips_) names_->unwant(address);
  }
  vips_.clear();
  waiting_ = 0;
}

}  // namespace isat::inline v0::source
