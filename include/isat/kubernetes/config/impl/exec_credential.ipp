// SPDX-License-Identifier: BSL-1.0

// The bodies of detail/exec_credential.hpp. Compiled into the library, or included by that header; never by itself.
#pragma once

#include "isat/kubernetes/config/detail/exec_credential.hpp"
#include "isat/kubernetes/config/detail/key_pair.hpp"
#include "isat/kubernetes/config/detail/token_cache.hpp"

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <boost/system/error_code.hpp>

#include <cstddef>
#include <string>
#include <utility>

namespace isat::inline v0::kubernetes::detail {

ISAT_INLINE bool is_exec_version(std::string_view api_version) noexcept {
  return api_version == "client.authentication.k8s.io/v1" || api_version == "client.authentication.k8s.io/v1beta1";
}

ISAT_INLINE std::string exec_info(const exec_plugin& plugin) {
  boost::json::object spec{{"interactive", false}};
  error_code error;
  if (!plugin.cluster_info.empty()) spec["cluster"] = boost::json::parse(plugin.cluster_info, error);
  const boost::json::object info{
      {"apiVersion", plugin.api_version}, {"kind", "ExecCredential"}, {"spec", std::move(spec)}};
  return boost::json::serialize(info);
}

/// The text of a member; empty if there is none, or null. False: it is something else.
ISAT_INLINE bool take_text(const boost::json::object& from, std::string_view name, std::string& into) {
  const boost::json::value* found = from.if_contains(name);
  if (found == nullptr || found->is_null()) return true;
  const boost::json::string* text = found->if_string();
  if (text != nullptr) into.assign(text->data(), text->size());
  return text != nullptr;
}

ISAT_INLINE std::string read_exec_status(const boost::json::object& status, exec_credential& into) {
  exec_credential given;
  std::string expires;
  for (const auto& [name, text] : {std::pair{"token", &given.token},
                                   {"clientCertificateData", &given.certificate},
                                   {"clientKeyData", &given.key},
                                   {"expirationTimestamp", &expires}}) {
    if (!take_text(status, name, *text)) return std::string{"gave a "} + name + " that is no string";
  }
  given.token = std::string{trimmed_token(given.token)};
  if (given.token.empty() && given.certificate.empty() && given.key.empty()) {
    return "gave neither a token nor a client certificate";
  }
  if (fault_of_token(given.token) == token_fault::character) return "gave a token with a character that none may have";
  if (!given.certificate.empty() || !given.key.empty()) {
    if (const char* fault = fault_of_key_pair(given.certificate, given.key)) {
      return std::string{"gave credentials that cannot be used: "} + fault;
    }
  }
  if (!expires.empty()) {
    given.expires = read_rfc3339(expires);
    if (!given.expires) return "gave an expirationTimestamp that is no RFC 3339 time";
  }
  into = std::move(given);
  return {};
}

ISAT_INLINE std::string read_exec_credential(std::string_view text, std::string_view api_version,
                                             exec_credential& into) {
  error_code error;
  const boost::json::value root = boost::json::parse(text, error);
  if (error || !root.is_object()) return "wrote something else than one JSON object";
  const boost::json::object& object = root.get_object();
  std::string version;
  std::string kind;
  if (!take_text(object, "kind", kind) || kind != "ExecCredential") return "wrote an object that is no ExecCredential";
  if (!take_text(object, "apiVersion", version) || version != api_version) {
    return "does not answer with the apiVersion that is configured, " + std::string{api_version};
  }
  const boost::json::value* status = object.if_contains("status");
  if (status == nullptr || !status->is_object()) return "wrote an ExecCredential without status";
  return read_exec_status(status->get_object(), into);
}

ISAT_INLINE std::optional<std::chrono::system_clock::time_point> read_rfc3339(std::string_view text) noexcept {
  // Takes `digits` digits, which must give at least `least` and at most `most`, and then `after`.
  bool is_good = true;
  const auto take = [&text, &is_good](std::size_t digits, unsigned least, unsigned most, std::string_view after) {
    unsigned number = 0;
    for (std::size_t i = 0; i < digits; ++i) {
      if (i >= text.size() || text[i] < '0' || text[i] > '9') return is_good = false, 0U;
      number = number * 10 + static_cast<unsigned>(text[i] - '0');
    }
    text.remove_prefix(digits);
    is_good = is_good && number >= least && number <= most && text.starts_with(after);
    if (is_good) text.remove_prefix(after.size());
    return number;
  };
  const auto year = take(4, 1678, 2261, "-");
  const auto month = take(2, 1, 12, "-");
  const auto day = take(2, 1, 31, "T");
  const auto hour = take(2, 0, 23, ":");
  const auto minute = take(2, 0, 59, ":");
  const auto second = take(2, 0, 60, "");  // a leap second is the one after
  if (is_good && text.starts_with('.')) {
    const std::size_t digits = text.find_first_not_of("0123456789", 1);
    if (digits == 1 || digits == std::string_view::npos) return std::nullopt;
    text.remove_prefix(digits);
  }
  const std::chrono::year_month_day date{std::chrono::year{static_cast<int>(year)}, std::chrono::month{month},
                                         std::chrono::day{day}};
  if (!is_good || !date.ok() || text.empty()) return std::nullopt;
  std::chrono::minutes offset{};
  const char zone = text.front();
  text.remove_prefix(1);
  if (zone == '+' || zone == '-') {
    offset = std::chrono::hours{take(2, 0, 23, ":")};
    offset += std::chrono::minutes{take(2, 0, 59, "")};
    if (zone == '-') offset = -offset;
  } else if (zone != 'Z') {
    return std::nullopt;
  }
  if (!is_good || !text.empty()) return std::nullopt;
  return std::chrono::sys_days{date} + std::chrono::hours{hour} + std::chrono::minutes{minute} +
         std::chrono::seconds{second} - offset;
}

}  // namespace isat::inline v0::kubernetes::detail
