# SPDX-License-Identifier: GPL-3.0-or-later
"""The lines of --json, read and held against the schema that is installed with the program.

The validator is the one of Debian's python3-jsonschema. It belongs to the system's python3, which
need not be the one that runs the tests: a process of its own has it, one for a file of tests.
"""

import json
import os
import subprocess
import sys
import unittest

import needs

HERE = os.path.dirname(os.path.abspath(__file__))
SCHEMA = os.path.join(HERE, "..", "..", "man", "ambil.schema.json")

# Each line is answered with a line: a list of what is wrong with it.
VALIDATOR = r"""
import json, sys
from jsonschema import Draft202012Validator
with open(sys.argv[1], encoding="utf-8") as f:
    schema = json.load(f)
Draft202012Validator.check_schema(schema)
whole = Draft202012Validator(schema)

def faults(event):
    name = event.get("event") if isinstance(event, dict) else None
    if whole.is_valid(event):
        return []
    # What the schema says of this event alone: "is valid under none of 18" helps nobody.
    if not isinstance(name, str) or name not in schema["$defs"]:
        return ["no event of the schema"]
    one = Draft202012Validator({"$ref": "#/$defs/" + name, "$defs": schema["$defs"]})
    return [error.message for error in one.iter_errors(event)] or ["valid, but not in oneOf"]

print("ready", flush=True)
for line in sys.stdin:
    print(json.dumps(faults(json.loads(line))), flush=True)
"""


def python_with_jsonschema():
    for python in (sys.executable, "/usr/bin/python3"):
        tried = subprocess.run([python, "-c", "import jsonschema"], stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL, check=False)
        if tried.returncode == 0:
            return python
    return needs.missing_here("jsonschema not found: install the Debian package python3-jsonschema")


class Validator:
    """Says what is wrong with an event."""

    def __init__(self):
        self.process = subprocess.Popen([python_with_jsonschema(), "-c", VALIDATOR, SCHEMA],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        if self.process.stdout.readline() != b"ready\n":
            self.stop()
            raise AssertionError("the schema is not a valid one")

    def stop(self):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()

    def faults(self, event):
        self.process.stdin.write(json.dumps(event).encode() + b"\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())


def start():
    """To be called in setUpModule; ends with the module."""
    EventsCase.validator = Validator()
    unittest.addModuleCleanup(EventsCase.validator.stop)


def twice_named(pairs):
    names = [name for name, _ in pairs]
    if len(names) != len(set(names)):
        raise ValueError("a name stands twice in %r" % names)
    return dict(pairs)


class EventsCase:
    """Beside harness.Case: runs whose output is events."""

    validator = None
    seen = set()

    def events(self, octets):
        """All lines of an output, each one of the schema's events, the last one the end."""
        self.assertTrue(octets.endswith(b"\n"), octets[-200:])
        events = []
        for line in octets.decode("utf-8").split("\n")[:-1]:
            self.assertNotRegex(line, r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")
            event = json.loads(line, object_pairs_hook=twice_named)
            self.assertEqual(self.validator.faults(event), [], line)
            events.append(event)
        self.seen.update(event["event"] for event in events)
        self.assertEqual([n for n, event in enumerate(events) if event["event"] == "end"],
                         [len(events) - 1], octets)
        return events

    def run_json(self, *args, code=0, stderr="", **more):
        """The events of a run but its end, which has the exit code; nothing is said elsewhere."""
        result = self.box.run("--json", *args, **more)
        events = self.events(result.stdout)
        self.assertEqual((result.code, events[-1]["code"]), (code, code), str(result))
        if stderr is not None:
            self.assertEqual(result.stderr, stderr)
        return events[:-1]

    def one(self, events, name):
        found = [event for event in events if event["event"] == name]
        self.assertEqual(len(found), 1, "one %s in %r" % (name, events))
        return found[0]
