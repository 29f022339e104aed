// SPDX-License-Identifier: BSL-1.0

#include "dns_name.hpp"

namespace speakerd {

namespace {

constexpr bool is_alphanumeric(char each) noexcept {
  return (each >= 'a' && each <= 'z') || (each >= '0' && each <= '9');
}

bool is_label_of_any_length(std::string_view text) noexcept {
  if (text.empty() || !is_alphanumeric(text.front()) || !is_alphanumeric(text.back())) return false;
  for (const char each : text) {
    if (!is_alphanumeric(each) && each != '-') return false;
  }
  return true;
}

}  // namespace

bool is_dns_label(std::string_view text) noexcept {
  return text.size() <= dns_label_max && is_label_of_any_length(text);
}

bool is_dns_subdomain(std::string_view text) noexcept {
  if (text.size() > dns_subdomain_max) return false;
  for (std::size_t dot = 0; (dot = text.find('.')) != std::string_view::npos; text.remove_prefix(dot + 1)) {
    if (!is_label_of_any_length(text.substr(0, dot))) return false;
  }
  return is_label_of_any_length(text);
}

}  // namespace speakerd
