#!/usr/bin/env python3
"""Mortise beside nginx, HAProxy and Envoy, in paired windows: all peers of a row stay up, short
windows of load alternate between them, and each round gives one ratio. A machine drifts by a fifth
within minutes; neighbouring windows do not.

duel.py [--rows S3,S4] [--rounds 9] [--peers a,b] [--json]"""

import argparse
import json
import os
import resource
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
    """Starts the bank; as many files as may be open."""
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


def ratios(windows, peer, base):
    pairs = zip(windows[peer], windows[base])
    return [a["cpu_us"] / b["cpu_us"] for a, b in pairs]


def table(key, row, windows):
    """The row's peers as Markdown."""
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


def judge(key, row, windows):
    """The row's goals: each with what was measured."""
    judged = []
    for goal in row.goals:
        if goal.peer in windows and goal.base in windows:
            ratio = spread(ratios(windows, goal.peer, goal.base))[0]
            judged.append({"row": key, "what": f"{goal.peer} / {goal.base}", "measured": ratio,
                           "must": goal.must, "aim": goal.aim, "met": ratio <= goal.must})
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
    try:
        for key in options.rows.split(","):
            row = ROWS[key]
            names = options.peers.split(",") if options.peers else row.peers
            windows = all_[key] = play(row, names, options.rounds)
            judged += judge(key, row, windows)
            if not options.json:
                print(table(key, row, windows), flush=True)
    finally:
        bank.stop()
    if options.json:
        print(json.dumps({"goals": judged, "windows": all_}))
        return
    print("| row | ratio | measured | must | aim | |\n|---|---|---|---|---|---|")
    for one in judged:
        word = "met" if one["met"] else "NOT MET"
        print(f"| {one['row']} | {one['what']} | {one['measured']:.2f} | ≤ {one['must']:.2f} | "
              f"{one['aim']:.2f} | {word} |")


if __name__ == "__main__":
    main()
