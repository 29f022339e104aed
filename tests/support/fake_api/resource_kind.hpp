// SPDX-License-Identifier: BSL-1.0

// The kinds of objects that the fake API server knows, and how the real server treats each: where it lies, whether a
// PUT may create it or go without a version. A table; nothing else in the fake names a kind unless it checks content.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace isat::test::fake_api {

struct resource_kind {
  std::string_view group;  ///< empty: core
  std::string_view plural;
  std::string_view kind;
  std::string_view short_name;
  bool namespaced;
  bool has_status;     ///< /NAME/status is there, and keeps status and the rest apart
  bool put_creates;    ///< a PUT of what is not there creates it
  bool put_unguarded;  ///< a PUT may leave out resourceVersion
  bool counted;        ///< metadata.generation is kept

  std::string api_version() const { return group.empty() ? "v1" : std::string{group} + "/v1"; }
  /// As messages have it: "leases.coordination.k8s.io", "nodes".
  std::string qualified_plural() const { return qualified(plural); }
  std::string qualified_kind() const { return qualified(kind); }

 private:
  std::string qualified(std::string_view name) const {
    return group.empty() ? std::string{name} : std::string{name} + "." + std::string{group};
  }
};

/// All there are; the addresses of the elements are good for ever.
std::span<const resource_kind> resource_kinds() noexcept;

/// @return nullptr: there is none
const resource_kind* find_kind(std::string_view group, std::string_view plural) noexcept;

/// By apiVersion and kind, as an object names them. @return nullptr: there is none
const resource_kind* find_kind_of(std::string_view api_version, std::string_view kind) noexcept;

}  // namespace isat::test::fake_api
