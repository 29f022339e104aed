// SPDX-License-Identifier: BSL-1.0
#include "fake_api/validation.hpp"

#include <fmt/format.h>

#include <cstddef>
#include <cstdint>
#include <string>

namespace isat::test::fake_api {

namespace {

constexpr std::string_view name_part =
    "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric "
    "character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is "
    "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
constexpr std::string_view qualified_name =
    "a qualified name must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an "
    "alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is "
    "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]') with an optional DNS subdomain prefix and '/' (e.g. "
    "'example.com/MyName')";
constexpr std::string_view label_value =
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and "
    "end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is "
    "'(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
constexpr std::string_view subdomain =
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and "
    "end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
constexpr std::string_view prefix_part =
    "prefix part a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and "
    "must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
constexpr std::size_t annotations_max = std::size_t{256} << 10U;

bool is_lower(char each) { return (each >= 'a' && each <= 'z') || (each >= '0' && each <= '9'); }
bool is_alphanumeric(char each) { return is_lower(each) || (each >= 'A' && each <= 'Z'); }

bool is_word(std::string_view text) {  // ([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]
  if (text.empty() || !is_alphanumeric(text.front()) || !is_alphanumeric(text.back())) return false;
  for (const char each : text) {
    if (!is_alphanumeric(each) && each != '-' && each != '_' && each != '.') return false;
  }
  return true;
}

bool is_subdomain(std::string_view text) {
  char before = '.';
  for (const char each : text) {
    if (!is_lower(each) && each != '-' && each != '.') return false;
    if (!is_lower(each) && !is_lower(before) && (each == '.' || before == '.')) return false;
    before = each;
  }
  return !text.empty() && is_lower(text.front()) && is_lower(text.back());
}

const json::object* map_in(const json::object& object, const char* name) {
  const auto* value = object.at("metadata").get_object().if_contains(name);
  return value == nullptr ? nullptr : value->if_object();
}

void add(std::vector<field_cause>& to, std::string field, std::string_view value, std::string_view why) {
  to.push_back({std::move(field), "FieldValueInvalid", fmt::format("Invalid value: \"{}\": {}", value, why)});
}

void check_metadata(std::vector<field_cause>& to, const resource_kind& kind, const json::object& object) {
  const auto name = metadata_text(object, "name");
  if (name.empty()) {
    to.push_back({"metadata.name", "FieldValueRequired", "Required value: name or generateName is required"});
  } else if (name.size() > 253) {
    add(to, "metadata.name", name, "must be no more than 253 characters");
  } else if (!is_subdomain(name)) {
    add(to, "metadata.name", name, subdomain);
  }
  if (kind.namespaced && metadata_text(object, "namespace").empty()) {
    to.push_back({"metadata.namespace", "FieldValueRequired", "Required value"});
  }
  if (const auto* labels = map_in(object, "labels")) {
    for (const auto& [key, value] : *labels) {
      for (const auto why : faults_of_qualified_name(key)) add(to, "metadata.labels", key, why);
      const std::string_view text = value.get_string();
      if (text.size() > 63) add(to, "metadata.labels", text, "must be no more than 63 characters");
      if (!text.empty() && !is_word(text)) add(to, "metadata.labels", text, label_value);
    }
  }
  if (const auto* annotations = map_in(object, "annotations")) {
    std::size_t size = 0;
    for (const auto& [key, value] : *annotations) {
      std::string lowered{key};
      for (char& each : lowered) each = each >= 'A' && each <= 'Z' ? static_cast<char>(each - 'A' + 'a') : each;
      for (const auto why : faults_of_qualified_name(lowered)) add(to, "metadata.annotations", key, why);
      size += key.size() + value.get_string().size();
    }
    if (size > annotations_max) {
      to.push_back({"metadata.annotations", "FieldValueTooLong", "Too long: may not be more than 262144 bytes"});
    }
  }
}

void check_lease(std::vector<field_cause>& to, const json::object& object) {
  const auto* spec = object.contains("spec") ? object.at("spec").if_object() : nullptr;
  if (spec == nullptr) return;
  const auto number = [spec](const char* name) -> std::int64_t {
    const auto* value = spec->if_contains(name);
    return value == nullptr ? 1 : value->to_number<std::int64_t>();
  };
  const auto refuse = [&to](const char* field, std::int64_t value, const char* why) {
    to.push_back({field, "FieldValueInvalid", fmt::format("Invalid value: {}: must be greater than {}", value, why)});
  };
  if (const auto value = number("leaseDurationSeconds"); value <= 0) refuse("spec.leaseDurationSeconds", value, "0");
  if (const auto value = number("leaseTransitions"); value < 0) {
    refuse("spec.leaseTransitions", value, "or equal to 0");
  }
}

std::string_view text_in(const json::object& object, const char* name) {
  const auto* value = object.if_contains(name);
  return value != nullptr && value->is_string() ? std::string_view{value->get_string()} : std::string_view{};
}

void check_event(std::vector<field_cause>& to, const json::object& object) {
  const auto require = [&](const char* field) {
    if (text_in(object, field).empty()) to.push_back({field, "FieldValueRequired", "Required value"});
  };
  require("eventTime");
  require("reportingController");
  require("reportingInstance");
  require("action");
  require("reason");
  if (text_in(object, "reason").size() > 128) {
    to.push_back({"reason", "FieldValueInvalid", "Invalid value: \"\": can have at most 128 characters"});
  }
  if (text_in(object, "note").size() > 1024) {
    to.push_back({"message", "FieldValueInvalid", "Invalid value: \"\": can have at most 1024 characters"});
  }
}

void check_service(std::vector<field_cause>& to, const json::object& object) {
  const auto* status = object.contains("status") ? object.at("status").if_object() : nullptr;
  const auto* balancer = status != nullptr && status->contains("loadBalancer") ? &status->at("loadBalancer") : nullptr;
  const bool has_ingress = balancer != nullptr && balancer->is_object() && balancer->get_object().contains("ingress");
  const auto* spec = object.contains("spec") ? object.at("spec").if_object() : nullptr;
  if (has_ingress && (spec == nullptr || text_in(*spec, "type") != "LoadBalancer")) {
    to.push_back({"status.loadBalancer.ingress", "FieldValueForbidden",
                  "Forbidden: may only be used when `spec.type` is 'LoadBalancer'"});
  }
}

}  // namespace

std::vector<std::string_view> faults_of_qualified_name(std::string_view key) {
  std::vector<std::string_view> made;
  std::string_view name = key;
  if (const auto slash = key.find('/'); slash != std::string_view::npos) {
    const auto prefix = key.substr(0, slash);
    name = key.substr(slash + 1);
    if (name.find('/') != std::string_view::npos) return {qualified_name};
    if (prefix.empty()) {
      made.push_back("prefix part must be non-empty");
    } else if (!is_subdomain(prefix)) {
      made.push_back(prefix_part);
    }
  }
  if (name.empty()) made.push_back("name part must be non-empty");
  if (name.size() > 63) made.push_back("name part must be no more than 63 characters");
  if (!is_word(name)) made.push_back(name_part);
  return made;
}

std::vector<field_cause> causes_against(const resource_kind& kind, const json::object& object) {
  std::vector<field_cause> made;
  check_metadata(made, kind, object);
  if (kind.kind == "Lease") check_lease(made, object);
  if (kind.kind == "Event") check_event(made, object);
  if (kind.kind == "Service") check_service(made, object);
  return made;
}

}  // namespace isat::test::fake_api
