// SPDX-License-Identifier: BSL-1.0

// Builds the bytes of rtnetlink messages for tests, right ones and wrong ones, in the kernel's layout.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <string>
#include <string_view>
#include <vector>

namespace isat::test {

/// One netlink message, or several joined by `+`.
class link_bytes {
 public:
  /// Begins a message about an interface.
  link_bytes& head(unsigned short type, int index, unsigned flags, unsigned short hardware = ARPHRD_ETHER) {
    begin(type);
    ifinfomsg info{};
    info.ifi_index = index;
    info.ifi_flags = flags;
    info.ifi_type = hardware;
    return put(&info, sizeof info);
  }
  link_bytes& family(unsigned char value) { return patch(sizeof(nlmsghdr) + offsetof(ifinfomsg, ifi_family), value); }
  link_bytes& sequence(std::uint32_t value) { return patch(offsetof(nlmsghdr, nlmsg_seq), value); }
  link_bytes& flags(std::uint16_t value) { return patch(offsetof(nlmsghdr, nlmsg_flags), value); }

  /// Adds an attribute; `payload` is taken without a terminating zero.
  link_bytes& attribute(unsigned short type, std::string_view payload) {
    rtattr attribute{static_cast<unsigned short>(sizeof(rtattr) + payload.size()), type};
    put(&attribute, sizeof attribute);
    return put(payload.data(), payload.size());
  }
  link_bytes& name(std::string_view text) {
    std::string terminated{text};
    terminated += '\0';
    return attribute(IFLA_IFNAME, terminated);
  }
  /// 02:00:00:00:00:xx
  link_bytes& mac(char last) { return attribute(IFLA_ADDRESS, std::string{2, 0, 0, 0, 0, last}); }
  link_bytes& own_kind(std::string_view kind) { return nested(IFLA_INFO_KIND, kind); }
  link_bytes& slave_kind(std::string_view kind) { return nested(IFLA_INFO_SLAVE_KIND, kind); }

  /// A whole message that carries a status.
  link_bytes& status(unsigned short type, int value) {
    begin(type);
    return put(&value, sizeof value);
  }
  /// A whole message with any body.
  link_bytes& raw(unsigned short type, std::initializer_list<int> body) {
    begin(type);
    for (const int octet : body) {
      const auto value = static_cast<unsigned char>(octet);
      put_bare(&value, 1);
    }
    return close();
  }

  link_bytes operator+(const link_bytes& next) const {
    link_bytes joined = *this;
    joined.bytes_.insert(joined.bytes_.end(), next.bytes_.begin(), next.bytes_.end());
    return joined;
  }

  const std::vector<std::byte>& bytes() const { return bytes_; }

 private:
  void begin(unsigned short type) {
    nlmsghdr head{};
    head.nlmsg_type = type;
    bytes_.clear();
    put(&head, sizeof head);
  }
  link_bytes& nested(unsigned short type, std::string_view kind) {
    rtattr inner{static_cast<unsigned short>(sizeof(rtattr) + kind.size() + 1), type};
    std::string payload(reinterpret_cast<const char*>(&inner), sizeof inner);
    payload += kind;
    payload += '\0';
    return attribute(IFLA_LINKINFO | NLA_F_NESTED, payload);
  }
  void put_bare(const void* from, std::size_t size) {
    const auto* first = static_cast<const std::byte*>(from);
    bytes_.insert(bytes_.end(), first, first + size);
  }
  link_bytes& put(const void* from, std::size_t size) {
    put_bare(from, size);
    return close();
  }
  // The length of the message counts all but the padding behind its last part.
  link_bytes& close() {
    const auto length = static_cast<std::uint32_t>(bytes_.size());
    std::memcpy(bytes_.data(), &length, sizeof length);
    bytes_.resize((bytes_.size() + 3) & ~std::size_t{3});
    return *this;
  }
  template <class Value>
  link_bytes& patch(std::size_t at, Value value) {
    std::memcpy(bytes_.data() + at, &value, sizeof value);
    return *this;
  }

  std::vector<std::byte> bytes_;
};

}  // namespace isat::test
