// SPDX-License-Identifier: BSL-1.0

// Who asks and may do what, as an API server sees it: bearer tokens, client certificates, and a predicate in place of
// RBAC. It refuses to read requests; the router asks it.
#pragma once

#include "fake_api/status.hpp"
#include "fake_api/target.hpp"

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace isat::test::fake_api {

/// A user.
struct identity {
  std::string user;
  std::vector<std::string> groups;
};

/// What somebody wants to do.
struct attributes {
  std::string user;
  std::vector<std::string> groups;
  std::string verb;      ///< get, list, watch, create, update, patch, delete, deletecollection; of other paths: get, …
  std::string group;     ///< of the resource; empty: core
  std::string resource;  ///< "leases", "services/status"; empty: a path that is no resource
  std::string name_space;
  std::string name;
  std::string path;
};

class access {
 public:
  /// Bearer tokens and whose they are; may be changed at any time.
  std::map<std::string, identity> tokens{{"admin-token", {"admin", {"system:masters"}}}};
  /// Whether somebody who is known may do something; none: everything.
  std::function<bool(const attributes&)> allows;

  /// @param authorization the header of that name, may be empty
  /// @param certificate who a client certificate is for @param certificate_refused it was not good
  /// @return nothing: 401
  std::optional<identity> identify(std::string_view authorization, const std::optional<identity>& certificate,
                                   bool certificate_refused) const;

  /// @return a Status 403; empty: it may be done
  json::object refusal(const attributes& wish, const resource_kind* kind) const;
};

/// What a request wants to do, without its user.
attributes wish_of(std::string_view method, const target& where);

}  // namespace isat::test::fake_api
