# SPDX-License-Identifier: GPL-3.0-or-later
"""A POP3 server in Python whose every answer can be replaced, for what popd cannot do.

An override is a function (session, argument) by verb, or by "GREETING".  It returns octets to
send, or yields them one after the other for as long as the client listens, or raises Close or
Reset.  When the server behaves, overrides are not asked.
"""

import select
import socket
import struct
import threading
import time

CAPABILITIES = ("TOP", "USER", "UIDL", "RESP-CODES", "PIPELINING")


class Close(Exception):
    """End the connection here."""


class Reset(Exception):
    """End it with a TCP reset."""


pause = time.sleep


def stuffed(octets):
    """A stored message as it goes over the wire, with its last dot."""
    lines = octets.replace(b"\n", b"\r\n").split(b"\r\n")
    if lines[-1] == b"":
        lines.pop()
    return b"".join((b"." if line.startswith(b".") else b"") + line + b"\r\n"
                    for line in lines) + b".\r\n"


def lines(*rows):
    """A listing with +OK and dot."""
    return b"+OK\r\n" + b"".join(row + b"\r\n" for row in rows) + b".\r\n"


class Session:
    def __init__(self, server, connection):
        self.server = server
        self.connection = connection
        self.mails = list(server.mails)         # (uid, octets) by number from 1
        self.gone = set()
        self.quit = False
        self.asked = []                         # verbs so far
        self.unread = b""

    def octets(self, argument):
        """The message of this number; numbers change as soon as something is deleted."""
        return self.mails[int(argument) - 1][1]

    def waiting(self, seconds=0.05):
        """Whether the client has sent more than was read by now."""
        return bool(self.unread or select.select([self.connection], [], [], seconds)[0])

    def line(self):
        """The next line of the client; b"" at the end."""
        while b"\n" not in self.unread:
            octets = self.connection.recv(65536)
            if not octets or len(self.unread) > 65536:
                return b""
            self.unread += octets
        line, _, self.unread = self.unread.partition(b"\n")
        return line + b"\n"

    def answer(self, verb, argument):
        """What an honest server says."""
        first = argument.partition(" ")[0]
        number = int(first) if first.isdigit() else 0
        present = 0 < number <= len(self.mails) and number not in self.gone
        if verb == "GREETING":
            return b"+OK scripted\r\n"
        if verb == "CAPA":
            return lines(*(one.encode() for one in self.server.capabilities))
        if verb in ("USER", "PASS", "NOOP", "RSET"):
            return b"+OK\r\n"
        if verb == "STAT":
            return b"+OK %d %d\r\n" % (len(self.mails), sum(len(m) for _, m in self.mails))
        if verb in ("UIDL", "LIST"):
            column = [uid if verb == "UIDL" else b"%d" % len(octets) for uid, octets in self.mails]
            if argument:
                return b"+OK %d %s\r\n" % (number, column[number - 1]) if present else b"-ERR\r\n"
            return lines(*(b"%d %s" % row for row in enumerate(column, 1)
                           if row[0] not in self.gone))
        if verb == "RETR" and present:
            return b"+OK\r\n" + stuffed(self.mails[number - 1][1])
        if verb == "TOP" and present:
            return b"+OK\r\n" + stuffed(self.mails[number - 1][1].partition(b"\n\n")[0] + b"\n\n")
        if verb == "DELE" and present:
            self.gone.add(number)
            return b"+OK\r\n"
        if verb == "QUIT":
            self.commit()
            self.quit = True
            return b"+OK\r\n"
        return b"-ERR what?\r\n"

    def commit(self):
        """Deletions become real."""
        gone = [self.mails[number - 1] for number in self.gone]
        self.server.mails = [one for one in self.server.mails if one not in gone]

    def send(self, what):
        if isinstance(what, bytes):
            self.connection.sendall(what)
            return
        for octets in what:
            self.connection.sendall(octets)

    def serve(self):
        self.turn("GREETING", "")
        while not self.quit:
            line = self.line()
            if not line:
                return
            self.server.heard.append(line.rstrip(b"\r\n"))
            verb, _, argument = line.decode("latin-1").strip().partition(" ")
            self.turn(verb.upper(), argument)

    def turn(self, verb, argument):
        self.asked.append(verb)
        override = self.server.overrides.get(verb) if self.server.evil else None
        self.send(override(self, argument) if override else self.answer(verb, argument))


class Server:
    """`mails` are octets, or pairs of a UID and octets."""

    tls = "none"

    def __init__(self, mails, overrides, capabilities=CAPABILITIES):
        self.mails = [one if isinstance(one, tuple) else (b"uid-%04d" % n, one)
                      for n, one in enumerate(mails, 1)]
        self.overrides = overrides
        self.capabilities = capabilities
        self.evil = True
        self.heard = []
        self.connections = 0
        self.open = set()
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=16)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            self.open.add(connection)
            threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    def _talk(self, connection):
        connection.settimeout(60)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        session = Session(self, connection)
        try:
            session.serve()
        except Reset:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        except (Close, OSError, ValueError):
            pass
        finally:
            connection.close()
            self.open.discard(connection)

    def mailbox(self):
        return [octets for _, octets in self.mails]

    def behave(self):
        self.evil = False
        self.heard.clear()

    def stop(self):
        try:
            self.listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.listener.close()
        for connection in list(self.open):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
