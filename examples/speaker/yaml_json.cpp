// SPDX-License-Identifier: BSL-1.0

#include "isat/kubernetes/config/kubeconfig.hpp"
#include "text.hpp"
#include "yaml_json.hpp"

#include <boost/system/errc.hpp>
#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <cstddef>
#include <map>
#include <set>
#include <sstream>
#include <string_view>
#include <utility>
#include <vector>

namespace speakerd {

namespace {

constexpr std::size_t depth_max = 30;                     // the library's JSON parser takes 32
constexpr std::size_t json_max = std::size_t{16} << 20U;  // of the result, and of what aliases may stand for
constexpr std::size_t number_max = 15;                    // a longer number is text: it would not come back as it was

[[noreturn]] void refuse(const YAML::Mark& mark, const std::string& why) { throw YAML::ParserException{mark, why}; }

/// True for what is a number in JSON, too, without an exponent.
bool is_number(std::string_view text) {
  if (text.starts_with('-')) text.remove_prefix(1);
  if (text.empty() || text.size() > number_max) return false;
  const auto digits = [&text] {
    const std::size_t count = std::min(text.find_first_not_of("0123456789"), text.size());
    text.remove_prefix(count);
    return count;
  };
  const bool is_padded = text.front() == '0';
  const std::size_t whole = digits();
  if (whole == 0 || (is_padded && whole > 1)) return false;
  if (!text.starts_with('.')) return text.empty();
  text.remove_prefix(1);
  return digits() > 0 && text.empty();
}

std::string in_quotes(const std::string& text) { return '"' + escaped(text, escape_style::json) + '"'; }

/// Writes JSON while YAML is read. Aliases are replaced by the JSON of what they stand for.
class json_writer final : public YAML::EventHandler {
 public:
  /// All of it; empty if there was no document.
  const std::string& json() const noexcept { return json_; }
  /// The document is over: any value of another one is refused.
  void expect_no_more() noexcept { is_over_ = true; }

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    if (!begin_value(mark, {}, anchor)) return;
    json_ += "null";
    end_value();
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    if (!begin_value(mark, {}, YAML::NullAnchor)) return;
    const auto found = anchored_.find(anchor);
    if (found == anchored_.end()) refuse(mark, "an alias stands within what it stands for");
    const fragment& what = found->second;
    if (open_.size() + what.depth > depth_max) refuse(mark, "nested too deeply");
    if (json_.size() + what.json.size() > json_max) refuse(mark, "aliases make it larger than 16 MiB");
    json_ += what.json;
    deepen(open_.size() + what.depth);
    end_value();
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    if (!begin_value(mark, &value, anchor)) return;
    json_ += scalar(mark, tag, value);
    end_value();
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    begin_collection(mark, tag, anchor, false);
  }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    begin_collection(mark, tag, anchor, true);
  }
  void OnSequenceEnd() override { end_collection(']'); }
  void OnMapEnd() override { end_collection('}'); }

 private:
  /// A list or map that is being written.
  struct collection {
    bool is_map;
    bool is_value_due = false;  // of a map: its key is there
    std::set<std::string> keys;
    std::size_t count = 0;
  };
  /// A value that is being written.
  struct value_begin {
    YAML::anchor_t anchor;
    std::size_t offset;
    std::size_t depth;    // of collections around it
    std::size_t deepest;  // of collections around anything in it
  };
  /// What an anchor names.
  struct fragment {
    std::string json;
    std::size_t depth;
  };

  static std::string scalar(const YAML::Mark& mark, const std::string& tag, const std::string& value) {
    constexpr std::string_view core = "tag:yaml.org,2002:";
    if (tag == "!" || tag == "tag:yaml.org,2002:str") return in_quotes(value);
    if (tag != "?" && !tag.empty()) {
      const std::string_view kind = tag.starts_with(core) ? std::string_view{tag}.substr(core.size()) : "";
      if (kind != "bool" && kind != "int" && kind != "float" && kind != "null") refuse(mark, "a tag that is not known");
    }
    if (value == "true" || value == "True" || value == "TRUE") return "true";
    if (value == "false" || value == "False" || value == "FALSE") return "false";
    if (value == "null" || value == "Null" || value == "NULL" || value == "~" || value.empty()) return "null";
    return is_number(value) ? value : in_quotes(value);
  }

  /// Begins a value where one is due, else takes the key. False: it was the key, and there is no value to write.
  /// @param key the text if it can be one
  bool begin_value(const YAML::Mark& mark, const std::string* key, YAML::anchor_t anchor) {
    if (is_over_) refuse(mark, "another document begins here, the file may hold only one");
    if (json_.size() > json_max) refuse(mark, "larger than 16 MiB");
    if (!open_.empty() && open_.back().is_map && !open_.back().is_value_due) {
      take_key(mark, key, anchor);
      return false;
    }
    if (!open_.empty() && !open_.back().is_map && open_.back().count++ > 0) json_ += ',';
    if (!open_.empty()) open_.back().is_value_due = false;
    values_.push_back({anchor, json_.size(), open_.size(), open_.size()});
    return true;
  }

  void take_key(const YAML::Mark& mark, const std::string* key, YAML::anchor_t anchor) {
    collection& map = open_.back();
    if (key == nullptr) refuse(mark, "a key must be text");
    if (*key == "<<") refuse(mark, "a merge key; write out what it stands for");
    if (anchor != YAML::NullAnchor) refuse(mark, "a key with an anchor");
    if (!map.keys.insert(*key).second) refuse(mark, "a key that is there already");
    if (map.count++ > 0) json_ += ',';
    json_ += in_quotes(*key) + ':';
    map.is_value_due = true;
  }

  void end_value() {
    const value_begin value = values_.back();
    values_.pop_back();
    if (!values_.empty()) deepen(value.deepest);
    if (value.anchor == YAML::NullAnchor) return;
    fragment what{json_.substr(value.offset), value.deepest - value.depth};
    kept_ += what.json.size();
    if (kept_ > json_max) refuse(YAML::Mark::null_mark(), "anchors make it larger than 16 MiB");
    anchored_.insert_or_assign(value.anchor, std::move(what));
  }

  void deepen(std::size_t depth) {
    if (values_.back().deepest < depth) values_.back().deepest = depth;
  }

  void begin_collection(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, bool is_map) {
    const std::string_view own = is_map ? "tag:yaml.org,2002:map" : "tag:yaml.org,2002:seq";
    if (!tag.empty() && tag != "?" && tag != "!" && tag != own) refuse(mark, "a tag that is not known");
    if (open_.size() >= depth_max) refuse(mark, "nested too deeply");
    begin_value(mark, nullptr, anchor);
    open_.push_back({is_map, false, {}, 0});
    deepen(open_.size());
    json_ += is_map ? '{' : '[';
  }

  void end_collection(char end) {
    open_.pop_back();
    json_ += end;
    end_value();
  }

  std::string json_;
  std::vector<collection> open_;
  std::vector<value_begin> values_;
  std::map<YAML::anchor_t, fragment> anchored_;
  std::size_t kept_ = 0;  // octets in there
  bool is_over_ = false;
};

}  // namespace

boost::system::result<std::string, isat::kubernetes::config_failure> yaml_as_json(const std::string& text,
                                                                                  const std::string& path) {
  try {
    std::istringstream stream{text};
    YAML::Parser parser{stream};
    json_writer writer;
    if (!parser.HandleNextDocument(writer)) return std::string{"null"};
    writer.expect_no_more();
    parser.HandleNextDocument(writer);
    return writer.json();
  } catch (const YAML::Exception& error) {
    // The null mark is -1:-1; it means the file as a whole.
    const int line = error.mark.line < 0 ? 1 : error.mark.line + 1;
    const int column = error.mark.column < 0 ? 1 : error.mark.column + 1;
    return isat::kubernetes::config_failure{
        make_error_code(boost::system::errc::invalid_argument),
        fmt::format("{}:{}:{}: cannot be read as YAML: {}", escaped(path, escape_style::hexadecimal), line, column,
                    escaped(error.msg, escape_style::hexadecimal))};
  }
}

boost::system::result<std::string, isat::kubernetes::config_failure> read_yaml_as_json(const std::string& path) {
  auto text = isat::kubernetes::read_json_file(path);  // reads any text
  if (!text) return text;
  return yaml_as_json(*text, path);
}

}  // namespace speakerd
