// SPDX-License-Identifier: BSL-1.0

// The bodies of server_discovery.hpp. Compiled into the library, or included by that header; never by itself.
#pragma once

#include "isat/kubernetes/api/server_discovery.hpp"
#include "isat/kubernetes/detail/json_member.hpp"
#include "isat/kubernetes/error.hpp"

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <boost/system/error_code.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace isat::inline v0::kubernetes::detail {

inline constexpr std::size_t discovered_max = 64;

template <class Function>
void for_each_object(const boost::json::object& object, std::string_view list, Function function) {
  const auto* found = object.if_contains(list);
  const auto* items = found != nullptr ? found->if_array() : nullptr;
  if (items == nullptr) return;
  for (const auto& item : *items) {
    if (const auto* each = item.if_object()) function(*each);
  }
}

// The one named https; 0: there is none.
ISAT_INLINE std::int64_t https_port(const boost::json::object& slice) {
  std::int64_t port = 0;
  for_each_object(slice, "ports", [&port](const boost::json::object& each) {
    if (text_in(each, "name") == "https") port = number_in(each, "port");
  });
  return port > 0 && port < 65536 ? port : 0;
}

ISAT_INLINE void put_url(std::vector<std::string>& urls, std::string_view text, std::int64_t port) {
  boost::system::error_code error;
  const auto address = asio::ip::make_address(std::string{text}, error);
  if (error || port == 0 || urls.size() == discovered_max) return;
  const std::string host = address.is_v6() ? "[" + address.to_string() + "]" : address.to_string();
  urls.push_back("https://" + host + ":" + std::to_string(port));
}

// @see Kubernetes API, EndpointSlice: a condition that is not there is good.
ISAT_INLINE void read_slice(const boost::json::object& slice, std::vector<std::string>& urls) {
  for_each_object(slice, "endpoints", [&](const boost::json::object& endpoint) {
    const auto* ready = object_in(endpoint, "conditions").if_contains("ready");
    if (ready != nullptr && ready->is_bool() && !ready->get_bool()) return;
    const auto* addresses = endpoint.if_contains("addresses");
    const auto* list = addresses != nullptr ? addresses->if_array() : nullptr;
    // Several addresses of one endpoint are the same server.
    if (list == nullptr || list->empty() || !list->front().is_string()) return;
    const auto& text = list->front().get_string();
    put_url(urls, {text.data(), text.size()}, https_port(slice));
  });
}

ISAT_INLINE void read_subset(const boost::json::object& subset, std::vector<std::string>& urls) {
  for_each_object(subset, "addresses", [&](const boost::json::object& address) {
    put_url(urls, text_in(address, "ip"), https_port(subset));
  });
}

ISAT_INLINE error_code read_servers(const std::string& body, std::vector<std::string>& urls) {
  boost::system::error_code error;
  const boost::json::value value = boost::json::parse(body, error);
  const auto* object = error ? nullptr : value.if_object();
  if (object == nullptr) return kubernetes::error::malformed_answer;
  for_each_object(*object, "items", [&urls](const boost::json::object& slice) { read_slice(slice, urls); });
  for_each_object(*object, "subsets", [&urls](const boost::json::object& subset) { read_subset(subset, urls); });
  return {};
}

// One of the two places where the servers are listed, the newer one first.
ISAT_INLINE void ask_for_servers(const ask_function& ask, const asio::any_io_executor& executor, bool older,
                                 handler<discovery_signature> done) {
  api_request request;
  request.target = older ? "/api/v1/namespaces/default/endpoints/kubernetes"
                         : "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices"
                           "?labelSelector=kubernetes.io%2Fservice-name%3Dkubernetes";
  request.answer_max = std::size_t{1} << 20U;
  const auto slot = asio::get_associated_cancellation_slot(done);
  const auto where = asio::get_associated_executor(done, executor);
  auto answered = [ask, executor, older, done = std::move(done)](error_code error,
                                                                 const api_response& response) mutable {
    if (!older && (error == error::not_found || error == error::forbidden)) {
      return ask_for_servers(ask, executor, true, std::move(done));
    }
    std::vector<std::string> urls;
    if (!error) error = read_servers(response.body, urls);
    std::move(done)(error, std::move(urls));
  };
  ask(std::move(request), asio::bind_cancellation_slot(slot, asio::bind_executor(where, std::move(answered))));
}

ISAT_INLINE void start_discovery(const ask_function& ask, const asio::any_io_executor& executor,
                                 handler<discovery_signature> done) {
  ask_for_servers(ask, executor, false, std::move(done));
}

}  // namespace isat::inline v0::kubernetes::detail
