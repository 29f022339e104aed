// SPDX-License-Identifier: BSL-1.0

// What systemd hears, on real datagram sockets in its place.

#include "isat/detail/file_descriptor.hpp"
#include "log_pipe.hpp"
#include "systemd_notice.hpp"

#include <boost/asio/io_context.hpp>
#include <doctest/doctest.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <string>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <utility>
#include <vector>

using namespace speakerd;
using namespace std::chrono_literals;

namespace {

using strings = std::vector<std::string>;

/// Listens as systemd does, at a path or at an abstract name.
class listener {
 public:
  explicit listener(bool is_abstract) {
    std::array<char, 32> folder{"/tmp/isat-notify-XXXXXX"};
    REQUIRE(::mkdtemp(folder.data()) != nullptr);
    folder_ = folder.data();
    name = (is_abstract ? "@" : "") + folder_ + "/socket";
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    name.copy(address.sun_path, sizeof address.sun_path - 1);
    if (is_abstract) address.sun_path[0] = '\0';
    const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
    socket_ = isat::detail::file_descriptor{::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
    REQUIRE(::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&address), length) == 0);
  }
  ~listener() {
    ::unlink(name.c_str());
    ::rmdir(folder_.c_str());
  }
  listener(const listener&) = delete;
  listener& operator=(const listener&) = delete;

  /// What has come since the last call.
  strings heard() {
    strings all;
    std::array<char, 512> buffer{};
    for (ssize_t got = 0; (got = ::recv(socket_.get(), buffer.data(), buffer.size(), 0)) >= 0;) {
      all.emplace_back(buffer.data(), static_cast<std::size_t>(got));
    }
    return all;
  }

  std::string name;

 private:
  std::string folder_;
  isat::detail::file_descriptor socket_;
};

/// A run that lacks what a test says, and the log of it.
struct laboratory {
  explicit laboratory(std::string socket)
      : notice{context.get_executor(), std::move(socket), [this] { return lack; }, log} {}
  /// Runs until `condition` holds.
  template <class Condition>
  bool until(Condition condition) {
    const auto end = std::chrono::steady_clock::now() + 5s;
    while (!condition()) {
      if (std::chrono::steady_clock::now() > end) return false;
      context.restart();
      context.run_for(5ms);
    }
    return true;
  }

  boost::asio::io_context context{1};
  log_pipe pipe;
  logger log{pipe.in.get(), log_level::debug, log_format::text, {}};
  std::string lack = "nothing is there yet";
  systemd_notice notice;
};

}  // namespace

TEST_CASE("systemd hears what a run lacks whenever that changes, and once that it is ready and that it ends") {
  for (const bool is_abstract : {false, true}) {
    CAPTURE(is_abstract);
    listener systemd{is_abstract};
    laboratory l{systemd.name};
    l.notice.start();
    CHECK(systemd.heard() == strings{"STATUS=nothing is there yet"});
    const std::array<std::array<std::string, 2>, 4> course{{{"a little", "STATUS=a little"},
                                                            {"", "READY=1\nSTATUS=ready"},
                                                            {"more", "STATUS=more"},
                                                            {"", "STATUS=ready"}}};
    for (const auto& [lack, news] : course) {
      l.lack = lack;
      strings heard;
      CHECK(l.until([&] { return !(heard = systemd.heard()).empty(); }));
      CHECK(heard == strings{news});
    }
    l.notice.stop("handing over");
    l.notice.stop("the speaker cannot go on: Operation canceled");
    CHECK(l.until([&] { return l.context.stopped(); }));  // it looks no more
    CHECK(systemd.heard() == strings{"STOPPING=1\nSTATUS=handing over"});
    CHECK(l.pipe.text().empty());
  }
}

TEST_CASE("a run that ends before it is ready says why, in one line, and looks no more") {
  listener systemd{false};
  laboratory l{systemd.name};
  l.notice.start();
  l.notice.stop("the store cannot be used\nMAINPID=1");
  l.lack.clear();
  CHECK(l.until([&] { return l.context.stopped(); }));
  CHECK(systemd.heard() == strings{"STATUS=nothing is there yet", "STOPPING=1\nSTATUS=the store cannot be used"});
}

TEST_CASE("who is not started by systemd tells nobody") {
  laboratory l{""};
  l.notice.start();
  CHECK(l.context.run() == 0);
  l.notice.stop("handing over");
  CHECK(l.pipe.text().empty());
}

TEST_CASE("a systemd that does not listen costs one warning") {
  for (const std::string& socket : {std::string{"/tmp/isat-nobody"}, std::string{"@isat-nobody"},
                                    std::string{"nonsense"}, "/tmp/" + std::string(200, 'x')}) {
    CAPTURE(socket);
    laboratory l{socket};
    l.notice.start();
    CHECK(l.until([&] { return l.context.stopped(); }));
    l.notice.stop("handing over");
    const std::string logged = l.pipe.text();
    CHECK(logged.find("systemd cannot be told") != std::string::npos);
    CHECK(logged.find('\n') + 1 == logged.size());
  }
}

TEST_CASE("a systemd that is busy hears of it later") {
  listener systemd{true};
  laboratory other{systemd.name};
  for (int count = 0; count < 2000; ++count) {  // more than any system keeps
    other.lack = std::to_string(count);
    other.notice.start();
  }
  laboratory l{systemd.name};
  l.lack.clear();
  l.notice.start();
  strings heard = systemd.heard();
  CHECK(heard.size() < 2000);
  CHECK(heard.back() != "READY=1\nSTATUS=ready");
  CHECK(l.until([&] { return !(heard = systemd.heard()).empty(); }));
  CHECK(heard == strings{"READY=1\nSTATUS=ready"});
}

TEST_CASE("the socket of systemd is taken out of the environment") {
  ::setenv("NOTIFY_SOCKET", "/run/systemd/notify", 1);
  CHECK(take_notify_socket() == "/run/systemd/notify");
  CHECK(std::getenv("NOTIFY_SOCKET") == nullptr);
  CHECK(take_notify_socket().empty());
}
