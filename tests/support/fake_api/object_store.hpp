// SPDX-License-Identifier: BSL-1.0

// What a fake API server keeps, and what etcd would: objects by kind, namespace and name, one version counter for all,
// and what changed at which version, from which watches, lists of old versions and a lagging cache are served. It
// refuses to know HTTP, permissions, and whether an object is valid.
#pragma once

#include "fake_api/resource_kind.hpp"

#include <boost/json.hpp>

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

namespace isat::test::fake_api {

namespace json = boost::json;

/// Where an object lies; the namespace is empty for kinds that have none.
struct object_key {
  const resource_kind* kind{};
  std::string name_space;
  std::string name;

  friend bool operator<(const object_key& left, const object_key& right) {
    return std::tie(left.kind, left.name_space, left.name) < std::tie(right.kind, right.name_space, right.name);
  }
};

using object_pointer = std::shared_ptr<const json::object>;

/// One write: `before` is null when the object was created by it, `after` when it was removed.
struct object_change {
  std::uint64_t version{};
  object_key key;
  object_pointer before;
  object_pointer after;
};

class object_store {
 public:
  using objects = std::map<object_key, object_pointer>;

  /// The version of the most recent write.
  std::uint64_t version() const noexcept { return version_; }
  /// Versions below this one are forgotten.
  std::uint64_t oldest() const noexcept { return oldest_; }

  /// @return null: it is not there
  object_pointer find(const object_key& key) const;
  const objects& all() const noexcept { return objects_; }
  /// All objects as they were. @return nothing: that version is forgotten
  std::optional<objects> at(std::uint64_t version) const;
  /// What was written after `version`, oldest first. `version` must not be forgotten.
  std::vector<object_change> since(std::uint64_t version) const;

  /// Creates or replaces: gives it uid and creationTimestamp if it is new, and the next resourceVersion.
  object_pointer write(const object_key& key, json::object object);
  /// @return the object as it was, with the version of its removal; null: it was not there
  object_pointer remove(const object_key& key);

  /// For tests: writes an object that names apiVersion, kind, name and perhaps a namespace ("default"), unchecked; a
  /// namespace that is missing is made.
  object_pointer put(json::object object);
  object_pointer put(std::string_view text);
  /// For tests: an object of that kind by plural name; null: it is not there
  object_pointer get(std::string_view plural, std::string_view name_space, std::string_view name) const;
  /// For tests: removes one by plural name.
  object_pointer erase(std::string_view plural, std::string_view name_space, std::string_view name);

  /// Forgets what was before the current version: who asks for it is told 410.
  void compact();
  /// Everything is as it was at that version, which must not be forgotten; so is the counter (a backup was restored).
  void rewind(std::uint64_t version);
  /// The counter jumps ahead: so many writes of kinds that nobody here knows.
  void skip(std::uint64_t versions) noexcept { version_ += versions; }

  /// Whom to call after each change, by whose they are: several servers may share a store.
  std::map<const void*, std::function<void()>> observers;

 private:
  void record(object_change change);
  void tell() const;

  objects objects_;
  std::deque<object_change> history_;
  std::uint64_t version_ = 1;
  std::uint64_t oldest_ = 1;
};

/// The metadata of an object, made if there is none.
json::object& metadata_of(json::object& object);
/// A text in an object's metadata, empty if there is none.
std::string metadata_text(const json::object& object, std::string_view name);
/// A random uid, version 4.
std::string new_uid();
/// Now, RFC 3339 with seconds.
std::string timestamp_now();

}  // namespace isat::test::fake_api
