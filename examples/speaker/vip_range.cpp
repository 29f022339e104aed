// SPDX-License-Identifier: BSL-1.0

#include "isat/responder/vip_table.hpp"
#include "text.hpp"
#include "vip_range.hpp"

#include <fmt/format.h>

#include <charconv>
#include <iterator>
#include <map>
#include <optional>
#include <string_view>

namespace speakerd {

namespace {

using isat::ipv4_address;

/// The first address of a range that no host can own. A range is short enough to ask for each.
std::optional<ipv4_address> find_impossible(const vip_range& range) noexcept {
  for (std::size_t offset = 0; offset < range.count(); ++offset) {
    const ipv4_address address = range.at(offset);
    if (!isat::responder::can_be_vip(address)) return address;
  }
  return std::nullopt;
}

/// Words for what can_be_vip() decided.
std::string_view why_impossible(ipv4_address address) noexcept {
  if (address.is_loopback()) return "is a loopback address";
  if (address.is_multicast()) return "is a multicast address";
  if (address.is_broadcast()) return "is the broadcast address";
  if (address.bits() == 0) return "is the unspecified address";
  return address.bits() >> 24 == 0 ? "is in 0.0.0.0/8" : "is no host's address";
}

ipv4_address parse_address(std::string_view text, const setting& value) {
  const std::optional<ipv4_address> address = ipv4_address::parse(text);
  if (address) return *address;
  if (text == value.text) {
    value.from.refuse(quoted(text) + " is no IPv4 address, range A-B or CIDR block");
  }
  value.from.refuse(fmt::format("{} in {} is no IPv4 address", quoted(text), quoted(value.text)));
}

vip_range parse_cidr(std::string_view address, std::string_view length, const setting& value) {
  const ipv4_address first = parse_address(address, value);
  unsigned bits = 0;
  const auto [end, error] = std::from_chars(length.data(), length.data() + length.size(), bits);
  const bool padded = length.size() > 1 && length.front() == '0';
  if (error != std::errc{} || end != length.data() + length.size() || bits > 32 || padded) {
    value.from.refuse(fmt::format("{} has no prefix length from 0 to 32", quoted(value.text)));
  }
  const std::uint32_t host_mask = bits == 0 ? 0xffffffffU : ~(0xffffffffU << (32 - bits));
  const ipv4_address network{first.bits() & ~host_mask};
  if (network != first) {
    value.from.refuse(fmt::format("{} names a host inside a block, write {} for the address or {}/{} for the block",
                                  quoted(value.text), first.to_string(), network.to_string(), bits));
  }
  return {first, ipv4_address{first.bits() | host_mask}, value.text};
}

vip_range parse_shape(const setting& value) {
  const std::string_view text = value.text;
  if (const auto slash = text.find('/'); slash != std::string_view::npos) {
    return parse_cidr(text.substr(0, slash), text.substr(slash + 1), value);
  }
  if (const auto dash = text.find('-'); dash != std::string_view::npos) {
    const ipv4_address first = parse_address(text.substr(0, dash), value);
    const ipv4_address last = parse_address(text.substr(dash + 1), value);
    if (last < first) value.from.refuse(fmt::format("{} ends before it begins", quoted(text)));
    return {first, last, value.text};
  }
  const ipv4_address address = parse_address(text, value);
  return {address, address, value.text};
}

vip_range parse_vip(const setting& value) {
  const vip_range range = parse_shape(value);
  if (range.count() > range_max) {
    value.from.refuse(fmt::format("{} has {} addresses, more than the {} of the largest range", quoted(value.text),
                                  range.count(), range_max));
  }
  if (const auto address = find_impossible(range)) {
    const std::string_view why = why_impossible(*address);
    if (range.count() == 1) value.from.refuse(fmt::format("{} {} and cannot be a VIP", value.text, why));
    value.from.refuse(
        fmt::format("{} cannot be a range of VIPs, for {} {}", quoted(value.text), address->to_string(), why));
  }
  return range;
}

/// Finds an address that is named twice. Keeps the ranges by their first address, so each new one has two neighbours.
class overlap_check {
 public:
  /// @param range must outlive this check
  void add(const vip_range& range, const origin& from) {
    const auto next = seen_.lower_bound(range.first);
    if (next != seen_.end() && next->second->first <= range.last) refuse(range, *next->second, from);
    if (next != seen_.begin() && range.first <= std::prev(next)->second->last) {
      refuse(range, *std::prev(next)->second, from);
    }
    seen_.emplace_hint(next, range.first, &range);
  }

 private:
  [[noreturn]] static void refuse(const vip_range& range, const vip_range& other, const origin& from) {
    if (range.text == other.text) from.refuse(quoted(range.text) + " is given twice");
    const ipv4_address twice = range.first < other.first ? other.first : range.first;
    from.refuse(
        fmt::format("{} is given twice, by {} and by {}", twice.to_string(), quoted(other.text), quoted(range.text)));
  }

  std::map<ipv4_address, const vip_range*> seen_;
};

}  // namespace

std::vector<vip_range> parse_vips(std::span<const setting> values) {
  std::vector<vip_range> ranges;
  ranges.reserve(values.size());  // overlap_check keeps pointers into it
  overlap_check overlaps;
  std::size_t total = 0;
  for (const setting& value : values) {
    overlaps.add(ranges.emplace_back(parse_vip(value)), value.from);
    total += ranges.back().count();
    if (total > vips_max) value.from.refuse(fmt::format("the VIPs up to here are more than {}", vips_max));
  }
  return ranges;
}

std::size_t count_vips(std::span<const vip_range> ranges) noexcept {
  std::size_t total = 0;
  for (const vip_range& range : ranges) total += range.count();
  return total;
}

}  // namespace speakerd
