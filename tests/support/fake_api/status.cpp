// SPDX-License-Identifier: BSL-1.0
#include "fake_api/status.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace isat::test::fake_api {

json::object failure(unsigned code, std::string_view reason, std::string message) {
  json::object made{{"kind", "Status"}, {"apiVersion", "v1"}, {"metadata", json::object{}}, {"status", "Failure"}};
  made["message"] = std::move(message);
  if (!reason.empty()) made["reason"] = json::string_view{reason.data(), reason.size()};
  made["code"] = code;
  return made;
}

json::object failure(unsigned code, std::string_view reason, std::string message, json::object details) {
  auto made = failure(code, reason, std::move(message));
  made["details"] = std::move(details);
  return made;
}

json::object details_of(const resource_kind& kind, std::string_view name) {
  json::object made;
  if (!name.empty()) made["name"] = json::string_view{name.data(), name.size()};
  if (!kind.group.empty()) made["group"] = json::string_view{kind.group.data(), kind.group.size()};
  made["kind"] = json::string_view{kind.plural.data(), kind.plural.size()};
  return made;
}

json::object bad_request(std::string message) { return failure(400, "BadRequest", std::move(message)); }

json::object not_found(const resource_kind& kind, std::string_view name) {
  return failure(404, "NotFound", fmt::format("{} \"{}\" not found", kind.qualified_plural(), name),
                 details_of(kind, name));
}

json::object already_exists(const resource_kind& kind, std::string_view name) {
  return failure(409, "AlreadyExists", fmt::format("{} \"{}\" already exists", kind.qualified_plural(), name),
                 details_of(kind, name));
}

json::object conflict(const resource_kind& kind, std::string_view name, std::string_view why) {
  auto message = fmt::format("Operation cannot be fulfilled on {} \"{}\": {}", kind.qualified_plural(), name, why);
  return failure(409, "Conflict", std::move(message), details_of(kind, name));
}

json::object modified_since(const resource_kind& kind, std::string_view name) {
  return conflict(kind, name,
                  "the object has been modified; please apply your changes to the latest version and try again");
}

json::object invalid(const resource_kind& kind, std::string_view name, const std::vector<field_cause>& causes,
                     bool named_as_resource) {
  std::vector<std::string> texts;
  json::array listed;
  for (const auto& each : causes) {
    auto text = fmt::format("{}: {}", each.field, each.message);
    if (std::ranges::find(texts, text) == texts.end()) texts.push_back(std::move(text));
    listed.push_back(json::object{{"reason", each.reason}, {"message", each.message}, {"field", each.field}});
  }
  const bool is_core = kind.kind == "Event";  // the real server takes events for those of the core group here
  auto details = details_of(kind, name);
  if (is_core) details.erase("group");
  if (!named_as_resource) details["kind"] = json::string_view{kind.kind.data(), kind.kind.size()};
  details["causes"] = std::move(listed);
  const auto joined = fmt::format("{}", fmt::join(texts, ", "));
  const auto named = is_core ? std::string{kind.kind} : kind.qualified_kind();
  auto message = fmt::format("{} \"{}\" is invalid: {}", named_as_resource ? kind.qualified_plural() : named, name,
                             texts.size() == 1 ? joined : "[" + joined + "]");
  return failure(422, "Invalid", std::move(message), std::move(details));
}

json::object expired(std::uint64_t asked, std::uint64_t oldest) {
  return failure(410, "Expired", fmt::format("too old resource version: {} ({})", asked, oldest));
}

json::object too_large_version(std::uint64_t asked, std::uint64_t current) {
  json::object cause{{"reason", "ResourceVersionTooLarge"}, {"message", "Too large resource version"}};
  json::object details{{"causes", json::array{std::move(cause)}}, {"retryAfterSeconds", 1}};
  auto message = fmt::format("Timeout: Too large resource version: {}, current: {}", asked, current);
  return failure(504, "Timeout", std::move(message), std::move(details));
}

answer answer_of(const json::object& status) {
  return answer_of(static_cast<unsigned>(status.at("code").to_number<int>()), status);
}

answer answer_of(unsigned code, const json::object& object) {
  answer made;
  made.status = code;
  made.body = json::serialize(object) + "\n";
  return made;
}

}  // namespace isat::test::fake_api
