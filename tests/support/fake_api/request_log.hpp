// SPDX-License-Identifier: BSL-1.0

// What a fake API server was asked, in order, for the assertions of tests. Values.
#pragma once

#include "fake_api/access.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace isat::test::fake_api {

struct request_record {
  std::string method;
  std::string target;  ///< path and query as they came
  std::string body;
  attributes wish;                             ///< verb, resource, namespace, name and user
  std::map<std::string, std::string> headers;  ///< names in lower case
  std::uint64_t connection{};                  ///< the number of the connection, from 1
  std::string protocol;                        ///< of the connection, as ALPN has chosen it; empty: none was offered
  unsigned status{};                           ///< of the answer; 0: there was none yet
  std::chrono::steady_clock::time_point received;
};

class request_log {
 public:
  const std::vector<request_record>& all() const noexcept { return records_; }
  std::size_t size() const noexcept { return records_.size(); }
  const request_record& operator[](std::size_t index) const { return records_[index]; }
  /// From here on; the numbers of connections go on.
  void clear() noexcept { records_.clear(), ++cleared_; }

  /// How many requests fit. @param verb,resource empty: any @param status 0: any
  std::size_t count(std::string_view verb, std::string_view resource = {}, unsigned status = 0) const {
    std::size_t made = 0;
    for (const auto& each : records_) {
      if ((verb.empty() || each.wish.verb == verb) && (resource.empty() || each.wish.resource == resource) &&
          (status == 0 || each.status == status)) {
        ++made;
      }
    }
    return made;
  }

  /// A place in the log that survives clear().
  struct place {
    std::size_t index{};
    std::size_t era{};
  };
  place add(request_record record) {
    records_.push_back(std::move(record));
    return {records_.size() - 1, cleared_};
  }
  void answered(place where, unsigned status) {
    if (where.era == cleared_) records_[where.index].status = status;
  }

 private:
  std::vector<request_record> records_;
  std::size_t cleared_ = 0;
};

}  // namespace isat::test::fake_api
