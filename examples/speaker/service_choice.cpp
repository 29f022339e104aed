// SPDX-License-Identifier: BSL-1.0

#include "dns_name.hpp"
#include "service_choice.hpp"
#include "text.hpp"

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace speakerd {

namespace {

constexpr std::size_t name_max = 63;

bool is_alphanumeric(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/// The part of a label's key behind the slash.
bool is_label_name(std::string_view text) noexcept {
  const auto fits = [](char c) { return is_alphanumeric(c) || c == '-' || c == '_' || c == '.'; };
  return !text.empty() && text.size() <= name_max && is_alphanumeric(text.front()) && is_alphanumeric(text.back()) &&
         std::ranges::all_of(text, fits);
}

}  // namespace

std::string parse_lb_class(const setting& value) {
  const std::string_view text = value.text;
  const auto slash = text.find('/');
  const bool has_prefix = slash != std::string_view::npos;
  const bool fits = has_prefix ? is_dns_subdomain(text.substr(0, slash)) && is_label_name(text.substr(slash + 1))
                               : is_label_name(text);
  if (!fits) value.from.refuse(quoted(text) + " is no loadBalancerClass, write one such as example.com/isat");
  return value.text;
}

}  // namespace speakerd
