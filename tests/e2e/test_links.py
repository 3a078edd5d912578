# SPDX-License-Identifier: GPL-3.0-or-later
"""Ways to the server: TLS at once, STLS, no TLS, IPv4, IPv6, names; and where passwords come from."""

import os
import unittest

import corpus
import dovecot_case
import harness


def setUpModule():
    dovecot_case.start()


class Links(dovecot_case.DovecotCase):
    def setUp(self):
        super().setUp()
        self.want = self.arrive(corpus.numbered(3))

    def fetch(self, **keys):
        self.configure(**keys)
        self.ambil()
        self.assert_maildir(self.want)

    def session(self):
        """How Dovecot describes this user's login."""
        lines = self.server.log_lines("user=<%s>" % self.user, "Login")
        self.assertEqual(len(lines), 1)
        return lines[0]

    def test_tls_at_once_on_ipv4(self):
        self.fetch(host="127.0.0.1")
        self.assertIn("TLS", self.session())

    def test_tls_at_once_on_ipv6(self):
        self.fetch(host="::1")
        self.assertIn("rip=::1", self.session())

    def test_stls_is_used_before_login(self):
        self.fetch(tls="starttls", port=self.server.pop3)
        self.assertIn("TLS", self.session())

    def test_stls_on_ipv6(self):
        self.fetch(tls="starttls", port=self.server.pop3, host="::1")
        self.assertIn("TLS", self.session())

    def test_no_tls_when_the_account_allows_a_cleartext_password(self):
        self.fetch(tls="none", port=self.server.pop3, allow_cleartext_password=True)
        self.assertNotIn("TLS", self.session())

    def test_no_tls_sends_no_password_unless_allowed(self):
        self.configure(tls="none", port=self.server.pop3)
        result = self.box.run()
        self.assertIn(result.code, (69, 78), str(result))
        self.assertIn("allow-cleartext-password", result.stderr)
        self.assertNotIn("user=<%s>" % self.user, self.server.log_text())

    def test_another_name_can_be_verified_than_the_host(self):
        self.fetch(host="127.0.0.2", tls_host="localhost")

    def test_one_login_is_all_that_a_run_takes(self):
        self.fetch()
        self.session()


class Passwords(dovecot_case.DovecotCase):
    def setUp(self):
        super().setUp()
        self.want = self.arrive(corpus.numbered(1))

    def test_from_a_command(self):
        self.configure(password_file=None, password_command="cat '%s'" % self.password_file)
        self.ambil()
        self.assert_maildir(self.want)

    def test_from_the_configuration(self):
        self.configure(password_file=None, password=dovecot_case.PASSWORD)
        self.ambil()
        self.assert_maildir(self.want)

    def test_from_the_folder_of_credentials(self):
        os.mkdir(self.box.path("credentials"))
        self.box.write("credentials/ambil.home", dovecot_case.PASSWORD)
        self.configure(password_file=None)
        self.ambil(env={"CREDENTIALS_DIRECTORY": self.box.path("credentials")})
        self.assert_maildir(self.want)

    def test_a_command_that_fails_is_an_error_and_nothing_else_is_tried(self):
        self.configure(password_file=None, password_command="false",
                       password=dovecot_case.PASSWORD)
        result = self.box.run()
        self.assert_code(result, 78)
        self.assertIn("password-command", result.stderr)
        self.assertNotIn("user=<%s>" % self.user, self.server.log_text())

    def test_an_empty_password_is_never_sent(self):
        self.box.write("password", "\n")
        self.configure()
        result = self.box.run()
        self.assert_code(result, 78)
        self.assertNotIn("user=<%s>" % self.user, self.server.log_text())


class Urls(dovecot_case.DovecotCase):
    """A POP URL in place of an account, without any configuration."""

    def setUp(self):
        super().setUp()
        self.want = self.arrive(corpus.numbered(2))
        os.mkdir(self.box.path("credentials"))
        for port in self.server.pop3, self.server.pop3s:
            self.box.write("credentials/ambil.%s@localhost+%d" % (self.user, port),
                           dovecot_case.PASSWORD)
        self.env = {"CREDENTIALS_DIRECTORY": self.box.path("credentials"),
                    "SSL_CERT_FILE": self.server.ca}

    def fetch(self, url):
        self.ambil("fetch", url, "--to", "maildir:~/Mail", env=self.env)
        have = [octets.split(b"Subject")[1] for octets in self.maildir()]
        self.assertEqual(sorted(have), sorted(octets.split(b"Subject")[1] for octets in self.want))

    def test_pops_is_tls_at_once(self):
        self.fetch("pops://%s@localhost:%d" % (self.user, self.server.pop3s))

    def test_pop_is_stls(self):
        self.fetch("pop://%s@localhost:%d" % (self.user, self.server.pop3))

    def test_a_second_run_of_the_same_url_fetches_nothing_again(self):
        for _ in range(2):
            self.fetch("pops://%s@localhost:%d" % (self.user, self.server.pop3s))

    def test_each_port_has_a_state_of_its_own(self):
        # Behind another port may be another server.
        for url in ("pops://%s@localhost:%d" % (self.user, self.server.pop3s),
                    "pop://%s@localhost:%d" % (self.user, self.server.pop3)):
            self.ambil("fetch", url, "--to", "maildir:~/Mail", env=self.env)
        self.assertEqual(len(self.maildir()), 2 * len(self.want))
        states = [name for name in os.listdir(os.path.join(self.box.state, "ambil"))
                  if name.endswith(".db")]
        self.assertEqual(sorted(states), sorted("%s@localhost+%d.db" % (self.user, port)
                                                for port in (self.server.pop3, self.server.pop3s)))

    def test_a_password_in_a_url_is_refused(self):
        url = "pops://%s:secret@localhost:%d" % (self.user, self.server.pop3s)
        result = self.box.run("fetch", url, "--to", "maildir:~/Mail", env=self.env)
        self.assert_code(result, 64)
        self.assertNotIn("secret", result.stderr)
        self.assertEqual(self.maildir(), [])


class Files(dovecot_case.DovecotCase):
    """Which configuration file is read."""

    def setUp(self):
        super().setUp()
        self.want = self.arrive(corpus.numbered(1))

    def test_the_option_c_names_a_file_before_and_behind_the_verb(self):
        other = self.box.write("other.conf", self.account())
        self.ambil("-c", other, "fetch")
        self.ambil("fetch", "-c", other)
        self.assert_maildir(self.want)

    def test_the_environment_can_name_a_file(self):
        other = self.box.write("other.conf", self.account())
        self.ambil(env={"AMBIL_CONFIG": other})
        self.assert_maildir(self.want)

    def test_settings_on_top_are_defaults_for_all_accounts(self):
        self.box.write_config(
            harness.settings(deliver="maildir:~/Post", keep=False, ca_file=self.server.ca),
            self.account(ca_file=None))
        self.ambil()
        self.assert_maildir(self.want, "Post")
        self.assert_left([])

    def test_state_is_kept_in_the_folder_that_state_dir_names(self):
        self.box.write_config(harness.settings(state_dir=self.box.path("state")), self.account())
        self.ambil()
        self.assertIn("home.db", os.listdir(self.box.path("state")))
        self.assertFalse(os.path.exists(os.path.join(self.box.state, "ambil", "home.db")))

    def test_a_new_host_name_and_port_do_not_fetch_everything_again(self):
        self.configure()
        self.ambil()
        self.configure(host="127.0.0.1", tls="starttls", port=self.server.pop3)
        self.assert_code(self.box.run(), 0)
        self.assert_maildir(self.want)


if __name__ == "__main__":
    unittest.main()
