#!/usr/bin/env python3
"""Where the time goes: system calls for each request (strace -c) and a flat profile (perf, cpu-clock)
of one peer at a time. Mortise may make at most 5 for each request (aim 4.2), and one more for each
group of records with durable evidence: a group is one fdatasync. Ends with 1 when it makes more.

floor.py [--peers mortise,nginx] [--rows S4,S5] [--profile] [--json]"""

import argparse
import json
import os
import re
import signal
import subprocess
import sys
import time

sys.dont_write_bytecode = True

import lab  # noqa: E402
from duel import prepare, window  # noqa: E402
from goals import ROWS  # noqa: E402
from peers import Peer  # noqa: E402


def calls(peer, row):
    """System calls for each request, the most frequent first."""
    out = peer.file("strace")
    attached = [argument for pid in peer.pids for argument in ("-p", str(pid))]
    tracer = subprocess.Popen([lab.tool("strace"), "-c", "-f", "-o", out, *attached],
                              stderr=subprocess.DEVNULL, start_new_session=True)
    time.sleep(1)
    figures = window(row, peer, 2, 0)
    tracer.send_signal(signal.SIGINT)
    tracer.wait(20)
    counted = {}
    with open(out) as file:
        for line in file:
            fields = line.split()
            if len(fields) >= 5 and re.fullmatch(r"[\d.]+", fields[0]) and fields[-1] != "total":
                counted[fields[-1]] = int(fields[3]) / figures["answers"]
    return dict(sorted(counted.items(), key=lambda one: -one[1]))


def profile(peer, row):
    """The flat profile as text."""
    data = peer.file("perf.data")
    recorder = subprocess.Popen(
        ["taskset", "-c", "1", lab.tool("perf"), "record", "-q", "-g", "-e", "cpu-clock", "-F", "1999", "-o", data,
         "-p", ",".join(map(str, peer.pids))],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    time.sleep(0.3)
    figures = window(row, peer, 3, 0.3)
    recorder.send_signal(signal.SIGINT)
    recorder.wait(30)
    text = f"{figures['per_second']:.0f}/s, {figures['cpu_us']:.1f} µs for each request, profiled\n"
    for sort, count in (("comm,dso", 10), ("symbol", 60)):
        done = subprocess.run(
            [lab.tool("perf"), "report", "-i", data, "--no-children", "-g", "none", "--sort", sort, "--stdio", "-q"],
            capture_output=True, text=True, timeout=120)
        lines = [line[:130].rstrip() for line in done.stdout.splitlines() if re.match(r"\s+\d", line)]
        text += "\n".join(lines[:count]) + "\n\n"
    return text


MUST, AIM = 5.0, 4.2


def judged(found):
    """Mortise's rows: what it makes, what it may make, what is aimed at."""
    rows = []
    for name, counted in found.items():
        key, peer = name.split()
        if peer == "mortise":
            groups = counted.get("fdatasync", 0) if ROWS[key].kind == "policy" else 0
            made = sum(counted.values())
            rows.append({"row": key, "made": made, "groups": groups, "must": MUST + groups,
                         "aim": AIM + groups, "met": made <= MUST + groups})
    return rows


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--peers", default="mortise,envoy,nginx,haproxy")
    arguments.add_argument("--rows", default="S4,S5")
    arguments.add_argument("--profile", action="store_true")
    arguments.add_argument("--json", action="store_true")
    options = arguments.parse_args()
    bank = prepare()
    found = {}
    try:
        for key in options.rows.split(","):
            for name in options.peers.split(","):
                row = ROWS[key]
                peer = Peer(name, 0, row.kind)
                try:
                    window(row, peer, 0.5, 0.1)
                    counted = found[f"{key} {name}"] = calls(peer, row)
                    if not options.json:
                        most = ", ".join(f"{call} {count:.2f}" for call, count in list(counted.items())[:12])
                        print(f"{key} {name}: {sum(counted.values()):.2f} calls for each request: {most}", flush=True)
                    if options.profile:
                        print(profile(peer, row), flush=True)
                finally:
                    peer.stop()
    finally:
        bank.stop()
    goals = judged(found)
    if options.json:
        print(json.dumps({"calls": found, "goals": goals}))
    for goal in [] if options.json else goals:
        print(f"{goal['row']}: {goal['made']:.2f} system calls for each request, {goal['groups']:.3f} groups; "
              f"must ≤ {goal['must']:.2f}, aim {goal['aim']:.2f}: {'met' if goal['met'] else 'NOT MET'}")
    sys.exit(0 if all(goal["met"] for goal in goals) else 1)


if __name__ == "__main__":
    main()
