# SPDX-License-Identifier: BSL-1.0
"""A small network laboratory for the tests and the demo: Python standard library, iproute2 and util-linux only.

sandbox   re-executes a program inside private namespaces, where everything it makes vanishes with it
lab       a bridge with nodes on it, each in a network namespace of its own
frames    hand-made Ethernet and ARP frames, right and wrong ones
wire      packet sockets inside a namespace: send, listen, ask who has an address
inquiry   asks for addresses all the time; what is made of the answers is up to others
census    who answers for many addresses, asked all the time
programs  the speaker and the instruments as child processes
testing   what a test file needs beside these
"""
