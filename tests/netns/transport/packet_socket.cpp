// SPDX-License-Identifier: BSL-1.0
#include "arp_samples.hpp"
#include "isat/transport/list_links.hpp"
#include "isat/transport/memory_link.hpp"
#include "isat/transport/packet_socket.hpp"
#include "private_network.hpp"
#include "receiver.hpp"

#include <boost/asio/bind_executor.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>
#include <boost/system/error_code.hpp>
#include <doctest/doctest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <linux/capability.h>
#include <linux/if_ether.h>
#include <memory>
#include <optional>
#include <span>
#include <sys/syscall.h>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

using namespace isat;
using namespace isat::test;
using namespace std::chrono_literals;
namespace errc = boost::system::errc;

namespace {

transport::link_state find_link(const std::string& name) {
  error_code error;
  for (auto& link : transport::list_links(error)) {
    if (link.name == name) return link;
  }
  FAIL("no interface " << name);
  return {};
}

/// A cable between `here` (bob's MAC), on which the socket under test is opened, and `there` (alice's).
struct cable {
  cable() {
    REQUIRE(ip("link add here address 02:00:00:00:00:0b type veth peer name there address 02:00:00:00:00:0a"));
    REQUIRE(ip("link set dev here up"));
    REQUIRE(ip("link set dev there up"));
  }

  std::unique_ptr<transport::packet_socket> open(const std::string& name = "here") {
    error_code error;
    auto socket = transport::packet_socket::open(io.get_executor(), find_link(name), error);
    CHECK(!error);
    REQUIRE(socket);
    return socket;
  }

  /// Runs the context until the receive is done; false if that takes too long.
  bool wait(const receiver& for_this, std::chrono::milliseconds bound = 5s) {
    const auto end = std::chrono::steady_clock::now() + bound;
    io.restart();
    while (!for_this.done && std::chrono::steady_clock::now() < end) {
      io.run_one_until(end);
      if (io.stopped()) io.restart();
    }
    return for_this.done;
  }

  /// Starts receives until `count` frames have come in all.
  bool receive(receiver& at, std::size_t count) {
    while (at.frames.size() < count) {
      at.start();
      if (!wait(at) || at.error) return false;
    }
    return true;
  }

  /// Sends `frame` until the receive that was started brings it: for a moment after a link came up, the kernel loses
  /// what is sent on it.
  template <class Frame>
  bool receive_from(const raw_socket& sender, const Frame& frame, const receiver& at) {
    for (int attempt = 0; attempt < 50; ++attempt) {
      if (!sender.send(frame)) return false;
      if (wait(at, 100ms)) return true;
    }
    return false;
  }

  asio::io_context io;
};

/// Takes CAP_NET_RAW out of the effective set while it lives.
class without_net_raw {
 public:
  without_net_raw() {
    REQUIRE(::syscall(SYS_capget, &header_, before_) == 0);
    __user_cap_data_struct lowered[2] = {before_[0], before_[1]};
    lowered[0].effective &= ~(1U << CAP_NET_RAW);
    REQUIRE(::syscall(SYS_capset, &header_, lowered) == 0);
  }
  ~without_net_raw() { ::syscall(SYS_capset, &header_, before_); }
  without_net_raw(const without_net_raw&) = delete;
  without_net_raw& operator=(const without_net_raw&) = delete;

 private:
  __user_cap_header_struct header_{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct before_[2]{};
};

const auto last_request = with_octet(who_has(mac_address::broadcast(), alice), 41, 200);

}  // namespace

TEST_SUITE("netns/transport/packet_socket") {
  TEST_CASE("frames go both ways, in batches and in order") {
    if (!enter_private_network()) return;
    cable net;
    const auto here = net.open("here");
    const auto there = net.open("there");
    CHECK(here->link().name == "here");
    CHECK(here->link().mac == bob);
    for (const bool forth : {true, false}) {
      auto& from = forth ? *here : *there;
      auto& to = forth ? *there : *here;
      std::vector<octet_string> frames;
      for (int i = 0; i < 64; ++i)
        frames.push_back(with_octet(who_has(mac_address::broadcast(), from.link().mac), 41, i));
      const std::vector<std::span<const std::byte>> batch(frames.begin(), frames.end());
      error_code error;
      CHECK(from.try_send(batch, error) == 64);
      CHECK(!error);
      receiver at{to};
      REQUIRE(net.receive(at, 64));
      CHECK(at.last == 64);
      for (std::size_t i = 0; i < 64; ++i) CHECK(at.frames[i] == copied_frame{frames[i], 42, false});
      receiver at_sender{from};
      at_sender.start();
      net.io.poll();
      CHECK_MESSAGE(!at_sender.done, "own frames are not heard");
      at_sender.cancel(asio::cancellation_type::terminal);
      CHECK(net.wait(at_sender));
    }
  }

  TEST_CASE("of every kind of frame the socket gives what the memory link gives, less what is malformed") {
    if (!enter_private_network()) return;
    cable net;
    const auto here = net.open();
    const raw_socket unfiltered{"here", ETH_P_ARP};
    const raw_socket there{"there", 0};
    for (const auto& sample : frame_samples(bob, alice)) {
      CAPTURE(sample.name);
      transport::memory_link link{net.io.get_executor()};
      const auto memory = link.attach("here", bob);
      receiver in_memory{*memory};
      link.send(sample.frame);
      link.send(last_request);
      REQUIRE(net.receive(in_memory, sample.is_arp ? 2 : 1));

      REQUIRE(there.send(sample.frame));
      REQUIRE(there.send(last_request));
      receiver in_kernel{*here};
      const bool passes = sample.is_arp && sample.well_formed;
      REQUIRE(net.receive(in_kernel, passes ? 2 : 1));
      CHECK(in_kernel.frames.back().bytes == last_request);
      if (passes) CHECK(in_kernel.frames == in_memory.frames);

      // Without the filter the kernel agrees with the memory link on malformed frames too.
      std::vector<copied_frame> raw;
      int kind = 0;
      for (auto frame = unfiltered.receive(&kind); !frame.empty(); frame = unfiltered.receive(&kind)) {
        const std::size_t length = frame.size();
        frame.resize(std::min(length, transport::received_bytes_max));
        raw.push_back({frame, length, kind == PACKET_OTHERHOST});
      }
      CHECK(raw == in_memory.frames);
    }
  }

  TEST_CASE("of a 9000-octet frame the first octets arrive and the true length") {
    if (!enter_private_network()) return;
    cable net;
    REQUIRE(ip("link set dev here mtu 9000"));
    REQUIRE(ip("link set dev there mtu 9000"));
    const auto here = net.open();
    const raw_socket there{"there", 0};
    REQUIRE(there.send(with_size(who_has(bob, alice), 9000)));
    receiver at{*here};
    REQUIRE(net.receive(at, 1));
    CHECK(at.frames[0] == copied_frame{with_size(who_has(bob, alice), transport::received_bytes_max), 9000, false});
  }

  TEST_CASE("frames that cannot be sent end their batch, and the next attempt says why") {
    if (!enter_private_network()) return;
    cable net;
    const auto here = net.open();
    struct row {
      const char* name;
      std::size_t size;
      errc::errc_t error;
    };
    for (const auto& row : {row{"too short", 13, errc::invalid_argument}, row{"too long", 2000, errc::message_size}}) {
      CAPTURE(row.name);
      const auto good = who_has(alice, bob);
      const auto bad = with_size(good, row.size);
      const std::array<std::span<const std::byte>, 3> batch{good, bad, good};
      error_code error;
      CHECK(here->try_send(batch, error) == 1);
      CHECK(error == asio::error::would_block);
      CHECK(here->try_send(std::span{batch}.subspan(1), error) == 0);
      CHECK(error == row.error);
    }
    error_code error = asio::error::fault;
    CHECK(here->try_send({}, error) == 0);
    CHECK(!error);
  }

  TEST_CASE("frames that find the queue full are counted") {
    if (!enter_private_network()) return;
    cable net;
    const auto here = net.open();
    const auto there = net.open("there");
    const auto frame = who_has(bob, alice);
    const std::vector<std::span<const std::byte>> batch(64, frame);
    CHECK(here->statistics().receive_drops == 0);
    std::size_t sent = 0;
    error_code error;
    // Far more than the largest queue that a privileged process gets.
    while (sent < 100'000 && !error) sent += there->try_send(batch, error);
    REQUIRE(!error);
    const auto drops = here->statistics().receive_drops;
    CHECK(drops > 0);
    CHECK_MESSAGE(here->statistics().receive_drops == drops, "reading the counter does not reset it");
    receiver at{*here};
    CHECK(net.receive(at, sent - drops));
    CHECK(at.frames.size() == sent - drops);
    // Again, so that the counts of two readings have to be added up.
    while (sent < 200'000 && !error) sent += there->try_send(batch, error);
    const auto more = here->statistics().receive_drops;
    CHECK(more > drops);
    CHECK(net.receive(at, sent - more));
    CHECK(at.frames.size() == sent - more);
  }

  TEST_CASE("a link that goes down is told once, and frames come again after it is back") {
    if (!enter_private_network()) return;
    cable net;
    const auto here = net.open();
    receiver at{*here};
    at.start();
    net.io.poll();
    REQUIRE(ip("link set dev here down"));
    REQUIRE(net.wait(at));
    CHECK(at.error == asio::error::network_down);
    CHECK(send_one(*here, who_has(alice, bob)) == asio::error::network_down);
    at.start();
    net.io.restart();
    net.io.poll();
    CHECK_MESSAGE(!at.done, "the second receive waits");
    REQUIRE(ip("link set dev here up"));
    const raw_socket there{"there", 0};
    REQUIRE(net.receive_from(there, who_has(bob, alice), at));
    CHECK(!at.error);
    CHECK_FALSE(at.frames.empty());
    CHECK(!send_one(*here, who_has(alice, bob)));
  }

  TEST_CASE("a socket opened on a link that is down works once that is up") {
    if (!enter_private_network()) return;
    cable net;
    REQUIRE(ip("link set dev here down"));
    const auto here = net.open();
    receiver at{*here};
    at.start();
    REQUIRE(net.wait(at));
    CHECK(at.error == asio::error::network_down);
    REQUIRE(ip("link set dev here up"));
    const raw_socket there{"there", 0};
    at.start();
    CHECK(net.receive_from(there, who_has(bob, alice), at));
    CHECK(!at.error);
  }

  TEST_CASE("a deleted interface is no such device, and its pending receive can be cancelled") {
    if (!enter_private_network()) return;
    cable net;
    const auto here = net.open();
    REQUIRE(ip("link del dev here"));
    receiver at{*here};
    at.start();
    REQUIRE(net.wait(at));
    CHECK(at.error == errc::no_such_device);
    CHECK(send_one(*here, who_has(alice, bob)) == errc::no_such_device);
    at.start();
    net.io.restart();
    net.io.poll();
    CHECK(!at.done);
    at.cancel(asio::cancellation_type::total);
    REQUIRE(net.wait(at));
    CHECK(at.error == asio::error::operation_aborted);
  }

  TEST_CASE("a renamed interface keeps its socket") {
    if (!enter_private_network()) return;
    cable net;
    const auto here = net.open();
    REQUIRE(ip("link set dev here down"));
    REQUIRE(ip("link set dev here name other"));
    REQUIRE(ip("link set dev other up"));
    const raw_socket there{"there", 0};
    REQUIRE(there.send(who_has(bob, alice)));
    receiver at{*here};
    at.start();
    REQUIRE(net.wait(at));
    CHECK(at.error == asio::error::network_down);
    CHECK(net.receive(at, 1));
  }

  TEST_CASE("a pending receive is cancelled by every type, and loses nothing") {
    if (!enter_private_network()) return;
    cable net;
    const auto here = net.open();
    const raw_socket there{"there", 0};
    for (const auto type :
         {asio::cancellation_type::terminal, asio::cancellation_type::partial, asio::cancellation_type::total}) {
      receiver at{*here};
      at.start();
      net.io.restart();
      net.io.poll();
      CHECK(!at.done);
      at.cancel(type);
      REQUIRE(net.wait(at));
      CHECK(at.error == asio::error::operation_aborted);
      REQUIRE(there.send(who_has(bob, alice)));
      CHECK(net.receive(at, 1));
    }
  }

  TEST_CASE("destroying the socket aborts its receive, whether a frame has come or not") {
    if (!enter_private_network()) return;
    cable net;
    const raw_socket there{"there", 0};
    for (const bool arrived : {false, true}) {
      auto here = net.open();
      receiver at{*here};
      at.start();
      net.io.restart();
      net.io.poll();
      if (arrived) REQUIRE(there.send(who_has(bob, alice)));
      here.reset();
      CHECK(!at.done);
      REQUIRE(net.wait(at));
      CHECK(at.error == asio::error::operation_aborted);
      CHECK(at.frames.empty());
    }
  }

  TEST_CASE("destroying the socket aborts a receive whose wait is over but whose handler is still queued") {
    if (!enter_private_network()) return;
    cable net;
    const raw_socket there{"there", 0};
    const auto strand = asio::make_strand(net.io);
    // How many steps it takes until the reactor has looked is Asio's affair, so several are tried.
    for (int steps = 0; steps < 4; ++steps) {
      CAPTURE(steps);
      auto here = net.open();
      std::array<transport::received_frame, 4> slots{};
      std::optional<error_code> result;
      here->async_receive(slots,
                          asio::bind_executor(strand, [&result](error_code error, std::size_t) { result = error; }));
      net.io.restart();
      net.io.poll();
      REQUIRE(there.send(who_has(bob, alice)));
      std::function<void(int)> destroy_after = [&](int left) {
        if (left > 0) {
          asio::post(net.io, [&destroy_after, left] { destroy_after(left - 1); });
        } else {
          asio::post(strand, [&here] { here.reset(); });
        }
      };
      destroy_after(steps);
      net.io.restart();
      net.io.run_for(5s);
      REQUIRE(result);
      CHECK((!*result || *result == asio::error::operation_aborted));
    }
  }

  TEST_CASE("a socket can be destroyed when its context is gone, and a context while a receive is pending") {
    if (!enter_private_network()) return;
    std::unique_ptr<transport::packet_socket> here;
    std::optional<receiver> at;
    {
      cable net;
      here = net.open();
      at.emplace(*here);
      at->start();
      net.io.poll();
      here.reset();
    }
    CHECK(!at->done);
  }

  TEST_CASE("without CAP_NET_RAW the error says so, and an open socket goes on") {
    if (!enter_private_network()) return;
    cable net;
    const auto here = net.open();
    const auto link = find_link("here");
    const raw_socket there{"there", 0};
    const without_net_raw lowered;
    error_code error;
    CHECK(transport::packet_socket::open(net.io.get_executor(), link, error) == nullptr);
    CHECK(error == errc::operation_not_permitted);
    REQUIRE(there.send(who_has(bob, alice)));
    receiver at{*here};
    CHECK(net.receive(at, 1));
    CHECK(!send_one(*here, who_has(alice, bob)));
  }

  TEST_CASE("an interface that does not exist is no such device") {
    if (!enter_private_network()) return;
    cable net;
    auto link = find_link("here");
    link.index = 4711;
    error_code error;
    CHECK(transport::packet_socket::open(net.io.get_executor(), link, error) == nullptr);
    CHECK(error == errc::no_such_device);
  }

  TEST_CASE("not one unfiltered frame is queued while a socket is opened under fire") {
    if (!enter_private_network()) return;
    cable net;
    std::atomic<bool> stop{false};
    const raw_socket there{"there", 0};
    std::thread fire{[&stop, &there] {
      const auto malformed = with_octet(who_has(bob, alice), 18, 255);
      while (!stop) there.send(malformed);
    }};
    const auto link = find_link("here");
    std::size_t heard = 0;
    for (int i = 0; i < 200; ++i) {
      error_code error;
      const auto here = transport::packet_socket::open(net.io.get_executor(), link, error);
      if (!here) break;
      receiver at{*here};
      at.start();
      net.io.restart();
      net.io.poll();
      heard += at.frames.size();
      at.cancel(asio::cancellation_type::terminal);
      net.wait(at);
    }
    stop = true;
    fire.join();
    CHECK(heard == 0);
  }
}
