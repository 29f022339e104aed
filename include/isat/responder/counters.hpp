// SPDX-License-Identifier: BSL-1.0

// What happened to the frames of one interface, as numbers that only rise: every frame that came in is counted once, as
// a reply, a parse error or a drop reason. The responder and the announcer count, metrics and logs read.
#pragma once

#include "isat/responder/drop_reason.hpp"
#include "isat/wire/parse_error.hpp"

#include <array>
#include <cstddef>
#include <cstdint>

namespace isat::inline v0::responder {

/// Counters of one interface since it joined.
class counters {
 public:
  std::uint64_t received{};         ///< frames taken from the transport
  std::uint64_t replies{};          ///< replies handed to the kernel
  std::uint64_t announcements{};    ///< announcements handed to the kernel
  std::uint64_t refused_by_link{};  ///< replies that the transport did not take (full queue, link down)

  std::uint64_t operator[](wire::parse_error error) const noexcept { return errors_[index(error)]; }
  std::uint64_t operator[](drop_reason reason) const noexcept { return drops_[index(reason)]; }

  void count(wire::parse_error error) noexcept { ++errors_[index(error)]; }
  void count(drop_reason reason, std::uint64_t times = 1) noexcept { drops_[index(reason)] += times; }

 private:
  template <class Enumerator>
  static constexpr std::size_t index(Enumerator value) noexcept {
    return static_cast<std::size_t>(value);
  }

  std::array<std::uint64_t, wire::parse_errors.size() + 1> errors_{};
  std::array<std::uint64_t, drop_reasons.size() + 1> drops_{};
};

}  // namespace isat::inline v0::responder
