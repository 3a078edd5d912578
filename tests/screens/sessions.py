# SPDX-License-Identifier: GPL-3.0-or-later
"""The sessions that are replayed, and where their pictures are shown.

A session is a function that plays on a Stage (stage.py); SESSIONS below is the table of them.
"""

HOME = """\
account home {
    host = pop.example.org
    user = anna
    password = "secret"
}
"""
WORK = """\
account work {
    host = mail.example.net
    user = board
    password = "secret"
}
"""
# 21 messages of 5.4 MiB; 3.1 MiB have come when the thirteenth, a small one, is held back.
MANY = [273_595] * 12 + [1_000] + [297_146] * 8


def first(stage):
    """Without a configuration."""
    stage.serve_sample()
    stage.type("ambil fetch pops://anna@pop.example.org --to maildir:~/Mail", until="assword")
    stage.answer("secret")
    stage.picture("first")


def setup(stage):
    """From nothing to the first mail, in two commands."""
    stage.serve_sample("--user", "anna@example.org")
    stage.type("ambil setup anna@example.org", until="^Password for .*:$")
    stage.answer("secret", until=r"\[f\]$")
    stage.answer("f", until=r"\[a\]$")
    stage.answer("a", until=r"\[~/Mail\]:$")
    stage.answer("")
    stage.type("ambil")
    stage.picture("setup")


def second(stage):
    """Two accounts; home has had mail before."""
    stage.serve(users=("anna", "board"), faults=["hold-retr:108"])
    stage.configure(HOME + WORK)
    stage.arrive([700] * 107)
    stage.before("ambil")
    stage.arrive(MANY)
    # The other account is never the last to end.
    stage.type("ambil", until="no new mail")
    stage.let_go()
    stage.finish()
    stage.picture("second")


def running(stage):
    """The same, in the midst of it."""
    stage.serve(faults=["hold-retr:13"])
    stage.configure(HOME)
    stage.arrive(MANY)
    stage.type("ambil", until=r"58 %   12 of 21   3\.1 of 5\.4 MiB")
    stage.picture("running")
    stage.let_go()
    stage.finish()


def many(stage):
    """More accounts than may be at work, and a low window."""
    stage.serve(faults=["hold-retr:2"])
    stage.configure("jobs = 8\n" + "".join(
        HOME.replace("home", "user%02d" % n) for n in range(1, 13)))
    stage.arrive([40_000] * 3)
    stage.type("ambil", size=(5, 80), until=r"(user.* 66 %   1 of 3 .*\n){3}"
               "0 of 12 accounts done   5 more at work   4 waiting")
    stage.picture("many")
    stage.let_go()
    stage.finish()


def refused(stage):
    """A wrong password, and the exit status."""
    stage.serve(password="another")
    stage.configure(HOME)
    stage.type("ambil")
    stage.type("echo $?")
    stage.picture("refused")


def listed(stage):
    """What is on the server."""
    stage.serve_sample()
    stage.configure(HOME)
    stage.type("ambil list home")
    stage.picture("list")


def dry_run(stage):
    """What a fetch would do."""
    stage.serve(users=("anna",))
    stage.configure(HOME)
    stage.arrive([700] * 2)
    stage.before("ambil")
    stage.arrive([2_000, 120_000])
    stage.type("ambil fetch --dry-run")
    stage.picture("dry-run")


def mistakes(stage):
    """What was mistyped."""
    stage.serve()
    stage.configure(HOME + WORK)
    stage.type("ambil fetch hoem")
    stage.type("ambil fecth")
    stage.type("ambil fetch --kepe")
    stage.picture("mistakes")


SESSIONS = [first, setup, second, running, many, refused, listed, dry_run, mistakes]

# Which pictures a file shows, in their order: each is a block that begins with "$ ".
SHOWN = {
    "README": ["second"],
    "man/ambil.1": ["running", "second"],
    "man/ambil-errors.7": ["refused"],
    "man/ambil-setup.7": ["setup"],
}

# What differs from run to run, and is taken out of both before pictures are compared.
VOLATILE = [
    r" +[\d.]+ \S+/s",                  # a rate
    r" +\d+ (s|m|h|d) left",
    r"\d{4}-\d\d-\d\d",             # when a certificate of today ends
    r"(?<=into the keyring: ).*",       # none here, or none in this build
]
