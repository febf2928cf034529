#!/usr/bin/env python3
"""Reloads under load: Mortise with 2,000 operations, saturated as in S5. Windows with one reload a
second alternate with windows without; together they hold at least 60 reloads. Each changes the file,
every tenth the API's description too, and each must come into force. Ends with 1 when a goal is not met.

reload.py [--rounds 9] [--json]"""

import argparse
import json
import os
import signal
import statistics
import sys
import threading
import time

sys.dont_write_bytecode = True

import lab  # noqa: E402
from duel import prepare, spread, window  # noqa: E402
from goals import ROWS  # noqa: E402
from peers import Peer  # noqa: E402

OPERATIONS = 2_000
MUST = 1.15
RELOADS_LEAST = 60


def operations(peer):
    """More operations beside the one that is called."""
    path = peer.file("openapi.yaml")
    with open(path) as file:
        text = file.read()
    for number in range(OPERATIONS - 3):
        text += (f"  /more/{number}/{{id}}:\n    get:\n      operationId: more{number}\n"
                 "      x-mortise-class: partner\n      x-mortise-scope: accounts\n"
                 "      x-mortise-authorization-details: none\n      x-mortise-authentication: none\n"
                 "      parameters: [{ name: id, in: path, required: true, schema: { type: string } }]\n"
                 "      responses: { '200': { description: More. } }\n")
    with open(path, "w") as file:
        file.write(text)


class Reloads(threading.Thread):
    """Changes the file and asks for a reload, once a second."""

    def __init__(self, peer):
        super().__init__(daemon=True)
        self.peer = peer
        self.is_over = threading.Event()
        self.asked = 0

    def run(self):
        path = self.peer.file("mortise.yaml")
        with open(path) as file:
            text = file.read()
        while not self.is_over.wait(max(0, 1 - time.time() % 1)):
            self.asked += 1
            changed = text.replace("1000000/s\n    burst", f"{1_000_000 - self.asked % 2}/s\n    burst", 1)
            with open(path + ".new", "w") as file:
                file.write(changed)
            os.replace(path + ".new", path)
            if self.asked % 10 == 0:
                with open(self.peer.file("openapi.yaml"), "a") as file:
                    file.write(f"# {self.asked}\n")
            os.kill(self.peer.pids[0], signal.SIGHUP)
            time.sleep(0.01)

    def stop(self):
        self.is_over.set()
        self.join()
        return self.asked


def applied(peer):
    """How many configurations the log says came into force."""
    with open(peer.process.log, errors="replace") as file:
        return sum("the configuration is in force" in line for line in file)


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rounds", type=int, default=9)
    arguments.add_argument("--json", action="store_true")
    options = arguments.parse_args()
    row = ROWS["S5"]
    seconds = max(3.0, 63 / options.rounds)
    bank, pairs, asked = prepare(), [], 0
    peer = None
    try:
        peer = Peer("mortise", 0, row.kind, prepare=operations)
        window(row, peer, 1, 0.3)
        for number in range(options.rounds):
            figures = {}
            for with_reloads in (number % 2 == 0, number % 2 == 1):
                reloads = Reloads(peer) if with_reloads else None
                if reloads:
                    reloads.start()
                figures[with_reloads] = window(row, peer, seconds if with_reloads else 3, 0.3)
                asked += reloads.stop() if reloads else 0
            pairs.append((figures[True], figures[False]))
        # The last may still be under way.
        patience = time.time() + 10
        while (count := applied(peer)) < asked and time.time() < patience:
            time.sleep(0.1)
    finally:
        if peer:
            peer.stop()
        bank.stop()
    ratio, low, high = spread([a["cpu_us"] / b["cpu_us"] for a, b in pairs])
    failed = sum(one["bad"] + one["errors"] for pair in pairs for one in pair)
    answers = sum(one["answers"] for pair in pairs for one in pair)
    result = {"operations": OPERATIONS, "asked": asked, "applied": count, "answers": answers, "failed": failed,
              "ratio": ratio, "quartiles": [low, high], "must": MUST,
              "cpu_us": [statistics.median(one[side]["cpu_us"] for one in pairs) for side in (0, 1)],
              "p99_us": [statistics.median(one[side]["p99"] for one in pairs) for side in (0, 1)],
              "met": ratio <= MUST and failed == 0 and count == asked >= RELOADS_LEAST}
    if options.json:
        print(json.dumps(result))
        sys.exit(0 if result["met"] else 1)
    print("| reloads asked, applied | answers | failed | CPU with / without, median of windows (quartiles) | must | |")
    print("|---|---|---|---|---|---|")
    print(f"| {asked}, {count} | {answers} | {failed} | {ratio:.2f} ({low:.2f}–{high:.2f}) | ≤ {MUST} | "
          f"{'met' if result['met'] else 'NOT MET'} |")
    print(f"\nCPU µs/request with {result['cpu_us'][0]:.1f}, without {result['cpu_us'][1]:.1f}; "
          f"p99 µs with {result['p99_us'][0]:.0f}, without {result['p99_us'][1]:.0f}")
    sys.exit(0 if result["met"] else 1)


if __name__ == "__main__":
    main()
