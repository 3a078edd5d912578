# SPDX-License-Identifier: GPL-3.0-or-later
"""Servers of a few lines, for what neither Dovecot nor popd would ever do."""

import socket
import threading


class Fake:
    """Listens on IPv4 loopback; each connection is given to `talk(connection, server)`.

    `heard` collects the lines that the server has read with `line`.
    """

    def __init__(self, talk):
        self.talk = talk
        self.heard = []
        self.connections = 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def _serve(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            with connection:
                connection.settimeout(120)
                try:
                    self.talk(connection, self)
                except OSError:
                    pass

    def stop(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join(30)


def line(connection, server):
    """Read one line, octet by octet so that nothing behind it is taken; b"" at the end."""
    octets = b""
    while not octets.endswith(b"\n"):
        one = connection.recv(1)
        if not one:
            return b""
        octets += one
    server.heard.append(octets.strip())
    return octets.strip()


def hang_up_in_handshake(connection, server):
    """Take the client's first octets and close: what an overloaded TLS proxy does."""
    server.heard.append(connection.recv(4096))


def capabilities(*lines):
    """A server that greets, answers CAPA with these lines, QUIT, and refuses all else."""
    def talk(connection, server):
        connection.sendall(b"+OK fake ready\r\n")
        while word := line(connection, server):
            if word.upper() == b"CAPA":
                answer = b"+OK\r\n" + b"".join(one.encode() + b"\r\n" for one in lines) + b".\r\n"
            elif word.upper() == b"QUIT":
                answer = b"+OK bye\r\n"
            else:
                answer = b"-ERR what?\r\n"
            connection.sendall(answer)
            if word.upper() == b"QUIT":
                return
    return talk


def greets(text):
    """A server that says one line and hangs up when the client has answered."""
    def talk(connection, server):
        connection.sendall(text)
        line(connection, server)
    return talk


def silent(connection, server):
    """Accept, and never say a word."""
    while connection.recv(4096):
        pass
