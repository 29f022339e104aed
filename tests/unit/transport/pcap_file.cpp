// SPDX-License-Identifier: BSL-1.0
#include "arp_samples.hpp"
#include "isat/transport/memory_link.hpp"
#include "isat/transport/pcap_file.hpp"
#include "isat/transport/tracer.hpp"
#include "receiver.hpp"
#include "temporary_directory.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/system/error_code.hpp>
#include <doctest/doctest.h>

#include <bit>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <sys/resource.h>
#include <utility>
#include <vector>

using namespace isat;
using namespace isat::test;

namespace {

/// A place for a capture that goes with the test.
struct scratch {
  temporary_directory folder;
  std::string file() const { return folder / "capture.pcap"; }
};

std::uint32_t u32(const std::string& bytes, std::size_t at) {
  std::uint32_t value = 0;
  REQUIRE(at + sizeof value <= bytes.size());
  std::memcpy(&value, bytes.data() + at, sizeof value);
  return value;
}

}  // namespace

TEST_SUITE("transport/pcap_file") {
  TEST_CASE("a new file holds the header of a capture with nanoseconds over Ethernet") {
    const scratch here;
    std::ofstream{here.file()} << "older content, longer than any header is";
    error_code error;
    const auto file = transport::pcap_file::create(here.file(), error);
    REQUIRE(file);
    CHECK(!error);
    const auto bytes = read_file(here.file());
    REQUIRE(bytes.size() == 24);
    CHECK(u32(bytes, 0) == 0xa1b23c4d);
    CHECK(u32(bytes, 4) == (std::endian::native == std::endian::little ? 0x00040002U : 0x00020004U));
    CHECK(u32(bytes, 8) == 0);
    CHECK(u32(bytes, 12) == 0);
    CHECK(u32(bytes, 16) == 65535);
    CHECK(u32(bytes, 20) == 1);
  }

  TEST_CASE("a record carries the time, what was captured and what was on the wire") {
    using namespace std::chrono_literals;
    const scratch here;
    error_code error;
    auto file = transport::pcap_file::create(here.file(), error);
    REQUIRE(file);
    const auto frame = who_has(bob, alice);
    file->write(std::chrono::system_clock::time_point{1700000000s + 123456789ns}, frame, 9000, error);
    CHECK(!error);
    const auto bytes = read_file(here.file());
    REQUIRE(bytes.size() == 24 + 16 + 42);
    CHECK(u32(bytes, 24) == 1700000000);
    CHECK(u32(bytes, 28) == 123456789);
    CHECK(u32(bytes, 32) == 42);
    CHECK(u32(bytes, 36) == 9000);
    CHECK(std::memcmp(bytes.data() + 40, frame.data(), frame.size()) == 0);
  }

  TEST_CASE("a length that is less than what was captured is mended, and an empty frame has a record too") {
    const scratch here;
    error_code error;
    auto file = transport::pcap_file::create(here.file(), error);
    REQUIRE(file);
    file->write({}, who_has(bob, alice), 1, error);
    file->write({}, {}, 0, error);
    const auto bytes = read_file(here.file());
    REQUIRE(bytes.size() == 24 + 16 + 42 + 16);
    CHECK(u32(bytes, 36) == 42);
    CHECK(u32(bytes, 24 + 16 + 42 + 8) == 0);
  }

  TEST_CASE("a file that cannot be made says why") {
    const scratch here;
    error_code error;
    CHECK(!transport::pcap_file::create(here.file() + "/below-a-missing-folder", error));
    CHECK(error == boost::system::errc::no_such_file_or_directory);
  }

  TEST_CASE("a full disk is an error and leaves whole records only") {
    const scratch here;
    error_code error;
    auto file = transport::pcap_file::create(here.file(), error);
    REQUIRE(file);
    file->write({}, who_has(bob, alice), 42, error);
    REQUIRE(!error);
    // The limit on file sizes stands for the full disk: it cuts the next record short.
    rlimit before{};
    REQUIRE(::getrlimit(RLIMIT_FSIZE, &before) == 0);
    auto* const handled = std::signal(SIGXFSZ, SIG_IGN);
    const rlimit low{24 + 58 + 20, before.rlim_max};
    REQUIRE(::setrlimit(RLIMIT_FSIZE, &low) == 0);
    file->write({}, who_has(bob, alice), 42, error);
    ::setrlimit(RLIMIT_FSIZE, &before);
    std::signal(SIGXFSZ, handled);
    CHECK(error == boost::system::errc::no_space_on_device);
    CHECK(read_file(here.file()).size() == 24 + 58);
    file->write({}, who_has(bob, alice), 42, error);
    CHECK(!error);
    CHECK(read_file(here.file()).size() == 24 + 2 * 58);
  }

  TEST_CASE("a tracer writes straight to a file, and reports the first error once") {
    const scratch here;
    error_code error;
    auto created = transport::pcap_file::create(here.file(), error);
    REQUIRE(created);
    const auto file = std::make_shared<transport::pcap_file>(*std::move(created));
    asio::io_context io;
    transport::memory_link link{io.get_executor()};
    std::vector<error_code> failures;
    transport::tracer traced{link.attach("b", bob),
                             transport::write_to(file, [&](error_code e) { failures.push_back(e); })};
    CHECK(!send_one(traced, who_has(alice, bob)));
    CHECK(read_file(here.file()).size() == 24 + 58);

    rlimit before{};
    REQUIRE(::getrlimit(RLIMIT_FSIZE, &before) == 0);
    auto* const handled = std::signal(SIGXFSZ, SIG_IGN);
    const rlimit low{24 + 58, before.rlim_max};
    REQUIRE(::setrlimit(RLIMIT_FSIZE, &low) == 0);
    CHECK(!send_one(traced, who_has(alice, bob)));
    CHECK(!send_one(traced, who_has(alice, bob)));
    ::setrlimit(RLIMIT_FSIZE, &before);
    std::signal(SIGXFSZ, handled);
    REQUIRE(failures.size() == 1);
    CHECK(failures[0] == boost::system::errc::file_too_large);
    CHECK(!send_one(traced, who_has(alice, bob)));
    CHECK(read_file(here.file()).size() == 24 + 58);
  }
}
