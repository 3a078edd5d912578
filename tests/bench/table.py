# SPDX-License-Identifier: GPL-3.0-or-later
"""Medians and ratios of a case's rounds, as text or markdown.

A ratio is taken within each round, in which the tools ran right after each other; what is shown is
the median of the rounds.  The yardstick is mpop = 1, and larger is better.
"""

import statistics

YARDSTICK = "mpop"
HEADS = ("", "wall s", "speed", "cpu s", "cpu", "peak MiB", "waits")


def median(values):
    values = [value for value in values if value is not None]
    return statistics.median(values) if values else None


def cpu(row):
    return row["user"] + row["sys"]


def ratio(rows, yardstick, measure):
    """How many times less than the yardstick; None without a round in which both ran."""
    pairs = [(a, b) for a, b in zip(rows, yardstick) if a and b]
    return median([measure(b) / max(measure(a), 1e-6) for a, b in pairs])


def summary(rows):
    """{tool: {wall, speed, cpu, cpu_ratio, peak_mib, waits, runs}}"""
    out = {}
    for tool, runs in rows.items():
        done = [run for run in runs if run]
        if done:
            out[tool] = {
                "runs": len(done),
                "wall": median(run["wall"] for run in done),
                "speed": ratio(runs, rows.get(YARDSTICK, []), lambda run: run["wall"]),
                "cpu": median(cpu(run) for run in done),
                "cpu_ratio": ratio(runs, rows.get(YARDSTICK, []), cpu),
                "peak_mib": max(run["peak_kib"] for run in done) / 1024,
                "waits": median(run.get("waits") for run in done),
            }
    return out


def _number(value, form):
    return "-" if value is None else form % value


def _cells(tool, one):
    return [tool, _number(one["wall"], "%.3f"), _number(one["speed"], "%.2f"),
            _number(one["cpu"], "%.3f"), _number(one["cpu_ratio"], "%.2f"),
            _number(one["peak_mib"], "%.1f"), _number(one["waits"], "%d")]


def text(title, summed, notes, markdown=False):
    """One table; the notes say what failed, since a failed run has no time."""
    grid = [_cells(tool, one) for tool, one in summed.items()]
    lines = [("### " if markdown else "") + title, ""] if markdown else [title]
    if markdown:
        lines += ["| " + " | ".join(HEADS) + " |", "|---" + "|---:" * (len(HEADS) - 1) + "|"]
        lines += ["| " + " | ".join(row) + " |" for row in grid]
    else:
        widths = [max(len(row[i]) for row in [HEADS] + grid) for i in range(len(HEADS))]
        lines += ["  " + row[0].ljust(widths[0]) + "".join(
            "  " + cell.rjust(width) for cell, width in zip(row[1:], widths[1:]))
                  for row in [list(HEADS)] + grid]
    lines += ["%s%s: FAILED: %s" % ("\n" if markdown else "  ", tool, note)
              for tool, note in notes.items()]
    return "\n".join(lines) + "\n"
