// SPDX-License-Identifier: BSL-1.0
#include "fake_api/fault_script.hpp"

#include <string_view>
#include <utility>

namespace isat::test::fake_api {

bool fault_script::fits(line& each, const attributes& wish, const std::string& target) {
  const auto& what = each.what;
  if (!what.verb.empty() && what.verb != wish.verb) return false;
  if (!what.resource.empty() && what.resource != wish.resource) return false;
  if (!what.user.empty() && what.user != wish.user) return false;
  if (what.target.empty()) return true;
  if (!each.pattern) each.pattern.emplace(what.target);
  return std::regex_search(target, *each.pattern);
}

fault fault_script::take(const attributes& wish, const std::string& target) {
  for (auto each = faults_.begin(); each != faults_.end(); ++each) {
    if (!fits(*each, wish, target)) continue;
    auto& what = each->what;
    if (what.skip > 0) {
      --what.skip;
      continue;
    }
    auto taken = what;
    if (what.times > 0 && --what.times == 0) faults_.erase(each);
    if (taken.times != 0) return taken;
  }
  return {};
}

answer refusal_of(const fault& what) {
  std::string_view reason = what.reason;
  std::string message = what.message;
  const auto as_usual = [&](std::string_view usual_reason, std::string_view usual_message) {
    if (reason.empty()) reason = usual_reason;
    if (message.empty()) message = std::string{usual_message};
  };
  switch (what.status) {
    case 401:
      as_usual("Unauthorized", "Unauthorized");
      break;
    case 403:
      as_usual("Forbidden", "forbidden by a fault");
      break;
    case 409:
      as_usual("Conflict", "Operation cannot be fulfilled: a fault");
      break;
    case 410:
      as_usual("Expired", "too old resource version: a fault");
      break;
    case 429:
      as_usual("TooManyRequests", "Too many requests, please try again later.");
      break;
    case 500:
      as_usual("InternalError", "Internal error occurred: a fault");
      break;
    case 503:
      as_usual("ServiceUnavailable", "apiserver not ready");
      break;
    case 504:
      as_usual("Timeout", "request did not complete within the allotted timeout");
      break;
    default:
      as_usual("", "a fault");
  }
  auto made = answer_of(failure(what.status, reason, std::move(message)));
  if (what.retry_after) made.headers.emplace_back("Retry-After", std::to_string(*what.retry_after));
  return made;
}

}  // namespace isat::test::fake_api
