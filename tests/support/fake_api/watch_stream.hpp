// SPDX-License-Identifier: BSL-1.0

// One watch as lines of JSON: what was there at its start if that was asked for, then every change after its version
// that its selector lets through, as the client sees it (an object that leaves the selector is DELETED). It is asked
// for what has become visible, and refuses to know time and sockets.
#pragma once

#include "fake_api/object_store.hpp"
#include "fake_api/selector.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace isat::test::fake_api {

/// What a client wants to watch.
struct watch_plan {
  const resource_kind* kind{};
  std::string name_space;  ///< empty: all
  fake_api::selector selector;
  std::optional<std::uint64_t> start;  ///< nothing: what is there first
  bool initial_end{};                  ///< a bookmark tells that what was there has been sent
  bool bookmarks{};
  bool metadata_only{};
  std::chrono::seconds timeout{};  ///< zero: the client does not mind
};

class watch_stream {
 public:
  watch_stream(const object_store& store, watch_plan plan);

  const watch_plan& plan() const noexcept { return plan_; }

  /// The lines that are new, each with its newline. @param visible the version that this server has seen
  std::vector<std::string> next(std::uint64_t visible);
  /// There may be something to be sent.
  bool is_behind(std::uint64_t visible) const noexcept {
    return !failed_ && (!plan_.start || told_ < visible || told_ < store_.oldest());
  }
  /// A line that tells how far the watch is.
  std::string bookmark(bool initial_end = false) const;
  /// An ERROR event was sent: the watch is over.
  bool failed() const noexcept { return failed_; }

 private:
  void tell_all(std::vector<std::string>& to, std::uint64_t visible);
  void tell(std::vector<std::string>& to, const object_change& change) const;
  std::string line(std::string_view type, json::object object) const;
  bool concerns(const object_key& key) const;

  const object_store& store_;
  watch_plan plan_;
  std::uint64_t told_ = 0;
  bool failed_ = false;
};

/// What a client sees that asked for metadata only.
json::object metadata_only(const json::object& object);

}  // namespace isat::test::fake_api
