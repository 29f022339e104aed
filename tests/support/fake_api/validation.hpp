// SPDX-License-Identifier: BSL-1.0

// What the real server refuses for what an object says: names, labels, annotations, and per kind what this project
// writes. Answers with the causes of a 422. It refuses to know types of fields; those are decoding.hpp's business.
#pragma once

#include "fake_api/status.hpp"

#include <string_view>
#include <vector>

namespace isat::test::fake_api {

/// @return empty: the object is valid
std::vector<field_cause> causes_against(const resource_kind& kind, const json::object& object);

/// As the keys of labels and annotations must be: [PREFIX/]NAME.
/// @return what is wrong, without the key
std::vector<std::string_view> faults_of_qualified_name(std::string_view key);

}  // namespace isat::test::fake_api
