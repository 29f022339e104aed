// SPDX-License-Identifier: BSL-1.0

#include "isat/detail/file_descriptor.hpp"
#include "isat/detail/last_error.hpp"
#include "isat/error.hpp"
#include "service_manager.hpp"

#include <boost/asio/error.hpp>

#include <cstddef>
#include <cstdlib>
#include <sys/socket.h>
#include <sys/un.h>
#include <utility>

namespace speakerd {

namespace {

/// Never waits: who does not take it now has missed it.
isat::error_code send_datagram(std::string_view socket, std::string_view text) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (socket.size() >= sizeof address.sun_path) return boost::asio::error::name_too_long;
  socket.copy(address.sun_path, socket.size());
  if (socket.front() == '@') address.sun_path[0] = '\0';
  const isat::detail::file_descriptor sender{::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
  if (sender.get() < 0) return isat::detail::last_error();
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + socket.size());
  const ssize_t sent = ::sendto(sender.get(), text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT,
                                reinterpret_cast<const sockaddr*>(&address), length);
  return sent < 0 ? isat::detail::last_error() : isat::error_code{};
}

}  // namespace

service_manager::service_manager(const boost::asio::any_io_executor& executor, std::string socket,
                                 std::function<std::string()> lack, const logger& log)
    : socket_{std::move(socket)}, lack_{std::move(lack)}, log_{log}, timer_{executor} {}

void service_manager::start() { look(); }

void service_manager::look() {
  if (socket_.empty()) return;
  std::string lack = lack_();
  if (lack.empty()) {
    if (send("READY=1\nSTATUS=ready")) return;
  } else if (lack != told_ && send("STATUS=" + lack)) {
    told_ = std::move(lack);
  }
  timer_.expires_after(period);
  timer_.async_wait([this](isat::error_code cancelled) {
    if (!cancelled) look();
  });
}

void service_manager::stop() {
  timer_.cancel();
  if (!socket_.empty()) send("STOPPING=1\nSTATUS=handing over");
  socket_.clear();
}

/// @return false if it can be told later
bool service_manager::send(std::string_view news) {
  const isat::error_code error = send_datagram(socket_, news);
  if (!error) return true;
  if (error == boost::asio::error::would_block) return false;
  log_.warn("the service manager cannot be told how this stands", {{"socket", socket_}, {"reason", error.message()}});
  socket_.clear();
  return true;
}

std::string take_notify_socket() {
  const char* const named = std::getenv("NOTIFY_SOCKET");
  std::string socket{named != nullptr ? named : ""};
  ::unsetenv("NOTIFY_SOCKET");
  return socket;
}

}  // namespace speakerd
