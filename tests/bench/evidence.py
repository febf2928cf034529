#!/usr/bin/env python3
"""The audit log alone: how many records a second 256 tasks at once make durable, and how long a record
waits at 20,000 a second beside what a bare write of a block with fdatasync takes.

evidence.py [--rounds 5] [--json]"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True

import lab  # noqa: E402

MUST_PER_SECOND = 20_000
MUST_BARE = 2.5


def measure(rate, linger):
    with tempfile.TemporaryDirectory(dir=lab.RUN) as place:
        command = [os.path.join(lab.BUILT, "evidence"), "--folder", place, "--linger", str(linger)]
        command += ["--rate", str(rate)] if rate else []
        done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    if done.returncode:
        raise RuntimeError(f"evidence: {done.stderr[-800:]}")
    return json.loads(done.stdout)


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rounds", type=int, default=5)
    arguments.add_argument("--json", action="store_true")
    options = arguments.parse_args()
    os.makedirs(lab.RUN, exist_ok=True)
    rows = []
    for rate, linger in ((None, 0), (None, 1_000), (MUST_PER_SECOND, 0), (MUST_PER_SECOND, 1_000)):
        rounds = [measure(rate, linger) for _ in range(options.rounds)]
        row = {key: statistics.median(one[key] for one in rounds) for key in rounds[0]}
        row["ratio"] = statistics.median(one["p50_us"] / one["bare_p50_us"] for one in rounds)
        rows.append({"rate": rate, "linger_us": linger, **row})
    met = rows[0]["per_second"] >= MUST_PER_SECOND and rows[2]["ratio"] <= MUST_BARE
    if options.json:
        print(json.dumps({"rows": rows, "met": met}))
        sys.exit(0 if met else 1)
    print("| rate, linger | records/s | p50 µs | p99 µs | bare fdatasync p50 µs | p50 / bare | bytes |")
    print("|---|---|---|---|---|---|---|")
    for row in rows:
        print(f"| {row['rate'] or 'saturated'}, {row['linger_us']} µs | {row['per_second']:.0f} | {row['p50_us']:.0f} | "
              f"{row['p99_us']:.0f} | {row['bare_p50_us']:.0f} | {row['ratio']:.2f} | {row['bytes']:.0f} |")
    print(f"\nWithout linger, saturated at least {MUST_PER_SECOND} records/s, and at that rate p50 at most "
          f"{MUST_BARE} × bare: {'met' if met else 'NOT MET'}")
    sys.exit(0 if met else 1)


if __name__ == "__main__":
    main()
