// SPDX-License-Identifier: BSL-1.0

// One page of a list as an API server sends it: its objects, its version, and where the next page begins. For all who
// list. Total: whatever the text is, there is an answer. It refuses to look into the objects.
// @see Kubernetes API concepts, "Retrieving large results sets in chunks"
#pragma once

#include "isat/error.hpp"
#include "isat/kubernetes/detail/json_member.hpp"
#include "isat/kubernetes/detail/parse_options.hpp"
#include "isat/kubernetes/watch/resource_version.hpp"
#include "isat/kubernetes/watch/watch_decoder.hpp"

#include <boost/json/array.hpp>
#include <boost/json/monotonic_resource.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/storage_ptr.hpp>
#include <boost/json/value.hpp>

#include <string>
#include <string_view>

namespace isat::inline v0::kubernetes::detail {

/// One page of a list.
struct list_page {
  boost::json::value whole;
  resource_version version;
  std::string continue_token;           ///< empty: this is the last page
  boost::json::array* items = nullptr;  ///< in `whole`; null: the text is no list
};

inline list_page read_page(std::string_view text) {
  error_code failure;
  list_page page{boost::json::parse(text, failure, boost::json::make_shared_resource<boost::json::monotonic_resource>(),
                                    object_parse_options()),
                 {},
                 {},
                 nullptr};
  auto* const members = failure ? nullptr : page.whole.if_object();
  if (members == nullptr) return page;
  page.version = kubernetes::version_of(*members);
  page.continue_token = text_in(object_in(*members, "metadata"), "continue");
  auto* const items = members->if_contains("items");
  if (items != nullptr && items->is_null()) items->emplace_array();  // how Go writes a list of nothing
  page.items = items != nullptr ? items->if_array() : nullptr;
  return page;
}

}  // namespace isat::inline v0::kubernetes::detail
