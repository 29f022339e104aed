// SPDX-License-Identifier: BSL-1.0

// The program with which the kernel sorts out frames before it queues them for a packet socket: only whole
// Ethernet/IPv4 ARP requests and replies pass, so that other traffic costs this process nothing. It is an optimisation
// and no judge: wire::parse refuses everything that this refuses, and more. It says nothing of destinations or targets.
#pragma once

#include "isat/wire/frame.hpp"

#include <array>
#include <cstdint>
#include <linux/filter.h>

namespace isat::inline v0::transport {

/// Classic BPF over a frame from its Ethernet destination on. The EtherType is not looked at: the socket is bound to
/// ARP, and the kernel has taken VLAN tags off by then. Passed frames pass whole, because a shorter snapshot would hide
/// their length on the wire.
/// @see RFC 826, "Packet format"
inline constexpr std::array<sock_filter, 10> arp_filter{{
    {BPF_LD | BPF_W | BPF_LEN, 0, 0, 0},
    {BPF_JMP | BPF_JGE | BPF_K, 0, 7, wire::arp_frame_size},
    {BPF_LD | BPF_W | BPF_ABS, 0, 0, 14},  // htype, ptype
    {BPF_JMP | BPF_JEQ | BPF_K, 0, 5, 0x0001'0800},
    {BPF_LD | BPF_W | BPF_ABS, 0, 0, 18},  // hlen, plen, oper
    {BPF_JMP | BPF_JEQ | BPF_K, 2, 0, 0x0604'0001},
    {BPF_JMP | BPF_JEQ | BPF_K, 1, 0, 0x0604'0002},
    {BPF_RET | BPF_K, 0, 0, 0},
    {BPF_RET | BPF_K, 0, 0, UINT32_MAX},
    {BPF_RET | BPF_K, 0, 0, 0},
}};

}  // namespace isat::inline v0::transport
