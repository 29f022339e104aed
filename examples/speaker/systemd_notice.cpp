// SPDX-License-Identifier: BSL-1.0

#include "isat/detail/file_descriptor.hpp"
#include "isat/detail/last_error.hpp"
#include "isat/error.hpp"
#include "systemd_notice.hpp"

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

systemd_notice::systemd_notice(const boost::asio::any_io_executor& executor, std::string socket,
                               std::function<std::string()> lack, const logger& log)
    : socket_{std::move(socket)}, lack_{std::move(lack)}, log_{log}, timer_{executor} {}

void systemd_notice::start() { look(); }

void systemd_notice::look() {
  if (socket_.empty()) return;
  std::string lack = lack_();
  const bool is_ready = lack.empty();
  std::string status = is_ready ? "ready" : std::move(lack);
  const bool becomes_ready = is_ready && !was_ready_;
  if (status != told_ && send((becomes_ready ? "READY=1\nSTATUS=" : "STATUS=") + status)) {
    told_ = std::move(status);
    was_ready_ = was_ready_ || is_ready;
  }
  if (socket_.empty()) return;
  timer_.expires_after(was_ready_ ? period_afterwards : period);
  timer_.async_wait([this](isat::error_code cancelled) {
    if (!cancelled) look();
  });
}

void systemd_notice::stop(std::string_view why) {
  timer_.cancel();
  // A second line would be one more word to systemd.
  if (!socket_.empty()) send("STOPPING=1\nSTATUS=" + std::string{why.substr(0, why.find('\n'))});
  socket_.clear();
}

/// @return false if it can be told later
bool systemd_notice::send(std::string_view news) {
  const isat::error_code error = send_datagram(socket_, news);
  if (!error) return true;
  if (error == boost::asio::error::would_block) return false;
  log_.warn("systemd cannot be told how this stands", {{"socket", socket_}, {"reason", error.message()}});
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
