// SPDX-License-Identifier: BSL-1.0
#include "fake_api/decoding.hpp"
#include "fake_api/router.hpp"
#include "fake_api/validation.hpp"

#include <fmt/format.h>

#include <array>
#include <utility>

namespace isat::test::fake_api {

namespace {

bool is_media_type(const request& what, std::string_view type) {
  return std::string_view{what.content_type}.substr(0, what.content_type.find(';')) == type;
}

std::string decode_failure(const resource_kind& kind, std::string_view why) {
  return fmt::format("{} in version \"v1\" cannot be handled as a {}: {}", kind.kind, kind.kind, why);
}

json::object precondition(const object_key& key, std::string_view wanted, std::string_view seen) {
  const auto home = key.kind->namespaced ? key.name_space + "/" : std::string{};
  return conflict(
      *key.kind, key.name,
      fmt::format("StorageError: invalid object, Code: 4, Key: /registry/{}/{}{}, ResourceVersion: 0, "
                  "AdditionalErrorMsg: Precondition failed: UID in precondition: {}, UID in object meta: {}",
                  key.kind->plural, home, key.name, wanted, seen));
}

json::object removal_conflict(const object_key& key, std::string why) {
  auto made = conflict(*key.kind, key.name, why);
  made["details"].get_object()["kind"] = json::string_view{key.kind->kind.data(), key.kind->kind.size()};
  made["message"] =
      fmt::format("Operation cannot be fulfilled on {} \"{}\": {}", key.kind->qualified_kind(), key.name, why);
  return made;
}

/// Everything but the status is `before`'s, or the other way round.
void keep_apart(json::object& after, const json::object& before, bool status_is_written) {
  for (const char* each : {"spec", "status"}) {
    if ((std::string_view{each} == "status") == status_is_written) continue;
    if (const auto* value = before.if_contains(each)) {
      after[each] = *value;
    } else {
      after.erase(each);
    }
  }
}

json::object other_name(std::string_view name, const target& where) {
  return bad_request(
      fmt::format("the name of the object ({}) does not match the name on the URL ({})", name, where.name));
}

/// Reads a body for a POST or PUT, and checks that it is meant for this place.
decoded read_body(const request& what, const target& where) {
  if (!what.content_type.empty() && !is_media_type(what, "application/json")) {
    return {{},
            failure(415, "UnsupportedMediaType",
                    "the body of the request was in an unknown format - accepted media types include: "
                    "application/json, application/yaml, application/vnd.kubernetes.protobuf")};
  }
  auto read = decode(*where.kind, what.body);
  if (read.refused()) return read;
  const auto name = metadata_text(read.object, "name");
  if (!where.name.empty() && !name.empty() && name != where.name) return {{}, other_name(name, where)};
  const auto home = metadata_text(read.object, "namespace");
  if (!home.empty() && home != where.name_space) {
    return {{}, bad_request("the namespace of the provided object does not match the namespace sent on the request")};
  }
  if (where.kind->namespaced) metadata_of(read.object)["namespace"] = where.name_space;
  return read;
}

}  // namespace

answer router::create(const request& what, const target& where) {
  auto read = read_body(what, where);
  if (read.refused()) return answer_of(read.refusal);
  if (!metadata_text(read.object, "resourceVersion").empty()) {
    return answer_of(failure(500, "", "resourceVersion should not be set on objects to be created"));
  }
  auto& metadata = metadata_of(read.object);
  const auto stem = metadata_text(read.object, "generateName");
  if (metadata_text(read.object, "name").empty() && !stem.empty()) metadata["name"] = stem + new_uid().substr(0, 5);
  const object_key key{where.kind, where.name_space, metadata_text(read.object, "name")};
  return store_new(key, std::move(read.object));
}

answer router::store_new(const object_key& key, json::object object) {
  const object_key home{find_kind("", "namespaces"), {}, key.name_space};
  if (key.kind->namespaced && store_.find(home) == nullptr) return answer_of(not_found(*home.kind, home.name));
  if (key.kind->has_status) object.erase("status");
  fill_in(*key.kind, object);
  if (const auto causes = causes_against(*key.kind, object); !causes.empty()) {
    return answer_of(invalid(*key.kind, key.name, causes));
  }
  if (store_.find(key) != nullptr) return answer_of(already_exists(*key.kind, key.name));
  if (key.kind->counted) metadata_of(object)["generation"] = 1;
  return answer_of(201, *store_.write(key, std::move(object)));
}

answer router::replace(const request& what, const target& where, const attributes& wish) {
  auto read = read_body(what, where);
  if (read.refused()) return answer_of(read.refusal);
  const object_key key{where.kind, where.name_space, where.name};
  const auto before = store_.find(key);
  const auto uid = metadata_text(read.object, "uid");
  if (before == nullptr) {
    if (!where.kind->put_creates || !where.subresource.empty()) return answer_of(not_found(*where.kind, where.name));
    auto creating = wish;
    creating.verb = "create";
    if (auto refusal = access.refusal(creating, where.kind); !refusal.empty()) return answer_of(refusal);
    if (!uid.empty()) return answer_of(precondition(key, uid, ""));
    metadata_of(read.object)["name"] = where.name;
    metadata_of(read.object).erase("resourceVersion");
    return store_new(key, std::move(read.object));
  }
  const auto seen = metadata_text(*before, "uid");
  if (!uid.empty() && uid != seen) return answer_of(precondition(key, uid, seen));
  const auto version = metadata_text(read.object, "resourceVersion");
  if (!version.empty() && !read_number(version)) {
    return answer_of(failure(500, "", fmt::format("strconv.ParseUint: parsing \"{}\": invalid syntax", version)));
  }
  const bool unversioned = version.empty() || read_number(version) == 0U;
  if (unversioned && !where.kind->put_unguarded) {
    const field_cause cause{"metadata.resourceVersion", "FieldValueInvalid",
                            "Invalid value: 0: must be specified for an update"};
    return answer_of(invalid(*where.kind, where.name, {cause}, true));
  }
  if (!unversioned && version != metadata_text(*before, "resourceVersion")) {
    return answer_of(modified_since(*where.kind, where.name));
  }
  return store_changed(key, *before, std::move(read.object), where);
}

answer router::store_changed(const object_key& key, const json::object& before, json::object after,
                             const target& where) {
  if (key.kind->has_status) keep_apart(after, before, where.subresource == "status");
  fill_in(*key.kind, after);
  auto& metadata = metadata_of(after);
  for (const char* each : {"name", "namespace", "uid", "creationTimestamp", "resourceVersion", "generation"}) {
    if (const auto* value = before.at("metadata").get_object().if_contains(each)) {
      metadata[each] = *value;
    } else {
      metadata.erase(each);
    }
  }
  if (const auto causes = causes_against(*key.kind, after); !causes.empty()) {
    return answer_of(invalid(*key.kind, key.name, causes));
  }
  if (after == before) return answer_of(200, before);  // not written, no event
  if (key.kind->counted) metadata["generation"] = metadata["generation"].to_number<int>() + 1;
  return answer_of(200, *store_.write(key, std::move(after)));
}

answer router::patch(const request& what, const target& where) {
  if (!is_media_type(what, "application/merge-patch+json") &&
      !is_media_type(what, "application/strategic-merge-patch+json")) {
    return answer_of(failure(415, "UnsupportedMediaType", "415: Unsupported Media Type", json::object{}));
  }
  const object_key key{where.kind, where.name_space, where.name};
  const auto before = store_.find(key);
  if (before == nullptr) return answer_of(not_found(*where.kind, where.name));
  json::error_code error;
  const auto wanted = json::parse(what.body, error);
  if (error || !wanted.is_object()) return answer_of(bad_request("error decoding patch: unexpected end of JSON input"));
  json::value merged = *before;
  merge(merged, wanted);
  auto& after = merged.get_object();
  if (auto wrong = normalize(*where.kind, after); !wrong.empty()) {
    auto message = decode_failure(*where.kind, wrong);
    return answer_of(invalid(*where.kind, where.name, {{"patch", "FieldValueInvalid", std::move(message)}}));
  }
  const auto version = metadata_text(after, "resourceVersion");
  if (!version.empty() && version != metadata_text(*before, "resourceVersion")) {
    return answer_of(modified_since(*where.kind, where.name));
  }
  if (const auto name = metadata_text(after, "name"); name != where.name) return answer_of(other_name(name, where));
  if (const auto uid = metadata_text(after, "uid"); uid != metadata_text(*before, "uid") && !uid.empty()) {
    const field_cause cause{"metadata.uid", "FieldValueInvalid",
                            fmt::format("Invalid value: \"{}\": field is immutable", uid)};
    return answer_of(invalid(*where.kind, where.name, {cause, cause}));
  }
  return store_changed(key, *before, std::move(after), where);
}

answer router::remove(const request& what, const target& where) {
  const object_key key{where.kind, where.name_space, where.name};
  const auto before = store_.find(key);
  if (before == nullptr) return answer_of(not_found(*where.kind, where.name));
  const auto uid = metadata_text(*before, "uid");
  const auto version = metadata_text(*before, "resourceVersion");
  json::error_code error;
  const auto options = what.body.empty() ? json::value{} : json::parse(what.body, error);
  if (const auto* object = options.if_object(); object != nullptr && object->contains("preconditions")) {
    const json::object as_metadata{{"metadata", object->at("preconditions")}};
    const auto wanted_uid = metadata_text(as_metadata, "uid");
    const auto wanted_version = metadata_text(as_metadata, "resourceVersion");
    if (!wanted_uid.empty() && wanted_uid != uid) {
      return answer_of(removal_conflict(
          key, fmt::format("the UID in the precondition ({}) does not match the UID in record ({}). The object might "
                           "have been deleted and then recreated",
                           wanted_uid, uid)));
    }
    if (!wanted_version.empty() && wanted_version != version) {
      return answer_of(removal_conflict(
          key, fmt::format("the ResourceVersion in the precondition ({}) does not match the ResourceVersion in record "
                           "({}). The object might have been modified",
                           wanted_version, version)));
    }
  }
  const auto last = store_.remove(key);
  if (where.kind->kind == "Service") return answer_of(200, *last);
  auto details = details_of(*where.kind, where.name);
  details["uid"] = uid;
  json::object made{{"kind", "Status"}, {"apiVersion", "v1"}, {"metadata", json::object{}}, {"status", "Success"}};
  made["details"] = std::move(details);
  return answer_of(200, made);
}

answer router::remove_all(const target& where) {
  const auto listed = page({}, where, store_.all(), store_.version(), {});
  if (listed.status != 200) return listed;
  const auto items = json::parse(listed.body).at("items").as_array();
  for (const auto& each : items) {
    store_.remove({where.kind, where.name_space, metadata_text(each.as_object(), "name")});
  }
  return listed;
}

}  // namespace isat::test::fake_api
