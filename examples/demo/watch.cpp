// SPDX-License-Identifier: BSL-1.0
// The segment's view: asks once per millisecond who has the VIP and notes which MAC answers, and every announcement.
// The question is an RFC 5227 probe (sender address 0.0.0.0), so no neighbour cache learns from it, and its sender MAC
// carries the number of the question, so an answer is counted for the question it belongs to, however late it is read.
#include "instrument.hpp"

#include <arpa/inet.h>
#include <cerrno>
#include <cinttypes>
#include <cstring>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

namespace demo {
namespace {

constexpr nanoseconds tick = 1'000'000;
constexpr nanoseconds stragglers_wait = 100'000'000;

enum tag : std::uint64_t { tag_stop, tag_tick, tag_link };

using mac = std::array<std::uint8_t, 6>;

/// An ARP message for IPv4 in its Ethernet frame, as it lies on the wire.
struct arp_frame {
  mac destination;
  mac source;
  std::uint16_t ethertype;
  std::uint16_t htype;
  std::uint16_t ptype;
  std::uint8_t hlen;
  std::uint8_t plen;
  std::uint16_t oper;
  mac sha;
  std::array<std::uint8_t, 4> spa;
  mac tha;
  std::array<std::uint8_t, 4> tpa;
  std::array<std::uint8_t, 18> padding;
};
static_assert(sizeof(arp_frame) == 60 && alignof(arp_frame) == 2);

constexpr std::size_t unpadded = sizeof(arp_frame) - 18;

/// Locally administered; the last four bytes are the number of the question.
mac mac_of(std::uint64_t number) {
  mac result{0x02, 0x77};
  for (std::size_t at = 0; at < 4; ++at) result[5 - at] = static_cast<std::uint8_t>(number >> (8 * at));
  return result;
}

std::uint64_t number_of(const mac& address) {
  if (address[0] != 0x02 || address[1] != 0x77) return 0;
  std::uint64_t result = 0;
  for (std::size_t at = 2; at < 6; ++at) result = result << 8 | address[at];
  return result;
}

std::string text(const mac& address) {
  std::array<char, 18> result{};
  std::snprintf(result.data(), result.size(), "%02x:%02x:%02x:%02x:%02x:%02x", address[0], address[1], address[2],
                address[3], address[4], address[5]);
  return result.data();
}

struct ask {
  std::uint64_t number;
  nanoseconds sent;
};
struct answer {
  std::uint64_t number;
  nanoseconds received;
  mac from;
};
struct announcement {
  nanoseconds received;
  mac from;
  bool request_form;
};

class watch_run {
 public:
  watch_run(const std::string& interface, const std::string& vip)
      : stop_(stop_signals()),
        link_(checked(::socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), "packet socket")),
        ticker_(tick) {
    const in_addr address = address_of(vip, "0").sin_addr;
    std::memcpy(vip_.data(), &address, vip_.size());
    deepen_queue(link_.value());
    open(interface);
    loop_.add(stop_.value(), tag_stop);
    loop_.add(ticker_.fd(), tag_tick);
    loop_.add(link_.value(), tag_link);
  }

  void run() {
    nanoseconds end = 0;
    while (end == 0 || now() < end) {
      for (const epoll_event& event : loop_.wait(10)) {
        if (event.data.u64 == tag_stop && end == 0) {
          end = now() + stragglers_wait;
          loop_.remove(stop_.value());
        }
        if (event.data.u64 == tag_link) on_link();
        if (event.data.u64 == tag_tick) on_tick(end != 0);
      }
    }
  }

  void write(std::FILE* out) const {
    for (const ask& row : asks_) std::fprintf(out, "ask,%" PRIu64 ",%" PRId64 "\n", row.number, row.sent);
    for (const answer& row : answers_) {
      std::fprintf(out, "answer,%" PRIu64 ",%" PRId64 ",%s\n", row.number, row.received, text(row.from).c_str());
    }
    for (const announcement& row : announcements_) {
      std::fprintf(out, "announce,%" PRId64 ",%s,%s\n", row.received, text(row.from).c_str(),
                   row.request_form ? "request" : "reply");
    }
    std::fprintf(out, "missed,%" PRIu64 "\n", ticker_.missed());
  }

 private:
  void open(const std::string& interface) {
    sockaddr_ll here{};
    here.sll_family = AF_PACKET;
    here.sll_protocol = htons(ETH_P_ARP);
    here.sll_ifindex = static_cast<int>(::if_nametoindex(interface.c_str()));
    if (here.sll_ifindex == 0) die(interface);
    ifreq request{};
    interface.copy(request.ifr_name, IFNAMSIZ - 1);
    if (::ioctl(link_.value(), SIOCGIFHWADDR, &request) != 0) die(interface);
    std::memcpy(own_.data(), request.ifr_hwaddr.sa_data, own_.size());
    packet_mreq everything{};  // answers go to the numbered MACs, which are not this interface's
    everything.mr_ifindex = here.sll_ifindex;
    everything.mr_type = PACKET_MR_PROMISC;
    if (::setsockopt(link_.value(), SOL_PACKET, PACKET_ADD_MEMBERSHIP, &everything, sizeof everything) != 0) {
      die("promiscuous mode");
    }
    if (::bind(link_.value(), reinterpret_cast<const sockaddr*>(&here), sizeof here) != 0) die("bind");
  }

  void on_tick(bool ending) {
    const std::uint64_t number = ticker_.take();
    if (number == 0 || ending) return;
    arp_frame frame{};
    frame.destination.fill(0xff);
    frame.source = own_;
    frame.ethertype = htons(ETH_P_ARP);
    frame.htype = htons(ARPHRD_ETHER);
    frame.ptype = htons(ETH_P_IP);
    frame.hlen = 6;
    frame.plen = 4;
    frame.oper = htons(ARPOP_REQUEST);
    frame.sha = mac_of(number);
    frame.tpa = vip_;
    const nanoseconds sent = now();
    if (::send(link_.value(), &frame, sizeof frame, 0) == sizeof frame) asks_.push_back({number, sent});
  }

  void on_link() {
    arp_frame frame{};
    for (;;) {
      const auto size = ::recv(link_.value(), &frame, sizeof frame, MSG_TRUNC);
      if (size < 0 && (errno == EAGAIN || errno == ENETDOWN)) return;
      if (size < static_cast<std::ptrdiff_t>(unpadded) || frame.spa != vip_) continue;
      if (frame.hlen == 6 && frame.plen == 4) on_message(frame);
    }
  }

  void on_message(const arp_frame& frame) {
    const nanoseconds received = now();
    const std::uint64_t number = frame.oper == htons(ARPOP_REPLY) ? number_of(frame.tha) : 0;
    if (number != 0) {
      answers_.push_back({number, received, frame.sha});
      if (std::exchange(last_answer_, frame.sha) != frame.sha) {
        std::printf("answer %" PRId64 " %s\n", received, text(frame.sha).c_str());
      }
    } else if (frame.tpa == vip_) {
      announcements_.push_back({received, frame.sha, frame.oper == htons(ARPOP_REQUEST)});
      std::printf("announce %" PRId64 " %s\n", received, text(frame.sha).c_str());
    }
  }

  std::array<std::uint8_t, 4> vip_{};
  mac own_{};
  mac last_answer_{};
  descriptor stop_;
  descriptor link_;
  ticker ticker_;
  event_loop loop_;
  std::vector<ask> asks_;
  std::vector<answer> answers_;
  std::vector<announcement> announcements_;
};

}  // namespace

int watch(const arguments& options) {
  const result_file out(options.required("out"));
  watch_run run(options.required("interface"), options.required("vip"));
  be_punctual();
  std::puts("ready");
  run.run();
  run.write(out.stream());
  return 0;
}

}  // namespace demo
