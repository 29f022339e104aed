// SPDX-License-Identifier: BSL-1.0

#include "api_laboratory.hpp"
#include "isat/election/memory_store.hpp"
#include "isat/kubernetes/error.hpp"
#include "isat/kubernetes/service/address_assigner.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace election = isat::election;
namespace kubernetes = isat::kubernetes;
namespace fake_api = isat::test::fake_api;
using isat::error_code;
using isat::ipv4_address;
using isat::test::api_laboratory;
using kubernetes::assignment_news;
using namespace std::chrono_literals;

namespace {

ipv4_address ip(const char* text) { return ipv4_address::parse(text).value(); }

/// One process: an assigner with its handle on the records.
class process {
 public:
  process(api_laboratory& laboratory, std::shared_ptr<election::memory_records> records, const std::string& node)
      : store_{laboratory.context.get_executor(), std::move(records)} {
    kubernetes::assigner_options options;
    options.node_name = node;
    options.pool = kubernetes::address_pool{{{ip("192.0.2.10"), ip("192.0.2.12")}}};
    options.timing = election::lease_timing::derived_from(100ms);
    options.on_notice = [this](const kubernetes::assigner_notice& each) { notices.push_back(each); };
    assigner.emplace(*laboratory.client, store_, std::move(options));
  }

  void start() {
    assigner->async_run(boost::asio::bind_cancellation_slot(stop_.slot(), [this](error_code e) { result = e; }));
  }
  void stop() { stop_.emit(boost::asio::cancellation_type::terminal); }

  std::size_t told(assignment_news news) const {
    std::size_t count = 0;
    for (const auto& each : notices) {
      const auto* const notice = std::get_if<kubernetes::assignment_notice>(&each);
      if (notice != nullptr && notice->news == news) ++count;
    }
    return count;
  }
  template <class Notice>
  std::ptrdiff_t count() const {
    return std::ranges::count_if(notices, [](const auto& each) { return std::holds_alternative<Notice>(each); });
  }
  const kubernetes::assigner_trouble* trouble() const {
    for (const auto& each : notices) {
      if (const auto* const found = std::get_if<kubernetes::assigner_trouble>(&each)) return found;
    }
    return nullptr;
  }

  std::optional<kubernetes::address_assigner> assigner;
  std::vector<kubernetes::assigner_notice> notices;
  std::optional<error_code> result;

 private:
  election::memory_store store_;
  boost::asio::cancellation_signal stop_;
};

struct cluster {
  void create(const std::string& name) {
    laboratory.server.store().put(R"({"apiVersion":"v1","kind":"Service","metadata":{"name":")" + name +
                                  R"("},"spec":{"type":"LoadBalancer","ports":[{"port":80}]}})");
  }
  /// All addresses that statuses name.
  std::vector<std::string> given() {
    std::vector<std::string> found;
    for (const auto& [key, object] : laboratory.server.store().all()) {
      if (key.kind->plural != "services") continue;
      const auto* const status = object->if_contains("status");
      const auto* const balancer = status != nullptr ? status->as_object().if_contains("loadBalancer") : nullptr;
      const auto* const list = balancer != nullptr ? balancer->as_object().if_contains("ingress") : nullptr;
      if (list == nullptr || !list->is_array()) continue;
      for (const auto& each : list->get_array()) found.emplace_back(each.as_object().at("ip").as_string());
    }
    return found;
  }
  std::size_t claims() const {
    const auto record = records->load("isat-pool-192.0.2.0");
    return record.value ? record.value->notes.size() - 1 : 0;
  }
  bool has(std::size_t addresses) {
    return laboratory.until([&] { return given().size() == addresses && claims() == addresses; });
  }

  api_laboratory laboratory;
  std::shared_ptr<election::memory_records> records = std::make_shared<election::memory_records>();
};

}  // namespace

TEST_CASE("the assigner that leads gives addresses, also to Services that come later, and frees them") {
  cluster c;
  c.create("web");
  process one{c.laboratory, c.records, "node-a"};
  one.start();
  CHECK_FALSE(one.assigner->is_working());
  REQUIRE(c.has(1));
  CHECK(one.assigner->is_working());
  CHECK(one.assigner->claim_count() == 1);
  c.create("dns");
  REQUIRE(c.has(2));
  c.laboratory.server.store().erase("services", "default", "web");
  REQUIRE(c.has(1));
  CHECK(one.told(assignment_news::assigned) == 2);
  REQUIRE(c.laboratory.until([&] { return one.told(assignment_news::freed) == 1; }));
  CHECK(std::holds_alternative<kubernetes::assigner_turn>(one.notices.front()));
  one.stop();
  REQUIRE(c.laboratory.until([&] { return one.result.has_value(); }));
  CHECK(one.result == boost::asio::error::operation_aborted);
  CHECK_FALSE(one.assigner->is_working());
}

TEST_CASE("a status is patched at the version and uid that were read, as a merge patch") {
  cluster c;
  c.create("web");
  const auto before = c.laboratory.server.store().get("services", "default", "web");
  process one{c.laboratory, c.records, "node-a"};
  one.start();
  REQUIRE(c.has(1));
  const auto& log = c.laboratory.server.requests();
  REQUIRE(log.count("patch", "services/status") == 1);
  for (const auto& each : log.all()) {
    if (each.wish.verb != "patch") continue;
    CHECK(each.headers.at("content-type") == "application/merge-patch+json");
    const auto guard = boost::json::parse(each.body).at("metadata");
    CHECK(guard.at("uid") == before->at("metadata").at("uid"));
    CHECK(guard.at("resourceVersion") == before->at("metadata").at("resourceVersion"));
  }
}

TEST_CASE("a successor goes on where the leader stopped, and one of them works at a time") {
  cluster c;
  process one{c.laboratory, c.records, "node-a"};
  process other{c.laboratory, c.records, "node-b"};
  one.start();
  REQUIRE(c.laboratory.until([&] { return one.assigner->is_working(); }));
  other.start();
  c.create("web");
  REQUIRE(c.has(1));
  CHECK_FALSE(other.assigner->is_working());
  one.stop();
  REQUIRE(c.laboratory.until([&] { return other.assigner->is_working(); }));
  CHECK_FALSE(one.assigner->is_working());
  c.create("dns");
  REQUIRE(c.has(2));
  const auto given = c.given();
  CHECK(std::set<std::string>(given.begin(), given.end()).size() == 2);
}

TEST_CASE("a status that cannot be written is told once with the server's words, and written later") {
  cluster c;
  c.create("web");
  c.create("dns");
  c.laboratory.server.faults().add({.verb = "patch",
                                    .resource = "services/status",
                                    .times = 2,
                                    .effect = fake_api::effect::refuse,
                                    .status = 403,
                                    .message = "no right to patch"});
  process one{c.laboratory, c.records, "node-a"};
  one.start();
  REQUIRE(c.has(2));
  REQUIRE(one.trouble() != nullptr);
  CHECK(one.trouble()->task == kubernetes::assigner_task::write_status);
  CHECK(one.trouble()->error == kubernetes::error::forbidden);
  CHECK(one.trouble()->message == "cannot write the status of a Service: no right to patch");
  CHECK(c.laboratory.until([&] { return one.count<kubernetes::assigner_recovery>() == 1; }));
  CHECK(one.count<kubernetes::assigner_trouble>() == 1);
}

TEST_CASE("a patch that comes after its Service was made again is refused by the server") {
  cluster c;
  c.create("web");
  c.laboratory.server.faults().add(
      {.verb = "patch", .resource = "services/status", .effect = fake_api::effect::hold_before});
  process one{c.laboratory, c.records, "node-a"};
  one.start();
  REQUIRE(c.laboratory.until([&] { return c.laboratory.server.held() == 1; }));
  c.laboratory.server.store().erase("services", "default", "web");
  c.create("web");
  REQUIRE(c.has(1));
  c.laboratory.server.release();
  REQUIRE(
      c.laboratory.until([&] { return c.laboratory.server.requests().count("patch", "services/status", 409) == 1; }));
  CHECK(c.has(1));
}

TEST_CASE("an assigner may be ended from within what it tells, and destroyed while it works") {
  cluster c;
  c.create("web");
  std::optional<process> one;
  one.emplace(c.laboratory, c.records, "node-a");
  one->start();
  REQUIRE(c.laboratory.until([&] {
    if (one->told(assignment_news::assigned) > 0) one->stop();
    return one->result.has_value();
  }));
  process other{c.laboratory, c.records, "node-b"};
  other.start();
  REQUIRE(c.laboratory.until([&] { return other.assigner->is_working(); }));
  other.assigner.reset();
  REQUIRE(c.laboratory.until([&] { return other.result.has_value(); }));
}

TEST_CASE("timing that is not sound ends a run at once") {
  cluster c;
  election::memory_store store{c.laboratory.context.get_executor(), c.records};
  kubernetes::assigner_options options;
  options.timing.attempt_timeout = 10s;
  kubernetes::address_assigner assigner{*c.laboratory.client, store, options};
  std::optional<error_code> result;
  assigner.async_run([&](error_code error) { result = error; });
  CHECK_FALSE(result.has_value());
  REQUIRE(c.laboratory.until([&] { return result.has_value(); }));
  CHECK(result == isat::error::unsound_timing);
}
