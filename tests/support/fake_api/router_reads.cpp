// SPDX-License-Identifier: BSL-1.0
#include "fake_api/router.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <utility>

namespace isat::test::fake_api {

namespace {

json::object without_type(const json::object& object) {
  auto made = object;
  made.erase("kind");
  made.erase("apiVersion");
  return made;
}

bool wants_metadata(const request& what, bool list) {
  const std::string_view mark = list ? "as=PartialObjectMetadataList" : "as=PartialObjectMetadata;";
  return what.accept.find(mark) != std::string::npos;
}

json::object bad_version(std::string_view text) {
  return bad_request(fmt::format(
      "invalid resource version: resourceVersion: Invalid value: \"{}\": strconv.ParseUint: parsing \"{}\": invalid "
      "syntax",
      text, text));
}

json::object bad_match(std::string_view why) {
  json::object cause{{"reason", "FieldValueForbidden"}, {"message", fmt::format("Forbidden: {}", why)}};
  cause["field"] = "resourceVersionMatch";
  json::object details{{"group", "meta.k8s.io"}, {"kind", "ListOptions"}, {"causes", json::array{std::move(cause)}}};
  auto message = fmt::format("ListOptions.meta.k8s.io \"\" is invalid: resourceVersionMatch: Forbidden: {}", why);
  return failure(422, "Invalid", std::move(message), std::move(details));
}

/// Where a list goes on: at which version, after which object.
struct page_token {
  std::uint64_t version{};
  std::string after;

  std::string text() const {
    std::string made;
    for (const char each : fmt::format("{}/{}", version, after)) {
      made += fmt::format("{:02x}", static_cast<unsigned char>(each));
    }
    return made;
  }
};

std::optional<page_token> read_page_token(std::string_view text) {
  std::string plain;
  const auto digit = [](char each) -> int {
    return each >= '0' && each <= '9' ? each - '0' : each >= 'a' && each <= 'f' ? each - 'a' + 10 : -1;
  };
  for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
    const int high = digit(text[i]);
    const int low = digit(text[i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    plain += static_cast<char>(high * 16 + low);
  }
  const auto slash = plain.find('/');
  const auto version = read_number(std::string_view{plain}.substr(0, slash));
  if (slash == std::string::npos || !version) return std::nullopt;
  return page_token{*version, plain.substr(slash + 1)};
}

answer continue_expired() {
  return answer_of(failure(
      410, "Expired",
      "The provided continue parameter is too old to display a consistent list result. You can start a new list "
      "without the continue parameter."));
}

}  // namespace

answer router::read(const request& what, const target& where) const {
  object_pointer found = store_.find({where.kind, where.name_space, where.name});
  if (where.parameter("resourceVersion") == "0") {  // from the cache, which may lag
    const auto seen = store_.at(visible());
    const auto cached = seen->find({where.kind, where.name_space, where.name});
    found = cached == seen->end() ? nullptr : cached->second;
  }
  if (found == nullptr) return answer_of(not_found(*where.kind, where.name));
  if (wants_metadata(what, true)) {
    return answer_of(failure(406, "NotAcceptable",
                             fmt::format("you requested PartialObjectMetadataList, but the requested object is not a "
                                         "list (*{}.{})",
                                         where.kind->group.substr(0, where.kind->group.find('.')), where.kind->kind)));
  }
  return answer_of(200, wants_metadata(what, false) ? metadata_only(*found) : *found);
}

answer router::list(const request& what, const target& where) const {
  const auto asked = where.parameter("resourceVersion");
  const auto match = where.parameter("resourceVersionMatch");
  if (const auto token = where.parameter("continue"); !token.empty()) {
    const auto from = read_page_token(token);
    if (!from) return answer_of(bad_request("invalid continue token: continue key is not valid"));
    const auto seen = store_.at(from->version);
    return seen ? page(what, where, *seen, from->version, from->after) : continue_expired();
  }
  if (asked.empty()) {
    const std::string_view why = "resourceVersionMatch is forbidden unless resourceVersion is provided";
    if (!match.empty()) return answer_of(bad_match(why));
    return page(what, where, store_.all(), store_.version(), {});
  }
  const auto version = read_number(asked);
  if (!version) return answer_of(bad_version(asked));
  auto from = visible();
  if (match == "Exact") {
    from = *version;
    if (from > store_.version()) return answer_of(too_large_version(from, store_.version()));
    if (from < store_.oldest()) return answer_of(expired(from, store_.oldest()));
  } else if (*version > from) {
    return answer_of(too_large_version(*version, from));
  }
  return page(what, where, *store_.at(from), from, {});
}

answer router::page(const request& what, const target& where, const object_store::objects& seen, std::uint64_t version,
                    const std::string& after) const {
  selector wanted;
  const auto labels = where.parameter("labelSelector");
  const auto fields = where.parameter("fieldSelector");
  if (const auto wrong = wanted.read(labels, fields); !wrong.empty()) return answer_of(bad_request(wrong));
  const auto limit = read_number(where.parameter("limit")).value_or(0);
  const bool partial = wants_metadata(what, true);
  json::array items;
  json::object metadata{{"resourceVersion", std::to_string(version)}};
  std::uint64_t remaining = 0;
  std::string last;
  for (const auto& [key, object] : seen) {
    if (key.kind != where.kind || (!where.name_space.empty() && key.name_space != where.name_space)) continue;
    auto place = key.name_space + "/" + key.name;
    if ((!after.empty() && place <= after) || !wanted.matches(*object)) continue;
    if (limit != 0 && items.size() >= limit) {
      ++remaining;
      continue;
    }
    items.push_back(partial ? metadata_only(*object) : without_type(*object));
    last = std::move(place);
  }
  if (remaining != 0) {
    metadata["continue"] = page_token{version, last}.text();
    if (labels.empty() && fields.empty()) metadata["remainingItemCount"] = remaining;
  }
  json::object made{{"kind", partial ? "PartialObjectMetadataList" : std::string{where.kind->kind} + "List"},
                    {"apiVersion", partial ? "meta.k8s.io/v1" : where.kind->api_version()}};
  made["metadata"] = std::move(metadata);
  made["items"] = std::move(items);
  return answer_of(200, made);
}

outcome router::watch(const request& what, const target& where) const {
  watch_plan made;
  made.kind = where.kind;
  made.name_space = where.name_space;
  auto fields = where.parameter("fieldSelector");
  if (!where.name.empty()) fields = "metadata.name=" + where.name;
  const auto wrong = made.selector.read(where.parameter("labelSelector"), fields);
  if (!wrong.empty()) return {answer_of(bad_request(wrong)), {}};
  const auto asked = where.parameter("resourceVersion");
  const bool initial = where.flag("sendInitialEvents");
  if (initial && where.parameter("resourceVersionMatch") != "NotOlderThan") {
    return {answer_of(bad_match("sendInitialEvents requires setting resourceVersionMatch to NotOlderThan")), {}};
  }
  if (!asked.empty() && asked != "0") {
    const auto version = read_number(asked);
    if (!version) {
      auto message = fmt::format(
          "resourceVersion: Invalid value: \"{}\": strconv.ParseUint: parsing \"{}\": invalid syntax", asked, asked);
      return {answer_of(failure(500, "", std::move(message))), {}};
    }
    if (!initial) made.start = *version;
    if (made.start && *made.start < store_.oldest() && expiry == expiry::status) {
      return {answer_of(expired(*made.start, store_.oldest())), {}};
    }
  }
  made.bookmarks = where.flag("allowWatchBookmarks");
  made.initial_end = initial && made.bookmarks;
  made.metadata_only = wants_metadata(what, false);
  made.timeout = std::chrono::seconds{read_number(where.parameter("timeoutSeconds")).value_or(0)};
  return {answer{}, std::move(made)};
}

}  // namespace isat::test::fake_api
