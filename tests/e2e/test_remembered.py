# SPDX-License-Identifier: GPL-3.0-or-later
"""What earlier runs have learned of a server saves waiting for it; and what if it has changed."""

import contextlib
import os
import sqlite3
import unittest

import popd
import popd_case

# On a line that is long enough, what was not sent together is waited for, however busy the machine is.
MAIL = ("--generate", "6:1K", "--delay-ms", "8")
OTHERS = ("--seed", "9")
DOVECOT = "greeting:+OK Dovecot (Debian) ready."


class Remembered(popd_case.PopdCase):
    def polls(self, *options, times=3, account=None, **more):
        """Idle polls; the last session, as the server counted it."""
        self.serve(*MAIL, *options, **more)
        self.configure(**(account or {}))
        for _ in range(times):
            self.ambil()
        self.assertEqual(len(self.server.sessions(times)), times)
        return self.server.sessions(times)[-1]

    def fact(self, name):
        """What the state says, or None."""
        with contextlib.closing(sqlite3.connect(os.path.join(self.box.home, ".local/state/ambil/home.db"))) as state:
            row = state.execute("SELECT value FROM fact WHERE name = ?", (name,)).fetchone()
        return row and row[0]

    def becomes(self, *options, account=None, **more):
        """The same server, now with other options."""
        self.server.stop()
        self.serve(*MAIL, "--port", str(self.server.port), *options, **more)
        self.configure(**(account or {}))

    def test_capa_goes_with_the_login(self):
        session = self.polls()
        # The login, UIDL, QUIT.
        self.assertEqual(session["waits"], 3, session)
        self.assertEqual(session["verbs"]["CAPA"], 1)
        self.assertEqual(session["notes"], [])

    def test_uidl_goes_with_both_where_it_will_be_read(self):
        session = self.polls(faults=[DOVECOT])
        self.assertEqual(session["waits"], 2, session)
        self.assertEqual(session["verbs"]["CAPA"], 1)

    def test_nothing_goes_with_it_before_the_first_run_has_proved_pipelining(self):
        self.serve(*MAIL, faults=[DOVECOT])
        self.configure()
        for _ in range(2):
            self.box.run("check")
        first, second = self.server.sessions(2)
        self.assertEqual(first["waits"], second["waits"])

    def test_capa_is_asked_once_with_stls(self):
        session = self.polls(tls="starttls")
        self.assertEqual(session["verbs"]["CAPA"], 1, session)
        # STLS, the login (which may come in with the handshake's end), UIDL, QUIT.
        self.assertLessEqual(session["waits"], 4, session)

    def test_on_an_open_line_capa_is_waited_for(self):
        session = self.polls(tls="none")
        self.assertEqual(session["waits"], 4, session)

    def test_without_pipelining_everything_is_waited_for(self):
        session = self.polls("--no-cap", "PIPELINING")
        self.assertEqual(session["max_outstanding"], 1, session)

    def test_a_name_that_differs_each_time_is_none_of_it(self):
        self.polls("--no-cap", "IMPLEMENTATION", "--cap", "IMPLEMENTATION popd one")
        self.becomes("--no-cap", "IMPLEMENTATION", "--cap", "IMPLEMENTATION popd two")
        self.box.write("password", "wrong\n")
        self.box.write_config(self.account(password_file=self.box.write("other", "wrong\n")))
        self.assert_code(self.box.run(), 77)
        self.assertEqual(self.server.sessions(1)[0]["verbs"]["AUTH"], 1)
        self.assertEqual(self.server.count_sessions(), 1)

    def test_a_wrong_password_is_tried_once(self):
        self.polls()
        self.box.write_config(self.account(password_file=self.box.write("other", "wrong\n")))
        self.assert_code(self.box.run(), 77)
        self.assertEqual(self.server.sessions(4)[3]["verbs"]["AUTH"], 1)
        self.assertEqual(self.server.count_sessions(), 4)

    def test_a_login_that_is_gone_costs_one_more_connection(self):
        self.polls()
        self.becomes("--no-verb", "AUTH", "--no-cap", "SASL")
        self.ambil()
        first, second = self.server.sessions(2)
        self.assertEqual((first["verbs"].get("USER"), second["verbs"]["USER"]), (None, 1))
        self.ambil()
        self.assertEqual(self.server.sessions(3)[2]["waits"], 3)
        self.assertEqual(self.server.count_sessions(), 3)
        self.assert_maildir(popd.generated("6:1K"))

    def test_a_server_that_loses_the_login_is_asked_first_from_then_on(self):
        self.polls()
        self.becomes(faults=["pipelining-broken:first@1"], account={"timeout": "3s"})
        self.ambil()
        first, second = self.server.sessions(2)
        self.assertEqual(first.get("user"), None)
        # CAPA, UTF8, the login, UIDL, QUIT: its pipelining has to prove itself anew.
        self.assertEqual(second["waits"], 5, second)
        self.ambil()
        self.assertEqual(self.server.sessions(3)[2]["waits"], 5)
        self.assert_maildir(popd.generated("6:1K"))

    def test_a_server_that_ends_on_it_is_asked_first_from_then_on(self):
        self.polls()
        self.becomes(faults=["close:at=AUTH@1"])
        self.ambil()
        self.ambil()
        self.assertEqual([s["waits"] for s in self.server.sessions(3)[1:]], [5, 5])

    def test_pipelining_that_is_announced_no_more_is_used_no_more(self):
        self.polls()
        self.becomes("--no-cap", "PIPELINING")
        self.ambil()
        self.assertEqual(self.server.count_sessions(), 1)
        self.ambil()
        self.assertEqual(self.server.sessions(2)[1]["max_outstanding"], 1)

    def test_it_is_not_relied_on_elsewhere(self):
        self.polls()
        self.becomes(account={"host": "127.0.0.1"})
        self.ambil()
        # CAPA, UTF8, the login, UIDL, LIST, QUIT: another host may hold other mail, so that is looked at as well.
        self.assertEqual(self.server.sessions(1)[0]["waits"], 6)

    def test_nor_is_pipelining_that_was_proved_elsewhere(self):
        self.polls()
        self.becomes(*OTHERS, faults=["pipelining-broken:first"],
                     account={"host": "127.0.0.1", "timeout": "3s"})
        self.ambil()
        self.assertEqual(self.server.sessions(2)[1]["max_outstanding"], 1)
        self.assert_maildir(popd.generated("6:1K") + popd.generated("6:1K", *OTHERS))

    def test_nor_that_a_server_ends_on_capa(self):
        self.serve(*MAIL, faults=["close:at=CAPA"])
        self.configure()
        for _ in range(2):
            self.ambil()
        self.assertNotIn("CAPA", self.server.sessions(3)[2]["verbs"])
        self.becomes(account={"host": "127.0.0.1"})
        self.ambil()
        self.assertEqual(self.server.sessions(1)[0]["verbs"]["CAPA"], 1)

    def test_a_login_that_is_wanted_and_offered_only_now(self):
        self.polls()
        self.becomes("--sasl", "SCRAM-SHA-256 PLAIN", account={"auth": "scram-sha-256"})
        self.ambil()
        self.assertEqual(self.server.sessions(1)[0]["auth"], "SCRAM-SHA-256")

    def test_a_wrong_password_is_tried_once_whatever_else_has_changed(self):
        self.polls()
        self.becomes("--cap", "X-NEW")
        self.box.write_config(self.account(password_file=self.box.write("other", "wrong\n")))
        self.assert_code(self.box.run(), 77)
        self.assertEqual(self.server.count_sessions(), 1)

    def test_a_server_that_has_no_capa_any_more_is_asked_again_once(self):
        self.polls()
        self.becomes("--no-capa", "--no-verb", "AUTH")
        for _ in range(2):
            self.ambil()
        self.assertEqual(self.server.count_sessions(), 3)

    def test_a_greeting_that_promises_too_much_is_not_believed_again(self):
        self.polls(faults=[DOVECOT])
        self.becomes(*OTHERS, faults=[DOVECOT, "pipelining-broken:login"],
                     account={"timeout": "3s"})
        for _ in range(3):
            self.ambil()
        self.assertEqual(self.server.count_sessions(), 4)
        self.assert_maildir(popd.generated("6:1K") + popd.generated("6:1K", *OTHERS))

    def test_nor_when_a_run_has_no_time_to_find_that_out(self):
        self.polls(faults=[DOVECOT])
        self.becomes(*OTHERS, faults=[DOVECOT, "pipelining-broken:login"], account={"deadline": "3s"})
        self.assert_code(self.box.run(), 75)
        self.configure(deadline="5m")
        self.ambil()
        self.assert_maildir(popd.generated("6:1K") + popd.generated("6:1K", *OTHERS))

    def test_nor_when_the_server_wants_time_between_logins(self):
        self.polls(faults=[DOVECOT])
        self.becomes("--cap", "LOGIN-DELAY 1000", faults=[DOVECOT, "pipelining-broken:login"],
                     account={"timeout": "3s"})
        self.assert_code(self.box.run(), 75)
        self.assertTrue(self.fact("capabilities").startswith("ask "))

    def test_a_server_that_ends_on_what_is_bound_is_logged_in_to_without(self):
        self.serve(*MAIL, "--sasl", "SCRAM-SHA-256-PLUS SCRAM-SHA-256",
                   faults=["err:AUTH:1@1", "close:after=AUTH:1@1"])
        self.configure()
        for _ in range(2):
            self.ambil()
        self.assertEqual([s["auth"] for s in self.server.sessions(3)],
                         [None, "SCRAM-SHA-256", "SCRAM-SHA-256"])

    def test_what_holds_a_secret_is_not_remembered(self):
        self.polls("--cap", "X-ECHO " + popd.PASSWORD)
        self.assertIsNone(self.fact("capabilities"))

    def test_a_login_is_looked_for_by_capa_where_that_has_ended_the_connection(self):
        self.serve(*MAIL, faults=["close:at=CAPA"])
        self.configure()
        self.ambil()
        self.becomes("--sasl", "SCRAM-SHA-256 PLAIN", account={"auth": "scram-sha-256"})
        for _ in range(2):
            self.ambil()
        self.assertEqual([s["verbs"].get("CAPA") for s in self.server.sessions(3)], [None, 1, 1])

    def test_nor_one_of_a_server_that_refuses_what_came_too_early(self):
        self.polls(faults=[DOVECOT])
        self.becomes(faults=[DOVECOT, "err:UIDL@1"])
        self.ambil()
        self.assertEqual(self.server.count_sessions(), 2)

    def test_a_listing_that_went_with_the_login_is_not_asked_for_twice(self):
        self.polls(faults=[DOVECOT])
        self.becomes("--no-cap", "PIPELINING", faults=[DOVECOT])
        self.assert_code(self.box.run("--dry-run"), 0)
        self.assertEqual(self.server.sessions(1)[0]["verbs"]["LIST"], 1)

    def test_a_server_that_cannot_pipeline_any_more_is_found_out(self):
        self.polls()
        self.becomes(*OTHERS, faults=["pipelining-broken:first"], account={"timeout": "3s"})
        self.ambil()
        self.assertEqual(self.server.sessions(3)[2]["max_outstanding"], 1)
        self.assert_maildir(popd.generated("6:1K") + popd.generated("6:1K", *OTHERS))


if __name__ == "__main__":
    unittest.main()
