# SPDX-License-Identifier: GPL-3.0-or-later
"""Ports for servers that take no port of their own choice, and for those that are to refuse connections.

A port that is free when it is looked for may be taken when it is used: by a server of another test, or as
the near end of one of the thousands of connections that tests make. So these are none that the system gives to
connections, and each belongs to one test process until that ends: a name among the abstract sockets says so, which
are, as ports are, those of one network.
"""

import functools
import random
import socket

FIRST, LAST = 10_000, 32_000
held = []                               # the names, until this process ends


@functools.cache
def candidates():
    """All ports that may be had; those of connections only where there is little else."""
    with open("/proc/sys/net/ipv4/ip_local_port_range", encoding="ascii") as f:
        low, high = (int(word) for word in f.read().split())
    apart = [port for port in range(FIRST, LAST) if not low <= port <= high]
    return apart if len(apart) > 2000 else list(range(FIRST, LAST))


def is_unused(port):
    for family, everywhere in ((socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::")):
        if family == socket.AF_INET6 and not socket.has_dualstack_ipv6():
            continue
        with socket.socket(family) as sock:
            if family == socket.AF_INET6:
                sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                sock.bind((everywhere, port))
            except OSError:
                return False
    return True


def take(port):
    """Whether it is this process's from now on."""
    name = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    try:
        name.bind("\0ambil-tests-port-%d" % port)
    except OSError:
        name.close()
        return False
    held.append(name)
    return True


def free(count=1):
    """That many ports that nobody listens on, nor will but those whom this process tells of them."""
    found = []
    while len(found) < count:
        port = random.SystemRandom().choice(candidates())
        if take(port) and is_unused(port):
            found.append(port)
    return found
