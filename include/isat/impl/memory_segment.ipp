// SPDX-License-Identifier: BSL-1.0

// The bodies of memory_segment.hpp. Compiled into the library, or included by that header; never by itself.
#pragma once

#include "isat/detail/memory_segment.hpp"
#include "isat/transport/strip_tags.hpp"
#include "isat/wire/ethernet.hpp"

#include <boost/asio/error.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

namespace isat::inline v0::detail {

ISAT_INLINE memory_endpoint::memory_endpoint(asio::any_io_executor executor, transport::link_identity identity,
                                             std::size_t queue_max)
    : executor_{executor}, wait_{std::move(executor)}, identity_{std::move(identity)}, queue_max_{queue_max} {}

ISAT_INLINE void memory_endpoint::start(std::span<transport::received_frame> into, operation next) {
  into_ = into.first(std::min(into.size(), transport::batch_max));
  if (!queue_.empty()) return operation::post(std::move(next));
  wait(std::move(next));
}

ISAT_INLINE void memory_endpoint::resume(operation next, error_code error) {
  if (closed_) error = asio::error::operation_aborted;
  if (!error && queue_.empty()) return wait(std::move(next));
  next.complete(error, error ? 0 : take());
}

ISAT_INLINE void memory_endpoint::push(std::span<const std::byte> front, std::span<const std::byte> back,
                                       bool foreign) {
  if (queue_.size() >= queue_max_) {
    ++drops_;
    return;
  }
  stored frame{{}, front.size() + back.size(), foreign};
  frame.bytes.reserve(std::min(frame.length, transport::received_bytes_max));
  for (const auto part : {front, back}) {
    const auto fitting = part.first(std::min(part.size(), transport::received_bytes_max - frame.bytes.size()));
    frame.bytes.insert(frame.bytes.end(), fitting.begin(), fitting.end());
  }
  queue_.push_back(std::move(frame));
  wait_.complete({});
}

ISAT_INLINE void memory_endpoint::close() {
  closed_ = true;
  wait_.complete(asio::error::operation_aborted);
}

ISAT_INLINE void memory_endpoint::wait(operation next) {
  if (next.cancelled()) return operation::post(std::move(next), asio::error::operation_aborted);
  wait_.store(std::move(next), [this] { wait_.complete(asio::error::operation_aborted); });
}

ISAT_INLINE std::size_t memory_endpoint::take() {
  taken_.clear();
  while (!queue_.empty() && taken_.size() < into_.size()) {
    taken_.push_back(std::move(queue_.front()));
    queue_.pop_front();
  }
  for (std::size_t i = 0; i < taken_.size(); ++i) into_[i] = {taken_[i].bytes, taken_[i].length, taken_[i].foreign};
  return taken_.size();
}

ISAT_INLINE void memory_segment::detach(const memory_endpoint* endpoint) noexcept {
  std::erase_if(endpoints_, [endpoint](const auto& attached) { return attached.get() == endpoint; });
}

ISAT_INLINE void memory_segment::deliver(std::span<const std::byte> frame, const memory_endpoint* sender) {
  const auto untagged = transport::strip_tags(frame);
  if (!untagged || octet_reader{untagged->rest.data()}.u16() != static_cast<std::uint16_t>(wire::ether_type::arp)) {
    return;
  }
  const mac_address destination = octet_reader{frame.data()}.mac();
  for (const auto& endpoint : endpoints_) {
    if (endpoint.get() == sender) continue;
    const bool other_host = !destination.is_group() && destination != endpoint->identity().mac;
    endpoint->push(untagged->addresses, untagged->rest, untagged->other_vlan || other_host);
  }
}

ISAT_INLINE void memory_segment::inject(std::span<const std::byte> frame, bool foreign) {
  for (const auto& endpoint : endpoints_) endpoint->push(frame, {}, foreign);
}

}  // namespace isat::inline v0::detail
