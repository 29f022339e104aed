// SPDX-License-Identifier: BSL-1.0

// What an API server answers when it does not answer with an object: Status objects with the codes, reasons and
// messages of the real server. Values; who refuses what is decided elsewhere.
#pragma once

#include "fake_api/object_store.hpp"
#include "fake_api/resource_kind.hpp"

#include <boost/json.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace isat::test::fake_api {

/// What goes back to a client, unless it is a watch.
struct answer {
  unsigned status = 200;
  std::string body;
  std::string content_type = "application/json";
  std::vector<std::pair<std::string, std::string>> headers;
};

/// Why a field is refused.
struct field_cause {
  std::string field;
  std::string reason;  ///< FieldValueInvalid, FieldValueRequired, …
  std::string message;
};

/// A Status that says no. Empty reason or details are left out.
json::object failure(unsigned code, std::string_view reason, std::string message);
json::object failure(unsigned code, std::string_view reason, std::string message, json::object details);

/// {name, group, kind} as the details of a Status; what is empty is left out.
json::object details_of(const resource_kind& kind, std::string_view name);

json::object bad_request(std::string message);
json::object not_found(const resource_kind& kind, std::string_view name);
json::object already_exists(const resource_kind& kind, std::string_view name);
/// @param why after "Operation cannot be fulfilled on leases.coordination.k8s.io "x": "
json::object conflict(const resource_kind& kind, std::string_view name, std::string_view why);
json::object modified_since(const resource_kind& kind, std::string_view name);
/// `named`: as kind in details and message, for the real server is not of one mind there.
json::object invalid(const resource_kind& kind, std::string_view name, const std::vector<field_cause>& causes,
                     bool named_as_resource = false);
json::object expired(std::uint64_t asked, std::uint64_t oldest);
json::object too_large_version(std::uint64_t asked, std::uint64_t current);

/// As an answer.
answer answer_of(const json::object& status);
answer answer_of(unsigned code, const json::object& object);

}  // namespace isat::test::fake_api
