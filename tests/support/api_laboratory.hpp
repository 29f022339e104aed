// SPDX-License-Identifier: BSL-1.0

// An api_client and a fake API server on one io_context, and what became of a request: for tests of the client.
#pragma once

#include "fake_api/server.hpp"
#include "isat/kubernetes/api/api_client.hpp"
#include "store_contract.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/io_context.hpp>
#include <doctest/doctest.h>

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace isat::test {

inline constexpr const char* leases_path = "/apis/coordination.k8s.io/v1/namespaces/default/leases";

/// What became of a request or stream.
struct api_outcome {
  bool done = false;
  error_code error;
  kubernetes::api_response response;
  std::vector<std::string> pieces;
  boost::asio::cancellation_signal stop;

  std::string text() const {
    std::string all;
    for (const auto& piece : pieces) all += piece;
    return all;
  }
};

inline kubernetes::api_request read_of(std::string target) {
  kubernetes::api_request request;
  request.target = std::move(target);
  request.timeout = std::chrono::seconds{4};
  return request;
}
inline kubernetes::api_request lease_write(const std::string& name) {
  kubernetes::api_request request;
  request.method = kubernetes::method::post;
  request.target = leases_path;
  request.body = R"({"apiVersion":"coordination.k8s.io/v1","kind":"Lease","metadata":{"name":")" + name + R"("}})";
  return request;
}
inline kubernetes::api_request urgent(kubernetes::api_request request) {
  request.urgency = kubernetes::urgency::urgent;
  return request;
}

/// Makes a key once per program: it is the slowest part.
inline std::shared_ptr<const test_authority> common_authority() {
  static const auto authority = std::make_shared<const test_authority>();
  return authority;
}
inline fake_api::options common_options() {
  fake_api::options how;
  how.authority = common_authority();
  return how;
}

class api_laboratory {
  static auto slotted(const std::shared_ptr<api_outcome>& result) {
    return boost::asio::bind_cancellation_slot(result->stop.slot(),
                                               [result](error_code error, kubernetes::api_response response) {
                                                 CHECK_FALSE(result->done);
                                                 result->done = true;
                                                 result->error = error;
                                                 result->response = std::move(response);
                                               });
  }

 public:
  explicit api_laboratory(fake_api::options how = common_options()) : server{context, std::move(how)} {
    open(server.cluster());
  }

  void open(const kubernetes::cluster_config& cluster, kubernetes::api_client_options options = {}) {
    options.user_agent = "isat-test";
    options.on_warning = [this](std::string_view text) { warnings.emplace_back(text); };
    client.emplace(context.get_executor(), cluster, std::move(options));
  }

  std::shared_ptr<api_outcome> start(kubernetes::api_request request) {
    auto result = std::make_shared<api_outcome>();
    client->async_request(std::move(request), slotted(result));
    CHECK_FALSE(result->done);
    return result;
  }
  std::shared_ptr<api_outcome> stream(kubernetes::api_request request) {
    auto result = std::make_shared<api_outcome>();
    request.target += "?watch=1";
    client->async_stream(
        std::move(request), [result](std::string_view piece) { result->pieces.emplace_back(piece); }, slotted(result));
    CHECK_FALSE(result->done);
    return result;
  }

  bool wait(const std::shared_ptr<api_outcome>& outcome) {
    return run_until(context, [&outcome] { return outcome->done; });
  }
  std::shared_ptr<api_outcome> ask(kubernetes::api_request request) {
    auto result = start(std::move(request));
    REQUIRE(wait(result));
    return result;
  }
  template <class Condition>
  bool until(Condition condition) {
    return run_until(context, std::move(condition));
  }

  boost::asio::io_context context;
  fake_api::server server;
  std::vector<std::string> warnings;
  std::optional<kubernetes::api_client> client;
};

}  // namespace isat::test
