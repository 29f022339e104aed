// SPDX-License-Identifier: BSL-1.0

// The operational errors that are ours: the world is wrong in a way for which the operating system has no number. They
// travel as boost::system::error_code beside the system's own. What a peer sends is never an error_code.
#pragma once

#include "isat/detail/build.hpp"

#include <boost/system/error_category.hpp>
#include <boost/system/error_code.hpp>
#include <boost/system/error_condition.hpp>

#include <cstdint>
#include <string>
#include <type_traits>

namespace isat::inline v0 {

using boost::system::error_code;

/// Our own operational errors. The values are API: append only.
enum class error : std::uint8_t {
  none = 0,
  not_ethernet = 1,         ///< the interface does not carry Ethernet frames
  too_many_interfaces = 2,  ///< interface_max interfaces are announced on already
  version_conflict = 3,     ///< a record was not written, for its version was no longer the one named
  outcome_unknown = 4,      ///< whether a record was written is not known, and it may yet be
  unsound_timing = 5,       ///< an elector was told to work with leases that cannot be kept, or that last too long
  unsound_layout = 6,       ///< an elector was told to wish for a layout that cannot be
  shared_file_system = 7,   ///< a store of one host was told to work on a file system that machines share
};

/// What several error codes have in common, to be compared with: `code == condition::write_refused`. Append only.
enum class condition : std::uint8_t {
  none = 0,
  write_refused = 1,  ///< a store has certainly not written, and will not: told by categories of stores that can tell
};

/// The category of isat::error. Categories are told apart by a number, for a shared library may have its own copies.
class ISAT_API error_category final : public boost::system::error_category {
 public:
  constexpr error_category() noexcept : boost::system::error_category{0x6a80513901efa472} {}
  const char* name() const noexcept override { return "isat"; }
  ISAT_INLINE std::string message(int value) const override;
};

/// An error_code that holds `value`.
ISAT_API error_code make_error_code(error value) noexcept;

/// The category of isat::condition; error codes of other categories say themselves whether they are equivalent.
class ISAT_API condition_category final : public boost::system::error_category {
 public:
  constexpr condition_category() noexcept : boost::system::error_category{0xb7f6ab830448e03a} {}
  const char* name() const noexcept override { return "isat.condition"; }
  ISAT_INLINE std::string message(int value) const override;
};

/// An error_condition that holds `value`.
ISAT_API boost::system::error_condition make_error_condition(condition value) noexcept;

}  // namespace isat::inline v0

template <>
struct boost::system::is_error_code_enum<isat::error> : std::true_type {};

template <>
struct boost::system::is_error_condition_enum<isat::condition> : std::true_type {};

#if ISAT_HEADER_ONLY
#include "isat/impl/error.ipp"
#endif
