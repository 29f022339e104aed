// SPDX-License-Identifier: BSL-1.0
#include "fake_api/status.hpp"
#include "fake_api/watch_stream.hpp"

#include <algorithm>
#include <utility>

namespace isat::test::fake_api {

json::object metadata_only(const json::object& object) {
  return {{"kind", "PartialObjectMetadata"}, {"apiVersion", "meta.k8s.io/v1"}, {"metadata", object.at("metadata")}};
}

watch_stream::watch_stream(const object_store& store, watch_plan plan)
    : store_{store}, plan_{std::move(plan)}, told_{plan_.start.value_or(0)} {}

std::vector<std::string> watch_stream::next(std::uint64_t visible) {
  std::vector<std::string> made;
  if (failed_) return made;
  if (!plan_.start) {
    plan_.start = visible;
    told_ = visible;
    tell_all(made, visible);
    return made;
  }
  if (told_ < store_.oldest()) {
    failed_ = true;
    json::object event{{"type", "ERROR"}, {"object", expired(told_, store_.oldest())}};
    made.push_back(json::serialize(event) + "\n");
    return made;
  }
  for (const auto& each : store_.since(told_)) {
    if (each.version > visible) break;
    told_ = each.version;
    if (concerns(each.key)) tell(made, each);
  }
  told_ = std::max(told_, visible);
  return made;
}

std::string watch_stream::bookmark(bool initial_end) const {
  json::object metadata{{"resourceVersion", std::to_string(told_)}};
  if (initial_end) metadata["annotations"] = {{"k8s.io/initial-events-end", "true"}};
  json::object object{{"kind", json::string_view{plan_.kind->kind.data(), plan_.kind->kind.size()}},
                      {"apiVersion", plan_.kind->api_version()},
                      {"metadata", std::move(metadata)}};
  if (!plan_.metadata_only && plan_.kind->kind == "Lease") object["spec"] = json::object{};
  return line("BOOKMARK", std::move(object));
}

void watch_stream::tell_all(std::vector<std::string>& to, std::uint64_t visible) {
  const auto seen = store_.at(visible);
  if (!seen) return;
  for (const auto& [key, object] : *seen) {
    if (concerns(key) && plan_.selector.matches(*object)) to.push_back(line("ADDED", *object));
  }
  if (plan_.initial_end) to.push_back(bookmark(true));
}

void watch_stream::tell(std::vector<std::string>& to, const object_change& change) const {
  const bool before = change.before != nullptr && plan_.selector.matches(*change.before);
  const bool after = change.after != nullptr && plan_.selector.matches(*change.after);
  if (after) {
    to.push_back(line(before ? "MODIFIED" : "ADDED", *change.after));
  } else if (before) {
    auto last = *change.before;
    metadata_of(last)["resourceVersion"] = std::to_string(change.version);
    to.push_back(line("DELETED", std::move(last)));
  }
}

std::string watch_stream::line(std::string_view type, json::object object) const {
  if (plan_.metadata_only) object = metadata_only(object);
  json::object event{{"type", json::string_view{type.data(), type.size()}}, {"object", std::move(object)}};
  return json::serialize(event) + "\n";
}

bool watch_stream::concerns(const object_key& key) const {
  return key.kind == plan_.kind && (plan_.name_space.empty() || key.name_space == plan_.name_space);
}

}  // namespace isat::test::fake_api
