# SPDX-License-Identifier: GPL-3.0-or-later
"""The plainest possible POP3 client: the oracle that says what a server really sends.

It does nothing but keep octets: poplib would cut lines at 2048 octets and drop some CRs.
"""

import socket
import ssl


class Wire:
    """One session.  With a CA file the connection is TLS from the start."""

    def __init__(self, host, port, ca=None, timeout=60):
        self.sock = socket.create_connection((host, port), timeout)
        if ca:
            context = ssl.create_default_context(cafile=ca)
            self.sock = context.wrap_socket(self.sock, server_hostname=host)
        self.file = self.sock.makefile("rb", buffering=1 << 16)
        self.greeting = self._status("greeting")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.file.close()
        self.sock.close()

    def _status(self, what):
        line = self.file.readline()
        if not line.startswith(b"+OK"):
            raise RuntimeError("%s: %r" % (what, line[:200]))
        return line

    def command(self, text):
        """Send one command and return its status line."""
        self.sock.sendall(text.encode() + b"\r\n")
        if hasattr(socket, "TCP_QUICKACK"):     # else some servers need 40 ms for each message
            self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
        return self._status(text)

    def listing(self, text):
        """Send a command with a reply of many lines; return those, dots removed, CRLF kept."""
        self.command(text)
        out = []
        begins_line = True
        while True:
            piece = self.file.readline()        # ends at LF, whatever stands before it
            if not piece:
                raise RuntimeError("%s: end of stream" % text)
            if begins_line and piece == b".\r\n":
                return out
            if begins_line and piece.startswith(b"."):
                piece = piece[1:]
            out.append(piece)
            begins_line = piece.endswith(b"\r\n")

    def login(self, user, password):
        self.command("USER " + user)
        self.command("PASS " + password)

    def messages(self):
        """Return {UID: octets as sent} of everything the server lists."""
        uids = [line.split() for line in self.listing("UIDL")]
        return {uid.decode(): b"".join(self.listing("RETR " + number.decode()))
                for number, uid in uids}


def lf(octets):
    """The form in which a fetcher stores mail: every CRLF is one LF, all else stays."""
    return octets.replace(b"\r\n", b"\n")
