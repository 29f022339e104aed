// SPDX-License-Identifier: BSL-1.0

// Members of JSON objects by name, where what others sent may lack them or have them of another type: then they are
// empty. It refuses to convert.
#pragma once

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <cstdint>
#include <string_view>

namespace isat::inline v0::kubernetes::detail {

inline const boost::json::object& object_in(const boost::json::object& of, std::string_view key) noexcept {
  static const boost::json::object none;
  const boost::json::value* found = of.if_contains(key);
  return found != nullptr && found->is_object() ? found->get_object() : none;
}

/// The text is of's.
inline std::string_view text_in(const boost::json::object& of, std::string_view key) noexcept {
  const boost::json::value* found = of.if_contains(key);
  return found != nullptr && found->is_string() ? std::string_view{found->get_string()} : std::string_view{};
}

inline std::int64_t number_in(const boost::json::object& of, std::string_view key) noexcept {
  const boost::json::value* found = of.if_contains(key);
  return found != nullptr && found->is_int64() ? found->get_int64() : 0;
}

}  // namespace isat::inline v0::kubernetes::detail
