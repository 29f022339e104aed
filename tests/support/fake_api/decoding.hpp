// SPDX-License-Identifier: BSL-1.0

// Makes an object of a body as the real server reads it: the kind must be the expected one, fields of wrong types are
// refused with 400, fields that a Lease does not have are dropped, times are told in UTC, nulls and empty maps vanish,
// and what the server fills in is filled in. It refuses to judge values; that is validation.hpp's business.
#pragma once

#include "fake_api/status.hpp"

#include <string>
#include <string_view>
#include <variant>

namespace isat::test::fake_api {

/// An object, or a Status that says why there is none.
struct decoded {
  json::object object;
  json::object refusal;  ///< empty: none

  bool refused() const noexcept { return !refusal.empty(); }
};

/// Reads the body of a POST or PUT.
decoded decode(const resource_kind& kind, std::string_view body);

/// Checks types and tidies what was parsed already; says what is wrong, empty: nothing.
std::string normalize(const resource_kind& kind, json::object& object);

/// What the server adds to a new or changed object.
void fill_in(const resource_kind& kind, json::object& object);

/// Applies a JSON merge patch (RFC 7396).
void merge(json::value& target, const json::value& patch);

}  // namespace isat::test::fake_api
