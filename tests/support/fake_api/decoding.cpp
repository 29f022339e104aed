// SPDX-License-Identifier: BSL-1.0
#include "fake_api/decoding.hpp"
#include "fake_api/micro_time.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <utility>

namespace isat::test::fake_api {

namespace {

std::string_view text_in(const json::object& object, const char* name) {
  const auto* value = object.if_contains(name);
  return value != nullptr && value->is_string() ? std::string_view{value->get_string()} : std::string_view{};
}

std::string_view word_for(const json::value& value) {
  switch (value.kind()) {
    case json::kind::null:
      return "null";
    case json::kind::bool_:
      return "bool";
    case json::kind::int64:
    case json::kind::uint64:
    case json::kind::double_:
      return "number";
    case json::kind::string:
      return "string";
    case json::kind::array:
      return "array";
    case json::kind::object:
      return "object";
  }
  return "value";
}

std::string mismatch(const json::value& value, std::string_view field, std::string_view type) {
  auto seen = std::string{word_for(value)};
  if (value.is_number() && type == "int32") seen += " " + json::serialize(value);
  if (value.is_double()) seen = fmt::format("number {}", value.get_double());
  return fmt::format("json: cannot unmarshal {} into Go struct field {} of type {}", seen, field, type);
}

/// Nulls are as if they were not there; so are empty maps of metadata.
void drop_nulls(json::object& object) {
  for (auto each = object.begin(); each != object.end();) {
    each = each->value().is_null() ? object.erase(each) : each + 1;
  }
}

std::string check_metadata(json::object& metadata) {
  static constexpr std::array texts{"name", "generateName", "namespace", "uid", "resourceVersion"};
  metadata.erase("managedFields");
  metadata.erase("selfLink");
  drop_nulls(metadata);
  for (const char* each : texts) {
    const auto* value = metadata.if_contains(each);
    if (value == nullptr) continue;
    if (!value->is_string()) return mismatch(*value, fmt::format("ObjectMeta.metadata.{}", each), "string");
    if (value->get_string().empty()) metadata.erase(each);
  }
  for (const char* each : {"labels", "annotations"}) {
    auto* value = metadata.if_contains(each);
    if (value == nullptr) continue;
    const auto field = fmt::format("ObjectMeta.metadata.{}", each);
    if (!value->is_object()) return mismatch(*value, field, "map[string]string");
    for (auto& [key, text] : value->get_object()) {
      if (text.is_null()) text = "";
      if (!text.is_string()) return mismatch(text, field, "string");
    }
    if (value->get_object().empty()) metadata.erase(each);
  }
  return {};
}

std::string check_time(json::object& in, const char* name, std::string_view field) {
  auto* value = in.if_contains(name);
  if (value == nullptr) return {};
  if (!value->is_string()) return mismatch(*value, field, "string");
  auto read = read_micro_time(value->get_string());
  if (!read.failure.empty()) return read.failure;
  *value = read.utc;
  return {};
}

std::string check_number(const json::object& in, const char* name) {
  const auto* value = in.if_contains(name);
  if (value == nullptr) return {};
  const auto refused = mismatch(*value, fmt::format("LeaseSpec.spec.{}", name), "int32");
  if (!value->is_int64()) return refused;
  const auto number = value->get_int64();
  const bool fits =
      number >= std::numeric_limits<std::int32_t>::min() && number <= std::numeric_limits<std::int32_t>::max();
  return fits ? std::string{} : refused;
}

std::string check_lease(json::object& object) {
  auto& spec = object["spec"];
  if (spec.is_null()) spec.emplace_object();
  if (!spec.is_object()) return mismatch(spec, "Lease.spec", "v1.LeaseSpec");
  auto& fields = spec.get_object();
  drop_nulls(fields);
  if (const auto* holder = fields.if_contains("holderIdentity"); holder != nullptr && !holder->is_string()) {
    return mismatch(*holder, "LeaseSpec.spec.holderIdentity", "string");
  }
  for (const char* each : {"leaseDurationSeconds", "leaseTransitions"}) {
    if (auto wrong = check_number(fields, each); !wrong.empty()) return wrong;
  }
  json::object kept;
  for (const char* each : {"acquireTime", "renewTime"}) {
    if (auto wrong = check_time(fields, each, "LeaseSpec.spec"); !wrong.empty()) return wrong;
  }
  for (const char* each : {"holderIdentity", "leaseDurationSeconds", "acquireTime", "renewTime", "leaseTransitions"}) {
    if (const auto* value = fields.if_contains(each)) kept[each] = *value;
  }
  spec = std::move(kept);
  return {};
}

void fill_in_ports(json::object& spec) {
  static int next_port = 30000;
  auto* ports = spec.if_contains("ports");
  if (ports == nullptr || !ports->is_array()) return;
  const auto* allocate = spec.if_contains("allocateLoadBalancerNodePorts");
  for (auto& each : ports->get_array()) {
    if (!each.is_object()) continue;
    auto& port = each.get_object();
    if (!port.contains("protocol")) port["protocol"] = "TCP";
    if (!port.contains("targetPort")) {
      json::value number = port["port"];
      port["targetPort"] = std::move(number);
    }
    if (allocate != nullptr && *allocate == true && !port.contains("nodePort")) port["nodePort"] = next_port++;
  }
}

void fill_in_spec(json::object& spec) {
  static int next_address = 10;
  const auto set_default = [&spec](const char* name, json::value value) {
    if (!spec.contains(name)) spec[name] = std::move(value);
  };
  set_default("type", "ClusterIP");
  if (!spec.contains("clusterIP")) {
    spec["clusterIP"] = fmt::format("10.0.{}.{}", next_address / 250, next_address % 250);
    ++next_address;
  }
  set_default("clusterIPs", json::array{spec["clusterIP"]});
  set_default("ipFamilies", json::array{"IPv4"});
  set_default("ipFamilyPolicy", "SingleStack");
  set_default("sessionAffinity", "None");
  set_default("internalTrafficPolicy", "Cluster");
  if (spec["type"] == "LoadBalancer") {
    set_default("externalTrafficPolicy", "Cluster");
    set_default("allocateLoadBalancerNodePorts", true);
  }
  fill_in_ports(spec);
}

void fill_in_service(json::object& object) {
  auto& spec = object["spec"];
  if (!spec.is_object()) spec.emplace_object();
  fill_in_spec(spec.get_object());
  auto& status = object["status"];
  if (!status.is_object()) status.emplace_object();
  auto& balancer = status.get_object()["loadBalancer"];
  if (!balancer.is_object()) balancer.emplace_object();
  auto* ingress = balancer.get_object().if_contains("ingress");
  if (ingress == nullptr || !ingress->is_array() || ingress->get_array().empty()) {
    balancer.get_object().erase("ingress");
    return;
  }
  for (auto& each : ingress->get_array()) {
    if (each.is_object() && each.get_object().contains("ip") && !each.get_object().contains("ipMode")) {
      each.get_object()["ipMode"] = "VIP";
    }
  }
}

void fill_in_event(json::object& object) {
  for (const char* each : {"deprecatedFirstTimestamp", "deprecatedLastTimestamp"}) {
    if (!object.contains(each)) object[each] = nullptr;
  }
  if (!object.contains("deprecatedSource")) object["deprecatedSource"] = json::object{};
}

}  // namespace

std::string normalize(const resource_kind& kind, json::object& object) {
  auto& metadata = object["metadata"];
  if (metadata.is_null()) metadata.emplace_object();
  if (!metadata.is_object()) return mismatch(metadata, fmt::format("{}.metadata", kind.kind), "v1.ObjectMeta");
  if (auto wrong = check_metadata(metadata.get_object()); !wrong.empty()) return wrong;
  if (kind.kind == "Lease") {
    if (auto wrong = check_lease(object); !wrong.empty()) return wrong;
    for (auto each = object.begin(); each != object.end();) {  // a Lease has no other fields
      static constexpr std::array<std::string_view, 4> known{"apiVersion", "kind", "metadata", "spec"};
      each = std::ranges::count(known, std::string_view{each->key()}) == 0 ? object.erase(each) : each + 1;
    }
  }
  if (kind.kind == "Event") {
    drop_nulls(object);
    if (auto wrong = check_time(object, "eventTime", "Event.eventTime"); !wrong.empty()) return wrong;
  }
  object["apiVersion"] = kind.api_version();
  object["kind"] = json::string_view{kind.kind.data(), kind.kind.size()};
  return {};
}

void fill_in(const resource_kind& kind, json::object& object) {
  if (kind.kind == "Service") fill_in_service(object);
  if (kind.kind == "Event") fill_in_event(object);
  if (kind.kind == "Namespace") object["status"] = json::object{{"phase", "Active"}};
  if (kind.kind == "Node" || kind.kind == "Namespace") {
    for (const char* each : {"spec", "status"}) {
      if (auto& part = object[each]; !part.is_object()) part.emplace_object();
    }
  }
}

decoded decode(const resource_kind& kind, std::string_view body) {
  json::error_code error;
  auto value = json::parse(json::string_view{body.data(), body.size()}, error);
  if (error || !value.is_object()) {
    auto message = fmt::format(
        "the object provided is unrecognized (must be of type {}): couldn't get version/kind; json parse error: "
        "unexpected end of JSON input ({})",
        kind.kind, body.empty() ? "<empty>" : body);
    return {{}, bad_request(std::move(message))};
  }
  auto& object = value.get_object();
  auto version = std::string{text_in(object, "apiVersion")};
  auto name = std::string{text_in(object, "kind")};
  if (version.empty()) version = kind.api_version();
  if (name.empty()) name = std::string{kind.kind};
  std::string wrong;
  if (version != kind.api_version() || name != kind.kind) {
    wrong = fmt::format("no kind \"{}\" is registered for version \"{}\" in scheme \"pkg/runtime/scheme.go:110\"", name,
                        version);
  } else {
    wrong = normalize(kind, object);
  }
  if (!wrong.empty()) {
    const auto short_version = version.substr(version.find('/') + 1);
    auto message =
        fmt::format("{} in version \"{}\" cannot be handled as a {}: {}", name, short_version, kind.kind, wrong);
    return {{}, bad_request(std::move(message))};
  }
  return {std::move(object), {}};
}

void merge(json::value& target, const json::value& patch) {
  if (!patch.is_object()) {
    target = patch;
    return;
  }
  if (!target.is_object()) target.emplace_object();
  for (const auto& [key, value] : patch.get_object()) {
    if (value.is_null()) {
      target.get_object().erase(key);
    } else {
      merge(target.get_object()[key], value);
    }
  }
}

}  // namespace isat::test::fake_api
