// SPDX-License-Identifier: BSL-1.0
#include "fake_api/object_store.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <random>
#include <ranges>
#include <stdexcept>
#include <utility>

namespace isat::test::fake_api {

object_pointer object_store::find(const object_key& key) const {
  const auto found = objects_.find(key);
  return found == objects_.end() ? nullptr : found->second;
}

std::optional<object_store::objects> object_store::at(std::uint64_t version) const {
  if (version < oldest_) return std::nullopt;
  auto then = objects_;
  for (const auto& each : history_ | std::views::reverse) {
    if (each.version <= version) break;
    if (each.before == nullptr) {
      then.erase(each.key);
    } else {
      then[each.key] = each.before;
    }
  }
  return then;
}

std::vector<object_change> object_store::since(std::uint64_t version) const {
  const auto first = std::ranges::upper_bound(history_, version, {}, &object_change::version);
  return {first, history_.end()};
}

object_pointer object_store::write(const object_key& key, json::object object) {
  const auto before = find(key);
  auto& metadata = metadata_of(object);
  metadata["name"] = key.name;
  if (key.kind->namespaced) metadata["namespace"] = key.name_space;
  metadata["uid"] = before == nullptr ? new_uid() : metadata_text(*before, "uid");
  metadata["creationTimestamp"] = before == nullptr ? timestamp_now() : metadata_text(*before, "creationTimestamp");
  metadata["resourceVersion"] = std::to_string(++version_);
  auto after = std::make_shared<const json::object>(std::move(object));
  objects_[key] = after;
  record({version_, key, before, after});
  return after;
}

object_pointer object_store::remove(const object_key& key) {
  const auto before = find(key);
  if (before == nullptr) return nullptr;
  objects_.erase(key);
  record({++version_, key, before, nullptr});
  auto last = *before;
  metadata_of(last)["resourceVersion"] = std::to_string(version_);
  return std::make_shared<const json::object>(std::move(last));
}

object_pointer object_store::put(json::object object) {
  const auto text = [&object](const char* name) -> std::string_view {
    const auto* value = object.if_contains(name);
    return value != nullptr && value->is_string() ? std::string_view{value->get_string()} : std::string_view{};
  };
  const auto* kind = find_kind_of(text("apiVersion"), text("kind"));
  if (kind == nullptr) throw std::invalid_argument{"the fake API server does not know this kind"};
  object_key key{kind, {}, metadata_text(object, "name")};
  if (kind->namespaced) {
    key.name_space = metadata_text(object, "namespace");
    if (key.name_space.empty()) key.name_space = "default";
    const object_key home{find_kind("", "namespaces"), {}, key.name_space};
    if (find(home) == nullptr) {
      json::object made{{"apiVersion", "v1"}, {"kind", "Namespace"}, {"status", {{"phase", "Active"}}}};
      write(home, std::move(made));
    }
  }
  return write(key, std::move(object));
}

object_pointer object_store::put(std::string_view text) {
  return put(json::parse(json::string_view{text.data(), text.size()}).as_object());
}

namespace {

object_key key_of(std::string_view plural, std::string_view name_space, std::string_view name) {
  const auto kinds = resource_kinds();
  const auto kind = std::ranges::find(kinds, plural, &resource_kind::plural);
  if (kind == kinds.end()) throw std::invalid_argument{"the fake API server does not know these objects"};
  return {&*kind, kind->namespaced ? std::string{name_space} : std::string{}, std::string{name}};
}

}  // namespace

object_pointer object_store::get(std::string_view plural, std::string_view name_space, std::string_view name) const {
  return find(key_of(plural, name_space, name));
}

object_pointer object_store::erase(std::string_view plural, std::string_view name_space, std::string_view name) {
  return remove(key_of(plural, name_space, name));
}

void object_store::compact() {
  oldest_ = version_;
  history_.clear();
  tell();
}

void object_store::rewind(std::uint64_t version) {
  auto then = at(version);
  if (!then) throw std::invalid_argument{"the fake API server has forgotten this version"};
  objects_ = std::move(*then);
  while (!history_.empty() && history_.back().version > version) history_.pop_back();
  version_ = version;
  tell();
}

void object_store::record(object_change change) {
  history_.push_back(std::move(change));
  tell();
}

void object_store::tell() const {
  const auto told = observers;
  for (const auto& [whose, call] : told) call();
}

json::object& metadata_of(json::object& object) {
  auto& metadata = object["metadata"];
  if (!metadata.is_object()) metadata.emplace_object();
  return metadata.get_object();
}

std::string metadata_text(const json::object& object, std::string_view name) {
  const auto* metadata = object.if_contains("metadata");
  if (metadata == nullptr || !metadata->is_object()) return {};
  const auto* value = metadata->get_object().if_contains(json::string_view{name.data(), name.size()});
  return value != nullptr && value->is_string() ? std::string{value->get_string()} : std::string{};
}

std::string new_uid() {
  static std::mt19937_64 random{std::random_device{}()};
  const auto high = random();
  const auto low = random();
  return fmt::format("{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}", high >> 32U, (high >> 16U) & 0xffffU, high & 0xfffU,
                     (low >> 48U & 0x3fffU) | 0x8000U, low & 0xffffffffffffU);
}

std::string timestamp_now() {
  const auto now = std::chrono::time_point_cast<std::chrono::seconds>(std::chrono::system_clock::now());
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::chrono::system_clock::to_time_t(now)));
}

}  // namespace isat::test::fake_api
