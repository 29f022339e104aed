// SPDX-License-Identifier: BSL-1.0

// Reads a MicroTime as the real server does: RFC 3339 with exactly six fraction digits, with its words for what it does
// not like, which are those of Go's time package. Nothing else in the fake reads times.
#pragma once

#include <string>
#include <string_view>

namespace isat::test::fake_api {

struct micro_time {
  std::string utc;      ///< the same moment, told in UTC with six digits
  std::string failure;  ///< empty: none
};

micro_time read_micro_time(std::string_view text);

}  // namespace isat::test::fake_api
