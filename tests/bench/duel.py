#!/usr/bin/env python3
"""Mortise beside nginx, HAProxy and Envoy, in paired windows: all peers of a row stay up, short
windows of load alternate between them, and each round gives one ratio. A machine drifts by a fifth
within minutes; neighbouring windows do not.

Ends with 1 when a goal is not met.

duel.py [--rows S3,S4] [--rounds 9] [--peers a,b] [--json]"""

import argparse
import json
import os
import resource
import signal
import statistics
import sys

sys.dont_write_bytecode = True

import lab  # noqa: E402
from goals import ROWS  # noqa: E402
from peers import Peer  # noqa: E402

FRESH = 16_000


def window(row, peer, seconds, warm):
    arguments = list(row.load)
    if row.bearer == "kept":
        arguments += ["--tokens", os.path.join(lab.CERTS, "tokens.txt")]
    if row.bearer == "fresh":
        arguments += ["--signer", lab.CERTS, "--fresh", str(FRESH)]
    return lab.load(peer.port, arguments, peer.pids, seconds, warm, row.rate)


def play(row, names, rounds):
    """All windows of a row: by peer, one entry a round."""
    peers, windows = [], {name: [] for name in names}
    try:
        if row.is_idle:
            # Memory is that of a process which has seen nothing yet.
            for name in names:
                peers.append(Peer(name, 0, row.kind))
                windows[name].append(window(row, peers[-1], row.seconds, row.warm))
                peers.pop().stop()
            return windows
        for place, name in enumerate(names):
            peers.append(Peer(name, place, row.kind))
        for number in range(rounds + 1):
            turn = number % len(peers)
            for peer in peers[turn:] + peers[:turn]:
                figures = window(row, peer, row.seconds, row.warm)
                if number:
                    windows[peer.name].append(figures)
    finally:
        for peer in peers:
            peer.stop()
    return windows


def prepare():
    """Starts the bank; as many files as may be open; whoever ends us ends the peers too."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    os.makedirs(lab.RUN, exist_ok=True)
    return lab.upstream()


def spread(values):
    """Median and quartiles."""
    if len(values) < 2:
        return values[0], values[0], values[0]
    low, middle, high = statistics.quantiles(values, n=4)
    return middle, low, high


def ratios(windows, peer, base, what="cpu_us"):
    pairs = zip(windows[peer], windows[base])
    return [a[what] / b[what] for a, b in pairs]


def table(key, row, windows):
    """The row's peers as Markdown."""
    if row.is_idle:
        lines = [f"### {key}: {row.title}", "", "| peer | KiB for each | RSS before, MiB | errors |", "|---|---|---|---|"]
        for name, all_ in windows.items():
            kib = statistics.median(figures["kib_per_connection"] for figures in all_)
            rss = statistics.median(figures["rss_before_kib"] for figures in all_) / 1024
            lines.append(f"| {name} | {kib:.1f} | {rss:.0f} | {sum(figures['errors'] for figures in all_)} |")
        return "\n".join(lines) + "\n"
    base = row.goals[0].base if row.goals[0].base in windows else next(iter(windows))
    lines = [f"### {key}: {row.title} ({len(windows[base])} rounds)", "",
             f"| peer | CPU µs/request: median (min–max) | × {base}: median (quartiles) | requests/s | "
             "p50 µs | p99 µs | core | full/resumed | bad |", "|" + "---|" * 9]
    for name, all_ in windows.items():
        cpu = [figures["cpu_us"] for figures in all_]
        middle, low, high = spread(ratios(windows, name, base))

        def median(what):
            return statistics.median(figures[what] for figures in all_)

        bad = sum(figures["bad"] + figures["errors"] for figures in all_)
        errors = {figures["error"] for figures in all_ if figures["error"]}
        lines.append(
            f"| {name} | {statistics.median(cpu):.1f} ({min(cpu):.1f}–{max(cpu):.1f}) | "
            f"{middle:.2f} ({low:.2f}–{high:.2f}) | {median('per_second'):.0f} | {median('p50'):.0f} | "
            f"{median('p99'):.0f} | {median('busy'):.2f} | {median('full'):.0f}/{median('resumed'):.0f} | "
            f"{bad} {' '.join(errors)} |")
    return "\n".join(lines) + "\n"


def measured(goal, windows, bare):
    """What a goal speaks of, its `must` and its `aim` in the same unit, and whether it is met."""
    def median(peer, what):
        return statistics.median(figures[what] for figures in windows[peer])

    if goal.what == "rate":
        ratio = spread(ratios(windows, goal.peer, goal.base, "per_second"))[0]
        return ratio, goal.must, goal.aim, ratio >= goal.must
    if goal.what == "p50":
        found = median(goal.peer, "p50") - median(goal.base, "p50")
        must, aim = (times * bare + goal.extra_us for times in (goal.must, goal.aim))
        return found, must, aim, found <= must
    if goal.what in ("kib", "rss"):
        of = {"kib": ("kib_per_connection", 1), "rss": ("rss_before_kib", 1024)}[goal.what]
        found = median(goal.peer, of[0]) / of[1]
        return found, goal.must, goal.aim, found <= goal.must
    ratio = spread(ratios(windows, goal.peer, goal.base))[0]
    return ratio, goal.must, goal.aim, ratio <= goal.must


def warning(row, windows):
    """Whether somebody else took the core while it was to be full: the row is then to be repeated."""
    if row.rate or row.is_idle or row.bearer == "fresh":
        return ""
    busy = statistics.median(figures["busy"] for all_ in windows.values() for figures in all_)
    return f"Disturbed: the gateways had {busy:.2f} of their core. Repeat this row.\n\n" if busy < 0.85 else ""


WORDS = {"cpu": "CPU, {} / {}", "rate": "requests/s, {} / {}", "p50": "p50 in µs, {} − {}",
         "kib": "KiB for each connection, {}", "rss": "MiB at rest, {}"}


def judge(key, row, windows, bare):
    """The row's goals: each with what was measured."""
    judged = []
    for goal in row.goals:
        if goal.peer in windows and (not goal.base or goal.base in windows):
            found, must, aim, met = measured(goal, windows, bare)
            judged.append({"row": key, "what": WORDS[goal.what].format(goal.peer, goal.base), "measured": found,
                           "must": must, "aim": aim, "is_least": goal.what == "rate", "met": met})
    return judged


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rows", default=",".join(ROWS))
    arguments.add_argument("--rounds", type=int, default=9)
    arguments.add_argument("--peers")
    arguments.add_argument("--json", action="store_true")
    options = arguments.parse_args()
    bank = prepare()
    judged, all_ = [], {}
    # Before anything else writes to the disk.
    bare = lab.bare_sync_us()
    try:
        for key in options.rows.split(","):
            row = ROWS[key]
            names = options.peers.split(",") if options.peers else row.peers
            windows = all_[key] = play(row, names, options.rounds)
            judged += judge(key, row, windows, bare)
            if not options.json:
                print(table(key, row, windows), flush=True)
                print(warning(row, windows), end="", flush=True)
    finally:
        bank.stop()
    code = 0 if all(one["met"] for one in judged) else 1
    if options.json:
        print(json.dumps({"goals": judged, "windows": all_}))
        sys.exit(code)
    print("| row | what | measured | must | aim | |\n|---|---|---|---|---|---|")
    for one in judged:
        word = "met" if one["met"] else "NOT MET"
        sign = "≥" if one["is_least"] else "≤"
        print(f"| {one['row']} | {one['what']} | {one['measured']:.2f} | {sign} {one['must']:.2f} | "
              f"{one['aim']:.2f} | {word} |")
    sys.exit(code)


if __name__ == "__main__":
    main()
