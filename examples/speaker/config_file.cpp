// SPDX-License-Identifier: BSL-1.0

#include "config_file.hpp"
#include "option_table.hpp"
#include "suggestion.hpp"
#include "text.hpp"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <fcntl.h>
#include <sstream>
#include <string_view>
#include <unistd.h>
#include <vector>

namespace speakerd {

namespace {

constexpr std::size_t file_max = std::size_t{16} << 20;

origin at(const std::string& path, const YAML::Mark& mark) {
  // The null mark is -1:-1; it means the file as a whole.
  return {exit_code::configuration,
          fmt::format("{}:{}:{}", path, mark.line < 0 ? 1 : mark.line + 1, mark.column < 0 ? 1 : mark.column + 1)};
}

std::string_view kind_of(const YAML::Node& node) {
  if (node.IsMap()) return "a map";
  if (node.IsSequence()) return "a list";
  return node.IsScalar() ? "a single value" : "nothing";
}

setting read_scalar(const std::string& path, const std::string& key, const YAML::Node& node, const origin& if_null) {
  // What is empty has no mark of its own worth showing: point to the key.
  if (node.IsNull()) if_null.refuse(fmt::format("'{}' has no value", key));
  const origin from = at(path, node.Mark());
  if (!node.IsScalar()) from.refuse(fmt::format("'{}' takes a single value, not {}", key, kind_of(node)));
  return {node.Scalar(), from};
}

std::vector<setting> read_list(const std::string& path, const std::string& key, const YAML::Node& node,
                               const origin& of_key) {
  const origin from = at(path, node.Mark());
  if (node.IsMap()) from.refuse(fmt::format("'{}' takes a value or a list of values, not a map", key));
  if (!node.IsSequence()) return {read_scalar(path, key, node, of_key)};
  if (node.size() == 0) from.refuse(fmt::format("'{}' is an empty list", key));
  std::vector<setting> values;
  values.reserve(node.size());
  for (const YAML::Node& item : node) {
    const origin here = at(path, item.Mark());
    if (!item.IsScalar())
      here.refuse(fmt::format("'{}' is a list of single values, but here is {}", key, kind_of(item)));
    values.push_back({item.Scalar(), here});
  }
  return values;
}

setting read_flag(const std::string& path, const std::string& key, const YAML::Node& node, const origin& of_key) {
  setting value = read_scalar(path, key, node, of_key);
  const bool is_plain = node.Tag() == "?";  // "true" in quotes is text, no truth value
  if (!is_plain || (value.text != "true" && value.text != "false")) {
    value.from.refuse(
        fmt::format("'{}' is true or false, not {}{}", key, is_plain ? "" : "the text ", quoted(value.text)));
  }
  return value;
}

[[noreturn]] void refuse_key(const std::string& key, const origin& from) {
  if (find_option(key) != nullptr) {
    from.refuse(fmt::format("'{}' belongs on the command line, not in a file", key));
  }
  const std::vector<std::string_view> names = option_names(true);
  from.refuse(fmt::format("unknown key {}{}", quoted(key), did_you_mean(key, names)));
}

void read_entry(settings& into, const std::string& path, const YAML::Node& key_node, const YAML::Node& value) {
  const origin from = at(path, key_node.Mark());
  if (!key_node.IsScalar()) from.refuse(fmt::format("a key is the name of an option, not {}", kind_of(key_node)));
  const std::string& key = key_node.Scalar();
  const option* known = find_option(key);
  if (known == nullptr || !known->in_file()) refuse_key(key, from);
  if (into.contains(key)) from.refuse(fmt::format("'{}' is given twice", key));
  if (known->kind == option_kind::list) {
    into.emplace(key, read_list(path, key, value, from));
  } else if (known->kind == option_kind::flag) {
    into.emplace(key, std::vector{read_flag(path, key, value, from)});
  } else {
    into.emplace(key, std::vector{read_scalar(path, key, value, from)});
  }
}

/// Where a document begins, and whether anything is in it.
class document_outline final : public YAML::EventHandler {
 public:
  const YAML::Mark& mark() const noexcept { return mark_; }
  bool is_empty() const noexcept { return is_empty_; }

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t) override { note(mark, true); }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override { note(mark, false); }
  void OnScalar(const YAML::Mark& mark, const std::string&, YAML::anchor_t, const std::string&) override {
    note(mark, false);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {
    note(mark, false);
  }
  void OnSequenceEnd() override {}
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {
    note(mark, false);
  }
  void OnMapEnd() override {}

 private:
  void note(const YAML::Mark& mark, bool is_empty) {
    if (!mark_.is_null()) return;
    mark_ = mark;
    is_empty_ = is_empty;
  }

  YAML::Mark mark_{YAML::Mark::null_mark()};
  bool is_empty_{true};
};

/// Refuses a second document, and text at which the library's parser makes no progress: for it, `]` and the like after
/// the end of a document begin empty documents without end (so LoadAll would never return).
void refuse_second_document(const std::string& text, const std::string& path) {
  std::istringstream stream{text};
  YAML::Parser parser{stream};
  document_outline first;
  document_outline second;
  if (!parser.HandleNextDocument(first) || !parser.HandleNextDocument(second)) return;
  const origin from = at(path, second.mark());
  if (!second.is_empty()) from.refuse("a second document begins here, the file may hold only one");
  if (first.is_empty()) from.refuse("not valid YAML: a document cannot begin like this");
  from.refuse("not valid YAML: the document has ended before this place");
}

YAML::Node load(const std::string& text, const std::string& path) {
  try {
    refuse_second_document(text, path);
    return YAML::Load(text);
  } catch (const YAML::Exception& error) {
    // An interface glob looks like a YAML alias.
    const bool alias = error.msg.find("anchor") != std::string::npos;
    at(path, error.mark)
        .refuse(fmt::format("not valid YAML: {}{}", escaped(error.msg, escape_style::hexadecimal),
                            alias ? "; a value that begins with '*' needs quotes" : ""));
  }
}

/// Reads to the end; false with errno set when that fails.
bool read_all(int descriptor, std::string& into, const std::string& path) {
  std::array<char, 16'384> buffer{};
  for (;;) {
    const ssize_t got = ::read(descriptor, buffer.data(), buffer.size());
    if (got == 0) return true;
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return false;
    into.append(buffer.data(), static_cast<std::size_t>(got));
    if (into.size() > file_max) throw failure{exit_code::no_input, path + ": larger than 16 MiB"};
  }
}

}  // namespace

std::string read_file(const std::string& path) {
  const std::string shown = escaped(path, escape_style::hexadecimal);
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) {
    const int error = errno;
    if (error == ENOENT) throw failure{exit_code::no_input, shown + ": no such file"};
    throw failure{exit_code::no_input, fmt::format("{}: cannot be read: {}", shown, std::strerror(error))};
  }
  const struct closer {
    int descriptor;
    ~closer() { ::close(descriptor); }
  } close_at_end{descriptor};
  std::string text;
  if (!read_all(descriptor, text, shown)) {
    throw failure{exit_code::no_input, fmt::format("{}: cannot be read: {}", shown, std::strerror(errno))};
  }
  return text;
}

settings parse_config(const std::string& text, const std::string& path) {
  const std::string shown = escaped(path, escape_style::hexadecimal);
  const YAML::Node root = load(text, shown);
  settings result;
  if (root.IsNull()) return result;
  if (!root.IsMap()) {
    at(shown, root.Mark())
        .refuse(fmt::format("the file must be a map such as 'vip: 10.77.0.100', not {}", kind_of(root)));
  }
  for (const auto& entry : root) read_entry(result, shown, entry.first, entry.second);
  return result;
}

}  // namespace speakerd
