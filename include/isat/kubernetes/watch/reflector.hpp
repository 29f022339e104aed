// SPDX-License-Identifier: BSL-1.0

// Follows the objects of one kind on an API server: lists them, watches from there on, lists again when that is lost.
// What to do when is decided by watch_machine.hpp; watch_decoder.hpp makes events of octets. Its listener is told of
// lists (beginning, objects, end), changes and losses, as they come. It refuses to keep objects.
#pragma once

#include "isat/detail/build.hpp"
#include "isat/detail/erase.hpp"
#include "isat/error.hpp"
#include "isat/kubernetes/api/api_client.hpp"

#include <boost/json/fwd.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

namespace isat::inline v0::kubernetes {

/// What to follow.
struct reflector_options {
  std::string path;            ///< of the list: /apis/coordination.k8s.io/v1/namespaces/NS/leases
  std::string label_selector;  ///< as kubectl takes it; empty: all
  std::string field_selector;  ///< likewise: metadata.name=X
  std::string accept = "application/json";
  std::size_t page = 500;                           ///< objects per page of a list; fewer where they are large
  std::size_t page_octets = std::size_t{2} << 20U;  ///< of a page: a longer one is asked for in halves
  std::size_t event_max = std::size_t{16} << 20U;   ///< octets of one event; after a longer one comes a list
  std::chrono::nanoseconds watch_timeout = std::chrono::minutes{7};  ///< asked of the server, +-30 % at random
  /// Between attempts that fail, at random; at first at most a tenth of it. It is cut short when somebody else's
  /// request shows that an outage of all servers is over (api_client::when_back).
  std::chrono::nanoseconds pause_longest = std::chrono::seconds{8};
};

/// What became of an object.
enum class object_change : std::uint8_t {
  none = 0,
  listed = 1,    ///< it is in a list
  added = 2,     ///< it is new, or has come to match the selector
  modified = 3,  ///< it has changed
  deleted = 4,   ///< it is gone, or matches the selector no more; as it was last, at the version of its going
};

/// Who is told. Called on the executor, one call at a time; must not destroy the reflector. May cancel it and may call
/// restart().
///
/// One way to keep a copy: on_listing() raises a number, on_object() stores it with the object, on_synced() forgets
/// objects that carry a lower one.
class ISAT_API reflector_listener {
 public:
  reflector_listener() = default;
  reflector_listener(const reflector_listener&) = delete;
  reflector_listener& operator=(const reflector_listener&) = delete;
  virtual ~reflector_listener() = default;

  /// A list begins. One that had begun before and did not get to its end counts for nothing.
  virtual void on_listing() = 0;
  /// An object and what became of it; may be moved from. Objects in lists may lack kind and apiVersion. An object's
  /// version never goes back, except to one in a list after a store was restored, which is a loss. An object may be
  /// told again at the same version: in two pages of a list, or after a restart.
  virtual void on_object(object_change change, boost::json::object& object) = 0;
  /// Everything is told. After a list: what was told before and is not in it is gone. Without one, after a loss: a
  /// watch goes on from where it was, and nothing was missed.
  virtual void on_synced() = 0;
  /// Lists or watches fail, or changes were missed: until the next on_synced() nothing is certain. Told once, and again
  /// when the error becomes another.
  /// @param message what the server said, or what was wrong with what it said; may be empty
  virtual void on_lost(error_code error, const std::string& message) = 0;
};

/// One list and watch. Not thread-safe.
class ISAT_API reflector {
 public:
  using run_signature = void(error_code);

  /// `client` and `listener` must outlive the reflector.
  reflector(api_client& client, reflector_options options, reflector_listener& listener);
  reflector(const reflector&) = delete;
  reflector& operator=(const reflector&) = delete;
  ~reflector();

  /// Runs until it is cancelled (operation_aborted): whatever fails is tried again. Never completes inline; once it is
  /// cancelled the listener is not called any more.
  template <asio::completion_token_for<run_signature> Token>
  auto async_run(Token&& token) {
    return isat::detail::erase<run_signature>(std::forward<Token>(token),
                                              [this](handler<run_signature> done) { start(std::move(done)); });
  }

  /// The stream is suspected to be dead: opens another from the last version on, by another server if there is one.
  /// Does nothing within a second of the last attempt and in a pause after a failure. Never calls the listener inline.
  void restart();

 private:
  class state;

  void start(handler<run_signature> done);

  std::shared_ptr<state> state_;
};

}  // namespace isat::inline v0::kubernetes

#if ISAT_HEADER_ONLY
#include "isat/kubernetes/watch/impl/reflector.ipp"
#endif
