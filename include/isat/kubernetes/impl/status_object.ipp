// SPDX-License-Identifier: BSL-1.0

// The bodies of detail/status_object.hpp. Compiled into the library, or included by that header; never by itself.
#pragma once

#include "isat/kubernetes/detail/json_member.hpp"
#include "isat/kubernetes/detail/printable.hpp"
#include "isat/kubernetes/detail/status_object.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <boost/system/error_code.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace isat::inline v0::kubernetes::detail {

// Of a page that a proxy made: ASCII, and one space where there is white space or anything else.
ISAT_INLINE std::string foreign_message(std::string_view body) {
  std::string result;
  for (const char each : body) {
    const bool visible = each > 0x20 && each < 0x7f;
    if (!visible && (result.empty() || result.back() == ' ')) continue;
    if (result.size() == foreign_message_max) break;
    result += visible ? each : ' ';
  }
  while (!result.empty() && result.back() == ' ') result.pop_back();
  return result;
}

ISAT_INLINE void read_status_object(api_response& response) {
  boost::system::error_code error;
  const boost::json::value value = boost::json::parse(response.body, error);
  const auto* object = error ? nullptr : value.if_object();
  if (object == nullptr || text_in(*object, "kind") != "Status") {
    const std::string words = foreign_message(response.body);
    // Perhaps not from the API server: a proxy refuses requests, too.
    response.message = "HTTP status " + std::to_string(response.status) + " without a Status object";
    if (!words.empty()) response.message += ": " + words;
    return;
  }
  response.reason = printable(text_in(*object, "reason"), reason_max);
  response.message = printable(text_in(*object, "message"), message_max);
  if (response.retry_after.count() != 0) return;
  const std::int64_t seconds = number_in(object_in(*object, "details"), "retryAfterSeconds");
  response.retry_after = std::chrono::seconds{std::clamp<std::int64_t>(seconds, 0, 3600)};
}

}  // namespace isat::inline v0::kubernetes::detail
