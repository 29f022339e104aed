# SPDX-License-Identifier: BSL-1.0
"""ARP over Ethernet, byte by byte: right frames, wrong frames, and what a captured one says. No I/O.

It shares nothing with the library under test, so that a mistake there cannot hide here.
"""
import ipaddress
import struct
from typing import NamedTuple

BROADCAST = "ff:ff:ff:ff:ff:ff"
ZERO = "00:00:00:00:00:00"
ETH_P_ARP = 0x0806
REQUEST, REPLY = 1, 2


def mac_bytes(text):
    return bytes.fromhex(text.replace(":", ""))


def mac_text(raw):
    return raw.hex(":")


def arp(oper, sha, spa, tha, tpa, *, to=BROADCAST, source=None, htype=1, ptype=0x0800, hlen=6, plen=4,
        ethertype=ETH_P_ARP, vlan=None, size=60):
    """A frame of at least `size` bytes, padded with zeros; `source` is the Ethernet source (default: sha)."""
    tag = b"" if vlan is None else struct.pack("!HH", 0x8100, vlan)
    frame = mac_bytes(to) + mac_bytes(source or sha) + tag + struct.pack(
        "!HHHBBH", ethertype, htype, ptype, hlen, plen, oper)
    frame += mac_bytes(sha) + ipaddress.IPv4Address(spa).packed + mac_bytes(tha) + ipaddress.IPv4Address(tpa).packed
    return frame.ljust(size, b"\0")


def who_has(vip, sha, spa="0.0.0.0", **changes):
    """A request for `vip`; with the sender address 0.0.0.0 it is an RFC 5227 probe."""
    return arp(REQUEST, sha, spa, ZERO, vip, **changes)


class Arp(NamedTuple):
    """What a captured ARP frame says."""
    to: str
    source: str
    oper: int
    sha: str
    spa: str
    tha: str
    tpa: str

    def announces(self, vip):
        return self.spa == vip and self.tpa == vip

    def claims(self, vip):
        return self.spa == vip


def parse(frame):
    """The Arp of an untagged, well-formed Ethernet/IPv4 frame, else None."""
    if len(frame) < 42 or frame[12:20] != b"\x08\x06\x00\x01\x08\x00\x06\x04":
        return None
    return Arp(mac_text(frame[0:6]), mac_text(frame[6:12]), int.from_bytes(frame[20:22], "big"),
               mac_text(frame[22:28]), str(ipaddress.IPv4Address(frame[28:32])),
               mac_text(frame[32:38]), str(ipaddress.IPv4Address(frame[38:42])))
