// SPDX-License-Identifier: BSL-1.0

// One named thing of a kubeconfig file (a cluster, a user, a context), and a reader that takes typed fields out of it
// and remembers the first thing that was wrong, with the place for people. Fields nobody asks for are passed over. It
// refuses to repeat a value in a sentence, for any of them may be a secret.
#pragma once

#include "isat/kubernetes/config/cluster_config.hpp"
#include "isat/kubernetes/config/detail/base64.hpp"

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include <filesystem>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace isat::inline v0::kubernetes::detail {

/// Where it stands, and what is there.
struct kubeconfig_entry {
  boost::json::object fields;
  std::string directory;  ///< of its file, absolute: relative paths begin here
  std::string where;      ///< FILE: user "NAME"
};

/// Takes fields out of an entry, or of an object inside of it. Null is as good as absent.
class entry_reader {
 public:
  /// Both must outlive the reader. @param inside how the object is called within the entry, with a dot; may be empty
  entry_reader(const kubeconfig_entry& entry, const boost::json::object& fields, std::string inside = {})
      : entry_{entry}, fields_{fields}, inside_{std::move(inside)} {}
  explicit entry_reader(const kubeconfig_entry& entry) : entry_reader{entry, entry.fields} {}

  /// The first thing that was wrong; empty: nothing was.
  const std::string& fault() const noexcept { return fault_; }

  /// Notes that `what` (starts with a verb) is wrong with a field.
  void blame(std::string_view name, std::string_view what) {
    if (fault_.empty()) fault_ = entry_.where + ": " + inside_ + std::string{name} + ' ' + std::string{what};
  }
  /// Notes what another reader of the same entry has found.
  void blame(const entry_reader& other) {
    if (fault_.empty()) fault_ = other.fault_;
  }

  /// The field, or null.
  const boost::json::value* find(std::string_view name) const {
    const boost::json::value* found = fields_.if_contains(name);
    return found == nullptr || found->is_null() ? nullptr : found;
  }

  std::string text(std::string_view name) {
    const boost::json::value* found = find(name);
    if (found == nullptr) return {};
    const boost::json::string* text = found->if_string();
    if (text == nullptr) blame(name, "must be a string");
    return text != nullptr ? std::string{text->data(), text->size()} : std::string{};
  }

  bool flag(std::string_view name) {
    const boost::json::value* found = find(name);
    if (found != nullptr && !found->is_bool()) blame(name, "must be true or false");
    return found != nullptr && found->is_bool() && found->get_bool();
  }

  const boost::json::object* object(std::string_view name) {
    const boost::json::value* found = find(name);
    if (found != nullptr && !found->is_object()) blame(name, "must be a map");
    return found != nullptr ? found->if_object() : nullptr;
  }

  const boost::json::array* list(std::string_view name) {
    const boost::json::value* found = find(name);
    if (found != nullptr && !found->is_array()) blame(name, "must be a list");
    return found != nullptr ? found->if_array() : nullptr;
  }

  /// A path, absolute; empty if there is none.
  std::string path(std::string_view name) {
    const std::string given = text(name);
    return given.empty() ? given : absolute(given);
  }

  /// What the field NAME-data holds in base64, else the file that NAME names.
  text_or_file data_or_file(const std::string& name) {
    text_or_file result{{}, path(name)};
    const std::string data = text(name + "-data");
    if (data.empty()) return result;
    const auto decoded = decode_base64(data);
    if (!decoded || decoded->empty())
      blame(name + "-data", "must be base64");
    else
      result = {*decoded, {}};
    return result;
  }

  /// Refuses fields that would change what the entry means, and that are not understood.
  void refuse(std::initializer_list<std::string_view> names) {
    for (const std::string_view name : names) {
      const boost::json::value* found = find(name);
      if (found == nullptr) continue;
      const bool is_empty = (found->is_string() && found->get_string().empty()) ||
                            (found->is_array() && found->get_array().empty()) ||
                            (found->is_object() && found->get_object().empty());
      if (!is_empty) blame(name, "is not supported");
    }
  }

  std::string absolute(const std::string& path) const {
    return (std::filesystem::path{entry_.directory} / path).lexically_normal().string();
  }

 private:
  const kubeconfig_entry& entry_;
  const boost::json::object& fields_;
  std::string inside_;
  std::string fault_;
};

}  // namespace isat::inline v0::kubernetes::detail
