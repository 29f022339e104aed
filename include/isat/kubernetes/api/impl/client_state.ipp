// SPDX-License-Identifier: BSL-1.0

// The bodies of detail/client_state.hpp. Compiled into the library, or included by that header; never by itself.
#pragma once

#include "isat/detail/backoff.hpp"
#include "isat/detail/random_number.hpp"
#include "isat/kubernetes/api/detail/api_call.hpp"
#include "isat/kubernetes/api/detail/client_state.hpp"
#include "isat/kubernetes/api/server_discovery.hpp"
#include "isat/kubernetes/error.hpp"

#include <boost/asio/error.hpp>

#include <algorithm>
#include <utility>

namespace isat::inline v0::kubernetes::detail {

ISAT_INLINE client_state::client_state(asio::any_io_executor where, cluster_config what, api_client_options how)
    : executor{std::move(where)},
      cluster{std::move(what)},
      options{std::move(how)},
      servers{isat::detail::random_number()},
      tls{cluster, [this](std::string_view text) { warn(text); }},
      names{std::make_shared<address_book>(system_lookup(executor))},
      identities{executor, cluster.user, [this](std::string_view text) { warn(text); }},
      outage_{options.outage_min} {
  for (const auto& url : cluster.servers) add_server(url);
}

ISAT_INLINE client_state::~client_state() = default;

// The number of a server, which is added if it is new.
ISAT_INLINE std::size_t client_state::number_of(server_url url) {
  const auto same = [&url](const server_url& known) { return known.text == url.text; };
  const auto found = std::find_if(urls.begin(), urls.end(), same);
  if (found != urls.end()) return static_cast<std::size_t>(found - urls.begin());
  if (const auto number = free_number()) {
    kept.drop(*number);
    servers.renew(*number);
    urls[*number] = std::move(url);
    return *number;
  }
  urls.push_back(std::move(url));
  return servers.add();
}

// That of a server which is not listed any more and which no request knows.
ISAT_INLINE std::optional<std::size_t> client_state::free_number() const {
  for (const std::size_t number : discovered_) {
    const auto knows = [number](const auto& call) { return call->knows(number); };
    if (!servers.is_listed(number) && std::none_of(calls.begin(), calls.end(), knows)) return number;
  }
  return std::nullopt;
}

ISAT_INLINE void client_state::add_server(std::string_view url) {
  auto parsed = parse_server_url(url);
  if (!parsed) {
    if (url_failure.empty()) url_failure = std::move(parsed).error().message;
    return;
  }
  const std::size_t number = number_of(*std::move(parsed));
  discovered_.erase(number);
  servers.set_listed(number, true);
}

ISAT_INLINE void client_state::start(api_request what, api_client::piece_function on_piece,
                                     handler<api_client::response_signature> done) {
  const auto call = std::make_shared<api_call>(*this, std::move(what), std::move(on_piece));
  calls.insert(call);
  call->start(std::move(done));
}

ISAT_INLINE void client_state::note_end(bool is_good) {
  const auto now = clock::now();
  if (!is_good) return outage_.on_failure(now);
  if (!outage_.on_success(now)) return;
  const auto all = when_back_;  // as they are now
  for (const auto& each : all) {
    if (const auto told = each.lock()) (*told)();
  }
}

ISAT_INLINE std::shared_ptr<void> client_state::when_back(std::function<void()> told) {
  std::erase_if(when_back_, [](const auto& each) { return each.expired(); });
  auto handle = std::make_shared<std::function<void()>>(std::move(told));
  when_back_.push_back(handle);
  return handle;
}

// ---- Servers that the cluster names ----

ISAT_INLINE client_state::clock::duration client_state::period_over(int divisor) const {
  const auto pause = isat::detail::spread(options.discovery_period / divisor, isat::detail::random_number());
  return std::chrono::duration_cast<clock::duration>(pause);
}

ISAT_INLINE void client_state::note_trouble() {
  constexpr int hurry = 20;
  ask_at_ = std::min(ask_at_, asked_at_ + period_over(hurry));
}

ISAT_INLINE void client_state::note_answer() {
  const bool is_wanted = options.discovery_period > std::chrono::nanoseconds{} && !is_discovering_;
  if (!is_wanted || clock::now() < ask_at_) return;
  is_discovering_ = true;
  const auto ask = [life = weak_from_this()](api_request what, handler<api_client::response_signature> done) {
    if (const auto self = life.lock()) self->start(std::move(what), {}, std::move(done));
  };
  start_discovery(ask, executor, [life = weak_from_this()](error_code error, const std::vector<std::string>& found) {
    const auto self = life.lock();
    if (self != nullptr && error != asio::error::operation_aborted) self->on_discovered(error, found);
  });
}

ISAT_INLINE void client_state::on_discovered(error_code error, const std::vector<std::string>& found) {
  constexpr int soon = 5;
  is_discovering_ = false;
  asked_at_ = clock::now();
  ask_at_ = asked_at_ + period_over(!error || error == error::forbidden ? 1 : soon);
  if (!error) take_servers(found);
  if (options.on_discovery) options.on_discovery(error, found);
}

// A list without any is of a cluster in trouble.
ISAT_INLINE void client_state::take_servers(const std::vector<std::string>& found) {
  std::vector<server_url> listed;
  for (const auto& url : found) {
    if (auto parsed = parse_server_url(url)) listed.push_back(*std::move(parsed));
  }
  if (listed.empty()) return;
  // What has gone comes first: new ones may have its numbers.
  for (const std::size_t number : discovered_) {
    const auto same = [this, number](const server_url& each) { return each.text == urls[number].text; };
    const bool is_listed = std::any_of(listed.begin(), listed.end(), same);
    servers.set_listed(number, is_listed);
    if (!is_listed) kept.drop(number);
  }
  for (auto& url : listed) {
    const std::size_t before = urls.size();
    if (number_of(std::move(url)) == before) discovered_.insert(before);
  }
}

ISAT_INLINE void client_state::warn(std::string_view text) const {
  if (options.on_warning) options.on_warning(text);
}

ISAT_INLINE void client_state::shut_down() {
  const auto ending = std::exchange(calls, {});
  for (const auto& each : ending) each->abort();
  kept.clear();
  names->close();
}

}  // namespace isat::inline v0::kubernetes::detail
