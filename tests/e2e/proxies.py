# SPDX-License-Identifier: GPL-3.0-or-later
"""Proxies on loopback: real ones from Debian, and scripted ones that say what is wanted."""

import os
import select
import signal
import socket
import subprocess
import time

import fakes
import needs
import ports

USER = "hanna"
PASSWORD = "p%xy pass"


def await_port(port, process, seconds=60):
    """Wait until somebody listens on it."""
    end = time.monotonic() + seconds
    while time.monotonic() < end and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.02)
    raise RuntimeError("%s does not listen" % process.args[0])


class Real:
    """A program that is a proxy, on a port of its own."""

    def __init__(self, *command, port=None, folder=None):
        self.port = port or ports.free()[0]
        self.process = subprocess.Popen(
            [part.replace("PORT", str(self.port)) for part in command], stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
            cwd=folder)
        try:
            await_port(self.port, self.process)
        except BaseException:
            self.stop()
            raise

    def stop(self):
        """What it has started for each connection ends with it."""
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()


def microsocks(*login):
    return Real(needs.need("microsocks"), "-i", "127.0.0.1", "-p", "PORT", *login)


def tinyproxy(folder, *lines):
    port = ports.free()[0]
    config = os.path.join(folder, "tinyproxy.conf")
    with open(config, "w", encoding="utf-8") as f:
        f.write("\n".join(["Port %d" % port, "Listen 127.0.0.1", "Timeout 60", "LogLevel Error",
                           "LogFile \"%s\"" % os.path.join(folder, "tinyproxy.log"), *lines]) + "\n")
    return Real(needs.need("tinyproxy"), "-d", "-c", config, port=port)


def exactly(connection, count):
    """So many octets, or an error."""
    octets = b""
    while len(octets) < count:
        more = connection.recv(count - len(octets))
        if not more:
            raise OSError("cut")
        octets += more
    return octets


def socks_request(connection):
    """The answers of a SOCKS server without login, up to the request: its kind of address, and it."""
    exactly(connection, exactly(connection, 2)[1])
    connection.sendall(b"\5\0")
    kind = exactly(connection, 4)[3]
    length = {1: 4, 4: 16}.get(kind) or exactly(connection, 1)[0]
    return kind, exactly(connection, length + 2)[:-2]


SOCKS_DONE = b"\5\0\0\1\0\0\0\0\0\0"


def http_request(connection):
    """The header of a request, as lines."""
    octets = b""
    while not octets.endswith(b"\r\n\r\n"):
        octets += exactly(connection, 1)
    return octets.split(b"\r\n")[:-2]


def relay(connection, upstream, heard):
    """Carry octets both ways until one side ends; what the client says is kept."""
    while True:
        ready, _, _ = select.select([connection, upstream], [], [], 120)
        for one in ready:
            octets = one.recv(65536)
            if not octets:
                return
            if one is connection:
                heard.append(octets)
            (upstream if one is connection else connection).sendall(octets)


class Scripted(fakes.Fake):
    """A proxy that leads to one port of this machine, whatever it is asked for.

    `asked` are the requests.  With `glued` its answer and the server's first octets go out in one
    piece.
    """

    def __init__(self, kind, port, glued=False):
        self.asked = []
        self.to = port
        self.glued = glued
        super().__init__(self.socks if kind == "socks5" else self.http)

    def socks(self, connection, _):
        self.asked.append(socks_request(connection))
        self.carry(connection, SOCKS_DONE)

    def http(self, connection, _):
        self.asked.append(http_request(connection))
        self.carry(connection, b"HTTP/1.0 200 Connection established\r\nX: y\r\n\r\n")

    def carry(self, connection, answer):
        with socket.create_connection(("127.0.0.1", self.to)) as upstream:
            if self.glued:
                answer += upstream.recv(4096)
            connection.sendall(answer)
            relay(connection, upstream, self.heard)
