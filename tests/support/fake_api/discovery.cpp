// SPDX-License-Identifier: BSL-1.0
#include "fake_api/discovery.hpp"

#include <array>
#include <string>
#include <string_view>
#include <utility>

namespace isat::test::fake_api {

namespace {

constexpr std::array<std::string_view, 3> groups{"coordination.k8s.io", "discovery.k8s.io", "events.k8s.io"};

json::string_view as_json(std::string_view text) { return {text.data(), text.size()}; }

answer plain(unsigned status, std::string body) {
  answer made;
  made.status = status;
  made.content_type = "text/plain; charset=utf-8";
  made.body = std::move(body);
  return made;
}

json::object group_object(std::string_view name) {
  json::object version{{"groupVersion", std::string{name} + "/v1"}, {"version", "v1"}};
  return {{"name", as_json(name)}, {"versions", json::array{version}}, {"preferredVersion", version}};
}

json::object group_list() {
  json::array listed;
  for (const auto each : groups) listed.push_back(group_object(each));
  return {{"kind", "APIGroupList"}, {"apiVersion", "v1"}, {"groups", std::move(listed)}};
}

json::object resource_list(std::string_view group) {
  json::array listed;
  std::string version;
  for (const auto& each : resource_kinds()) {
    if (each.group != group) continue;
    version = each.api_version();
    json::object made{{"name", as_json(each.plural)}, {"namespaced", each.namespaced}, {"kind", as_json(each.kind)}};
    std::string singular{each.kind};
    for (char& letter : singular) letter = letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter + 32) : letter;
    made["singularName"] = singular;
    made["verbs"] = {"create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"};
    if (!each.short_name.empty()) made["shortNames"] = json::array{as_json(each.short_name)};
    listed.push_back(made);
    if (!each.has_status) continue;
    made["name"] = std::string{each.plural} + "/status";
    made["singularName"] = "";
    made["verbs"] = {"get", "patch", "update"};
    made.erase("shortNames");
    listed.push_back(std::move(made));
  }
  return {
      {"kind", "APIResourceList"}, {"apiVersion", "v1"}, {"groupVersion", version}, {"resources", std::move(listed)}};
}

json::object version_object() {
  return {{"major", "1"},    {"minor", "34"},      {"gitVersion", "v1.34.0-fake"},
          {"gitCommit", ""}, {"gitTreeState", ""}, {"buildDate", ""},
          {"goVersion", ""}, {"compiler", ""},     {"platform", "linux/amd64"}};
}

}  // namespace

answer discover(const target& where) {
  const auto& path = where.path;
  if (path == "/readyz" || path == "/livez" || path == "/healthz") return plain(200, "ok");
  if (path == "/version" || path == "/version/") return answer_of(200, version_object());
  if (path == "/api") {
    return answer_of(200,
                     {{"kind", "APIVersions"}, {"versions", {"v1"}}, {"serverAddressByClientCIDRs", json::array{}}});
  }
  if (path == "/apis") return answer_of(200, group_list());
  if (path == "/api/v1") return answer_of(200, resource_list(""));
  for (const auto group : groups) {
    const auto base = "/apis/" + std::string{group};
    if (path == base) {
      auto made = group_object(group);
      made["kind"] = "APIGroup";
      made["apiVersion"] = "v1";
      return answer_of(200, made);
    }
    if (path == base + "/v1") return answer_of(200, resource_list(group));
    if (path.starts_with(base + "/v1/")) {
      return answer_of(failure(404, "NotFound", "the server could not find the requested resource", json::object{}));
    }
  }
  if (path.starts_with("/api/v1/")) {
    return answer_of(failure(404, "NotFound", "the server could not find the requested resource", json::object{}));
  }
  return plain(404, "404 page not found\n");
}

}  // namespace isat::test::fake_api
