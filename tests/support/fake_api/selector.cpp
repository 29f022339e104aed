// SPDX-License-Identifier: BSL-1.0
#include "fake_api/selector.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

namespace isat::test::fake_api {

/// Takes words and signs from a label selector, one by one.
class selector::label_reader {
 public:
  explicit label_reader(std::string_view text) : rest_{text} { advance(); }

  /// @return what is wrong; empty: nothing
  std::string read(std::vector<requirement>& to) {
    while (!token_.empty()) {
      requirement made;
      if (auto wrong = read_one(made); !wrong.empty()) return wrong;
      to.push_back(std::move(made));
      if (token_.empty()) break;
      if (token_ != ",") return fmt::format("found '{}', expected: ',' or 'end of string'", token_);
      advance();
    }
    return {};
  }

 private:
  static bool is_sign(char each) { return std::string_view{"=!<>(),"}.find(each) != std::string_view::npos; }

  std::string read_one(requirement& made) {
    const bool absent = token_ == "!";
    if (absent) advance();
    if (token_.empty() || is_sign(token_.front())) {
      return fmt::format("found '{}', expected: !, identifier, or 'end of string'", token_);
    }
    made.key = std::exchange(token_, {});
    advance();
    made.relation = absent ? relation::absent : relation::exists;
    if (absent || token_.empty() || token_ == ",") return {};
    const auto sign = token_;
    if (sign == "=" || sign == "==") {
      made.relation = relation::in;
    } else if (sign == "!=") {
      made.relation = relation::not_in;
    } else if (sign == ">" || sign == "<") {
      made.relation = sign == ">" ? relation::greater : relation::less;
    } else if (sign == "in" || sign == "notin") {
      made.relation = sign == "in" ? relation::in : relation::not_in;
      advance();
      return read_set(made);
    } else {
      return fmt::format("unable to parse requirement: found '{}', expected: in, notin, =, ==, !=, gt, lt", sign);
    }
    advance();
    const bool empty = token_.empty() || token_ == ",";  // as in "a=,b"
    made.values.push_back(empty ? std::string{} : token_);
    if (!empty) advance();
    return {};
  }

  std::string read_set(requirement& made) {
    if (token_ != "(") return fmt::format("unable to parse requirement: found '{}' expected: '('", token_);
    do {
      advance();
      if (token_.empty() || (is_sign(token_.front()) && token_ != ",")) {
        return fmt::format("unable to parse requirement: found '{}', expected: ',', ')' or identifier", token_);
      }
      if (token_ == ",") continue;
      made.values.push_back(token_);
      advance();
    } while (token_ == ",");
    if (token_ != ")") return fmt::format("unable to parse requirement: found '{}', expected: ',' or ')'", token_);
    advance();
    return {};
  }

  void advance() {
    while (!rest_.empty() && rest_.front() == ' ') rest_.remove_prefix(1);
    std::size_t length = 0;
    if (rest_.starts_with("==") || rest_.starts_with("!=")) {
      length = 2;
    } else if (!rest_.empty() && is_sign(rest_.front())) {
      length = 1;
    } else {
      while (length < rest_.size() && rest_[length] != ' ' && !is_sign(rest_[length])) ++length;
    }
    token_ = std::string{rest_.substr(0, length)};
    rest_.remove_prefix(length);
  }

  std::string_view rest_;
  std::string token_;
};

std::string selector::read(std::string_view labels, std::string_view fields) {
  if (auto wrong = label_reader{labels}.read(requirements_); !wrong.empty()) return wrong;
  while (!fields.empty()) {
    const auto one = fields.substr(0, fields.find(','));
    fields.remove_prefix(std::min(fields.size(), one.size() + 1));
    const auto sign = one.find('=');
    if (sign == std::string_view::npos) return fmt::format("invalid selector: '{}'; can't understand '{}'", one, one);
    const bool differs = sign > 0 && one[sign - 1] == '!';
    auto value = one.substr(sign + 1);
    if (value.starts_with('=')) value.remove_prefix(1);
    const auto key = one.substr(0, differs ? sign - 1 : sign);
    if (key != "metadata.name" && key != "metadata.namespace") {
      return fmt::format("\"{}\" is not a known field selector: only \"metadata.name\", \"metadata.namespace\"", key);
    }
    const auto name = key.substr(key.find('.') + 1);
    requirements_.push_back({std::string{name}, differs ? relation::not_in : relation::in, {std::string{value}}, true});
  }
  return {};
}

bool selector::matches(const json::object& object) const {
  return std::ranges::all_of(requirements_, [&](const requirement& each) { return holds(each, object); });
}

bool selector::holds(const requirement& each, const json::object& object) {
  std::string value;
  bool is_there = each.field;
  if (each.field) {
    value = metadata_text(object, each.key);
  } else if (const auto* labels = object.at("metadata").get_object().if_contains("labels")) {
    if (const auto* found = labels->get_object().if_contains(each.key)) {
      is_there = true;
      value = std::string{found->get_string()};
    }
  }
  const bool listed = std::ranges::find(each.values, value) != each.values.end();
  const auto number = [](const std::string& text) { return std::strtoll(text.c_str(), nullptr, 10); };
  switch (each.relation) {
    case relation::none:
      break;
    case relation::in:
      return is_there && listed;
    case relation::not_in:
      return !is_there || !listed;
    case relation::exists:
      return is_there;
    case relation::absent:
      return !is_there;
    case relation::greater:
      return is_there && number(value) > number(each.values.front());
    case relation::less:
      return is_there && number(value) < number(each.values.front());
  }
  return false;
}

}  // namespace isat::test::fake_api
