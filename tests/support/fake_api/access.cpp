// SPDX-License-Identifier: BSL-1.0
#include "fake_api/access.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace isat::test::fake_api {

namespace {

constexpr std::string_view anonymous = "system:anonymous";

std::string verb_of(std::string_view method, const target& where) {
  if (where.kind == nullptr) {
    std::string lowered{method};
    for (char& each : lowered) each = each >= 'A' && each <= 'Z' ? static_cast<char>(each - 'A' + 'a') : each;
    return lowered;
  }
  if (method == "GET" || method == "HEAD") {
    if (where.flag("watch")) return "watch";
    return where.name.empty() ? "list" : "get";
  }
  if (method == "POST") return "create";
  if (method == "PUT") return "update";
  if (method == "PATCH") return "patch";
  if (method == "DELETE") return where.name.empty() ? "deletecollection" : "delete";
  return std::string{method};
}

}  // namespace

std::optional<identity> access::identify(std::string_view authorization, const std::optional<identity>& certificate,
                                         bool certificate_refused) const {
  constexpr std::string_view scheme = "Bearer ";
  if (authorization.starts_with(scheme)) {
    const auto found = tokens.find(std::string{authorization.substr(scheme.size())});
    if (found != tokens.end()) return found->second;
    return certificate;
  }
  if (certificate || certificate_refused) return certificate;
  return identity{std::string{anonymous}, {"system:unauthenticated"}};
}

json::object access::refusal(const attributes& wish, const resource_kind* kind) const {
  static constexpr std::array<std::string_view, 6> open{"/readyz", "/livez", "/healthz", "/version", "/version/", "/"};
  if (kind == nullptr && std::ranges::find(open, wish.path) != open.end()) return {};
  if (wish.user != anonymous && (!allows || allows(wish))) return {};
  if (kind == nullptr) {
    return failure(403, "Forbidden",
                   fmt::format("forbidden: User \"{}\" cannot {} path \"{}\"", wish.user, wish.verb, wish.path),
                   json::object{});
  }
  const auto subject =
      wish.name.empty() ? kind->qualified_plural() : fmt::format("{} \"{}\"", kind->qualified_plural(), wish.name);
  const auto scope = wish.name_space.empty() ? std::string{"at the cluster scope"}
                                             : fmt::format("in the namespace \"{}\"", wish.name_space);
  auto message = fmt::format("{} is forbidden: User \"{}\" cannot {} resource \"{}\" in API group \"{}\" {}", subject,
                             wish.user, wish.verb, wish.resource, wish.group, scope);
  return failure(403, "Forbidden", std::move(message), details_of(*kind, wish.name));
}

attributes wish_of(std::string_view method, const target& where) {
  attributes made;
  made.verb = verb_of(method, where);
  made.path = where.path;
  if (where.kind == nullptr) return made;
  made.group = std::string{where.kind->group};
  made.resource = std::string{where.kind->plural};
  if (!where.subresource.empty()) made.resource += "/" + where.subresource;
  made.name_space = where.name_space;
  made.name = where.name;
  constexpr std::string_view by_name = "metadata.name=";
  const auto fields = where.parameter("fieldSelector");
  if (made.name.empty() && fields.starts_with(by_name)) made.name = fields.substr(by_name.size());
  return made;
}

}  // namespace isat::test::fake_api
