// SPDX-License-Identifier: BSL-1.0

#include "isat/error.hpp"

#include <doctest/doctest.h>

#include <set>
#include <string>

namespace {

// A store's own, which can tell: of its two errors one says that nothing was written.
class telling_category final : public boost::system::error_category {
 public:
  const char* name() const noexcept override { return "telling"; }
  std::string message(int /*value*/) const override { return "of a store"; }
  bool equivalent(int value, const boost::system::error_condition& asked) const noexcept override {
    return value == 1 && asked == make_error_condition(isat::condition::write_refused);
  }
};

const telling_category telling;

}  // namespace

TEST_CASE("an error of ours is an error_code of our category, with a sentence of its own") {
  std::set<std::string> sentences;
  using enum isat::error;
  for (const auto value : {not_ethernet, too_many_interfaces, version_conflict, outcome_unknown, unsound_timing,
                           unsound_layout, shared_file_system}) {
    const isat::error_code code = value;
    CHECK(code);
    CHECK(std::string{code.category().name()} == "isat");
    CHECK(code == value);
    CHECK(sentences.insert(code.message()).second);
  }
}

TEST_CASE("no error is false, and a number that we do not know has a sentence too") {
  CHECK(!isat::error_code{isat::error::none});
  CHECK(isat::error_code{isat::error::not_ethernet}.category().message(200) == "unknown error");
}

TEST_CASE("an error is a refused write if its category says so, and no error of ours is one") {
  CHECK(isat::error_code{1, telling} == isat::condition::write_refused);
  CHECK(isat::error_code{2, telling} != isat::condition::write_refused);
  CHECK(isat::error_code{} != isat::condition::write_refused);
  for (const auto value : {isat::error::version_conflict, isat::error::outcome_unknown}) {
    CHECK(isat::error_code{value} != isat::condition::write_refused);
  }
}

TEST_CASE("a condition has a sentence, also one that we do not know, and a category of its own") {
  const boost::system::error_condition refused = isat::condition::write_refused;
  CHECK(refused.message() == "nothing was written");
  CHECK(std::string{refused.category().name()} == "isat.condition");
  CHECK(refused.category().message(200) == "unknown condition");
  CHECK(refused.category() != isat::error_code{isat::error::version_conflict}.category());
}

TEST_CASE("categories of ours are known by their numbers, wherever their objects lie") {
  const isat::error_category copy;
  CHECK(isat::error_code{static_cast<int>(isat::error::version_conflict), copy} == isat::error::version_conflict);
}
