# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests on the scripted server share: each test starts one of its own."""

import harness
import mailstore
import popd


class PopdCase(harness.Case):
    def serve(self, *options, **more):
        """Start the server of this test; it ends with the test."""
        self.server = popd.Popd(*options, **more)
        self.addCleanup(self.server.stop)
        return self.server

    def account(self, name="home", **more):
        tls = {"implicit": {"ca_file": self.server.ca},
               "starttls": {"ca_file": self.server.ca, "tls": "starttls"},
               "none": {"tls": "none", "allow_cleartext_password": True}}[self.server.tls]
        password = self.box.write("password", popd.PASSWORD + "\n")
        return harness.account(name, **{
            "host": "localhost", "ip": None, "port": self.server.port, "user": popd.USER,
            "password_file": password, "received_header": False, **tls, **more})

    def configure(self, **more):
        self.box.write_config(self.account(**more))

    def assert_left(self, mails, note="left on the server"):
        mailstore.assert_same(self, self.server.mailbox(), mails, note)
