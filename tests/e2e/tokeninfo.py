# SPDX-License-Identifier: GPL-3.0-or-later
"""The part of an OAuth provider that Dovecot asks: whether a token is good, and whose it is."""

import http.server
import json
import os
import tempfile
import threading
import urllib.parse

SETTINGS = """\
tokeninfo_url = http://127.0.0.1:%d/?access_token=
username_attribute = email
scope = mail
"""

DOVECOT = """\
auth_mechanisms = plain oauthbearer xoauth2
passdb {
  driver = oauth2
  mechanisms = xoauth2 oauthbearer
  args = %s
}
"""


class Tokeninfo:
    """Attributes: tokens, who has which; broken, answer 500; dovecot, what to add to its settings."""

    def __init__(self):
        self.tokens = {}
        self.broken = False
        self.asked = []                         # the tokens, in turn
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        handle, self.path = tempfile.mkstemp(prefix="ao")
        with open(handle, "w", encoding="ascii") as f:
            f.write(SETTINGS % self.server.server_address[1])
        os.chmod(self.path, 0o644)
        self.dovecot = DOVECOT % self.path

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
        os.unlink(self.path)

    def answer(self, token):
        """The status of HTTP, and the answer."""
        self.asked.append(token)
        user = self.tokens.get(token)
        if self.broken:
            return 500, {}
        return (200, {"email": user, "scope": "mail"}) if user else (
            401, {"error": "invalid_token"})

    def _handler(self):
        service = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                query = urllib.parse.urlsplit(self.path).query
                status, fields = service.answer(urllib.parse.parse_qs(query)["access_token"][0])
                body = json.dumps(fields).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        return Handler
