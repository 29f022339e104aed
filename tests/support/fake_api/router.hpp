// SPDX-License-Identifier: BSL-1.0

// A request in, an answer or a watch out: what an API server is without its sockets. Its answers are those of the real
// server, which tests/kubernetes compares. Nothing waits here: what a real server would wait for (a cache that lags) is
// refused at once.
#pragma once

#include "fake_api/access.hpp"
#include "fake_api/object_store.hpp"
#include "fake_api/status.hpp"
#include "fake_api/target.hpp"
#include "fake_api/watch_stream.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace isat::test::fake_api {

struct request {
  std::string method;
  std::string target;
  std::string body;
  std::string content_type;
  std::string accept;
  std::string authorization;
  std::optional<identity> certificate;  ///< who the client's certificate is for
  bool certificate_refused{};           ///< it has shown one that is not good
};

/// What comes of a request.
struct outcome {
  answer reply;
  std::optional<watch_plan> watch;  ///< instead of the reply's body
};

/// How a watch is told that its version is too old.
enum class expiry : std::uint8_t {
  none = 0,
  event = 1,   ///< 200 and an ERROR event, as the server does today
  status = 2,  ///< 410
};

class router {
 public:
  explicit router(object_store& store) : store_{store} {}

  fake_api::access access;
  fake_api::expiry expiry{fake_api::expiry::event};

  /// What a request wants, and who asks; the user is empty if nobody knows.
  attributes examine(const request& what) const;
  outcome handle(const request& what);

  /// Reads from the cache (watches, lists from any version) see nothing newer until thaw().
  void freeze() noexcept { frozen_ = store_.version(); }
  void thaw() noexcept { frozen_.reset(); }
  /// The version that the cache has.
  std::uint64_t visible() const noexcept;

 private:
  outcome dispatch(const request& what, const target& where, const attributes& wish);

  // router_reads.cpp
  answer read(const request& what, const target& where) const;
  answer list(const request& what, const target& where) const;
  outcome watch(const request& what, const target& where) const;
  answer page(const request& what, const target& where, const object_store::objects& seen, std::uint64_t version,
              const std::string& after) const;

  // router_writes.cpp
  answer create(const request& what, const target& where);
  answer replace(const request& what, const target& where, const attributes& wish);
  answer patch(const request& what, const target& where);
  answer remove(const request& what, const target& where);
  answer remove_all(const target& where);
  answer store_new(const object_key& key, json::object object);
  answer store_changed(const object_key& key, const json::object& before, json::object after, const target& where);

  object_store& store_;
  std::optional<std::uint64_t> frozen_;
};

}  // namespace isat::test::fake_api
