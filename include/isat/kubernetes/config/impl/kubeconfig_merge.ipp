// SPDX-License-Identifier: BSL-1.0

// The bodies of detail/kubeconfig_merge.hpp. Compiled into the library, or included by that header; never by itself.
#pragma once

#include "isat/kubernetes/config/detail/kubeconfig_merge.hpp"
#include "isat/kubernetes/detail/printable.hpp"

#include <boost/json/array.hpp>
#include <boost/json/stream_parser.hpp>
#include <boost/json/value.hpp>
#include <boost/system/errc.hpp>
#include <boost/system/error_code.hpp>

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <utility>

namespace isat::inline v0::kubernetes::detail {

ISAT_INLINE config_failure wrong_config(std::string message) {
  return {make_error_code(boost::system::errc::invalid_argument), std::move(message)};
}

ISAT_INLINE std::string shown(std::string_view text) {
  constexpr std::size_t octets_max = 1024;
  return printable(text, octets_max);
}

/// LINE:COLUMN of an offset, both from 1.
ISAT_INLINE std::string place_of(std::string_view text, std::size_t offset) {
  const std::string_view before = text.substr(0, offset);
  const auto lines = std::count(before.begin(), before.end(), '\n');
  const std::size_t line_begin = before.rfind('\n') + 1;  // npos + 1 is 0
  return std::to_string(lines + 1) + ':' + std::to_string(before.size() - line_begin + 1);
}

ISAT_INLINE std::optional<config_failure> kubeconfig_merge::add(const std::string& path, std::string_view text) {
  if (text.find_first_not_of(" \t\r\n") == std::string_view::npos) return std::nullopt;
  boost::json::stream_parser parser;
  error_code error;
  std::size_t used = parser.write_some(text.data(), text.size(), error);
  if (!error && !parser.done()) parser.finish(error);
  if (!error) used += text.substr(used).find_first_not_of(" \t\r\n") == std::string_view::npos ? text.size() - used : 0;
  if (error || used != text.size()) {
    return wrong_config(shown(path) + ':' + place_of(text, used) +
                        ": not valid JSON; a file in YAML must be converted before");
  }
  const boost::json::value root = parser.release();
  if (root.is_null()) return std::nullopt;
  if (!root.is_object()) return wrong_config(shown(path) + ": a kubeconfig is a map, not this");
  std::string fault = add_object(path, root.get_object());
  if (fault.empty()) return std::nullopt;
  return wrong_config(std::move(fault));
}

ISAT_INLINE std::string kubeconfig_merge::add_object(const std::string& path, const boost::json::object& root) {
  const kubeconfig_entry file{root, std::filesystem::absolute(path).parent_path().string(), shown(path)};
  entry_reader reader{file};
  const std::string kind = reader.text("kind");
  const std::string version = reader.text("apiVersion");
  if (!kind.empty() && kind != "Config") reader.blame("kind", "must be Config");
  if (!version.empty() && version != "v1") reader.blame("apiVersion", "must be v1");
  const std::string current = reader.text("current-context");
  if (!reader.fault().empty()) return reader.fault();
  if (current_context_.empty()) current_context_ = current;
  std::string fault = add_list(file, "clusters", "cluster", clusters_);
  if (fault.empty()) fault = add_list(file, "users", "user", users_);
  if (fault.empty()) fault = add_list(file, "contexts", "context", contexts_);
  return fault;
}

ISAT_INLINE std::string kubeconfig_merge::add_list(const kubeconfig_entry& file, std::string_view list,
                                                   std::string_view kind, entries& into) {
  entry_reader reader{file};
  const boost::json::array* items = reader.list(list);
  if (items == nullptr) return reader.fault();
  entries found;
  for (const boost::json::value& item : *items) {
    const std::string place = std::string{list} + '[' + std::to_string(&item - items->data()) + ']';
    if (!item.is_object()) {
      reader.blame(place, "must be a map");
      return reader.fault();
    }
    entry_reader named{file, item.get_object(), place + '.'};
    const std::string name = named.text("name");
    const boost::json::object* fields = named.object(kind);
    if (!named.fault().empty()) return named.fault();
    kubeconfig_entry entry{fields != nullptr ? *fields : boost::json::object{}, file.directory,
                           file.where + ": " + std::string{kind} + " \"" + shown(name) + '"'};
    if (!found.emplace(name, std::move(entry)).second) {
      reader.blame(list, "has two entries of the name \"" + shown(name) + '"');
      return reader.fault();
    }
  }
  into.merge(found);
  return {};
}

}  // namespace isat::inline v0::kubernetes::detail
