// SPDX-License-Identifier: BSL-1.0

#include "address_watch.hpp"
#include "private_network.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <filesystem>
#include <string>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

using namespace std::chrono_literals;
using namespace speakerd;
using isat::error_code;
using isat::ipv4_address;
using isat::test::enter_private_network;
using isat::test::ip;
using isat::test::ip_batch;
using addresses = std::vector<ipv4_address>;
using history = std::vector<addresses>;
using steady = std::chrono::steady_clock;

namespace {

addresses all_of(std::initializer_list<const char*> texts) {
  addresses all;
  for (const char* text : texts) all.push_back(*ipv4_address::parse(text));
  return all;
}

/// A watch of the interface `here`, in a network with another one that is not announced on.
struct watched_host {
  watched_host() {
    REQUIRE(ip("link add here type veth peer name there"));
    REQUIRE(ip("link set dev here up"));
  }

  addresses listed() const { return told.empty() ? addresses{} : told.back(); }
  template <class Condition>
  bool until(Condition condition) {
    const auto end = steady::now() + 10s;
    while (!condition() && steady::now() < end) context.run_one_for(10ms);
    return condition();
  }
  void run_for(std::chrono::nanoseconds time) {
    for (const auto end = steady::now() + time; steady::now() < end;) context.run_one_for(5ms);
  }

  boost::asio::io_context context;
  history told;
  std::vector<error_code> troubles;
  std::size_t reads = 0;
  error_code failure;  // of reading
  address_listener listener{[this](addresses all) { told.push_back(std::move(all)); },
                            [this](error_code error) { troubles.push_back(error); }};
  address_watch watch{context.get_executor(),
                      {*isat::transport::interface_pattern::parse("here")},
                      listener,
                      [this](error_code& error) {
                        ++reads;
                        error = failure;
                        return failure ? std::vector<local_address>{} : local_addresses(error);
                      }};
};

/// The descriptor of the only netlink socket of this process.
int netlink_descriptor() {
  for (const auto& each : std::filesystem::directory_iterator{"/proc/self/fd"}) {
    const int descriptor = std::stoi(each.path().filename().string());
    sockaddr_storage name{};
    socklen_t length = sizeof name;
    if (::getsockname(descriptor, reinterpret_cast<sockaddr*>(&name), &length) == 0 && name.ss_family == AF_NETLINK)
      return descriptor;
  }
  return -1;
}

/// Commands for four thousand changes, after which `here` has ten addresses more.
std::string many_changes() {
  std::string lines;
  for (int i = 0; i < 2000; ++i) lines += "address add 10.1.0.1/32 dev here\naddress del 10.1.0.1/32 dev here\n";
  for (int i = 1; i <= 10; ++i) lines += "address add 10.2.0." + std::to_string(i) + "/32 dev here\n";
  return lines;
}

}  // namespace

TEST_CASE("addresses of announcing interfaces are told at the start and when they come, change or go; others are not") {
  if (!enter_private_network()) return;
  watched_host host;
  REQUIRE(ip("address add 10.0.0.2/24 dev here"));
  REQUIRE(ip("address add 10.0.0.1/24 dev here label here:1"));
  REQUIRE(ip("address add 10.0.0.9/24 dev there"));
  host.watch.start();
  CHECK(host.told == history{all_of({"10.0.0.1", "10.0.0.2"})});
  REQUIRE(ip("address add 10.0.0.3/32 dev here"));
  CHECK(host.until([&] { return host.listed() == all_of({"10.0.0.1", "10.0.0.2", "10.0.0.3"}); }));
  REQUIRE(ip("address flush dev here"));
  CHECK(host.until([&] { return host.listed().empty(); }));
  REQUIRE(ip("link set dev there name here2"));
  REQUIRE(ip("address del 10.0.0.9/24 dev here2"));
  host.run_for(100ms);
  CHECK(host.listed().empty());
  CHECK(host.troubles.empty());
}

TEST_CASE("thousands of changes at once, more than the kernel keeps, are read once") {
  if (!enter_private_network()) return;
  watched_host host;
  host.watch.start();
  CHECK(host.told == history{addresses{}});
  REQUIRE(ip_batch(many_changes()));
  CHECK(host.until([&] { return host.listed().size() == 10; }));
  host.run_for(100ms);
  CHECK(host.reads == 2);
  CHECK(host.troubles.empty());
}

TEST_CASE(
    "thousands of changes in a row are read no more often than every ten milliseconds, and the last one is seen") {
  if (!enter_private_network()) return;
  watched_host host;
  host.watch.start();
  const auto began = steady::now();
  std::atomic<bool> done = false;
  std::thread other{[&] { done = ip_batch(many_changes()); }};
  CHECK(host.until([&] { return host.listed().size() == 10; }));
  other.join();
  CHECK(done);
  host.run_for(100ms);
  CHECK(host.listed().size() == 10);
  CHECK(host.reads <= 2 + static_cast<std::size_t>((steady::now() - began) / address_watch::collecting));
  CHECK(host.troubles.empty());
}

TEST_CASE("what cannot be read is tried again, later each time; what was known holds, and one trouble is told") {
  if (!enter_private_network()) return;
  watched_host host;
  REQUIRE(ip("address add 10.0.0.1/24 dev here"));
  host.watch.start();
  host.failure = boost::asio::error::no_descriptors;
  REQUIRE(ip("address del 10.0.0.1/24 dev here"));
  REQUIRE(host.until([&] { return !host.troubles.empty(); }));
  const auto began = steady::now();
  REQUIRE(host.until([&] { return host.reads == 4; }));
  CHECK(steady::now() - began > 3 * address_watch::retry_min * 3 / 4);  // 0.2 and 0.4 s, a quarter less at most
  CHECK(host.listed() == all_of({"10.0.0.1"}));
  CHECK(host.troubles == std::vector{host.failure});
  host.failure = {};
  CHECK(host.until([&] { return host.listed().empty(); }));
  CHECK(host.troubles == std::vector{error_code{boost::asio::error::no_descriptors}, error_code{}});
  REQUIRE(ip("address add 10.0.0.1/24 dev here"));
  CHECK(host.until([&] { return host.listed() == all_of({"10.0.0.1"}); }));
  CHECK(host.troubles.size() == 2);
}

TEST_CASE("a socket that breaks is told as trouble and replaced, and what changed meanwhile is told") {
  if (!enter_private_network()) return;
  watched_host host;
  host.watch.start();
  // In the socket's place comes what is none, while the kernel goes on telling of the socket.
  const int socket = netlink_descriptor();
  REQUIRE(socket >= 0);
  const int kept = ::dup(socket);
  int pipe[2]{};
  REQUIRE(::pipe(pipe) == 0);
  REQUIRE(::dup2(pipe[0], socket) == socket);
  REQUIRE(ip("address add 10.0.0.1/24 dev here"));
  REQUIRE(host.until([&] { return !host.troubles.empty(); }));
  for (const int each : {kept, pipe[0], pipe[1]}) ::close(each);
  CHECK(host.troubles == std::vector{error_code{boost::asio::error::not_socket}});
  CHECK(host.listed() == all_of({"10.0.0.1"}));
  REQUIRE(ip("address add 10.0.0.2/24 dev here"));
  CHECK(host.until([&] { return host.listed() == all_of({"10.0.0.1", "10.0.0.2"}); }));
  CHECK(host.until([&] { return host.troubles.size() == 2 && !host.troubles.back(); }));
  REQUIRE(ip("address del 10.0.0.2/24 dev here"));
  CHECK(host.until([&] { return host.listed() == all_of({"10.0.0.1"}); }));
}

TEST_CASE("after it was stopped nothing is told and nothing is left to do") {
  if (!enter_private_network()) return;
  watched_host host;
  host.watch.start();
  REQUIRE(ip("address add 10.0.0.1/24 dev here"));
  host.context.run_one_for(5s);  // the news are there, and are being collected
  host.watch.stop();
  host.context.restart();
  host.context.run_for(5s);
  CHECK(host.context.stopped());
  CHECK(host.told == history{addresses{}});
  host.watch.start();
  CHECK(host.told == history{addresses{}, all_of({"10.0.0.1"})});
  host.watch.stop();
}
