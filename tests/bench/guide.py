#!/usr/bin/env python3
"""What the guided build is guided by: the counting binary under each kind of load for a few seconds,
and a reload a second under one of them. It writes its counts when it ends.

guide.py (the binary in $MORTISE)"""

import sys

sys.dont_write_bytecode = True

import lab  # noqa: E402
from duel import prepare, window  # noqa: E402
from goals import ROWS  # noqa: E402
from peers import Peer  # noqa: E402
from reload import Reloads, operations  # noqa: E402

LOADS = ["S3", "S4", "S5", "S6full", "S6resumed", "S7down", "S7up"]
SECONDS = 4


def main():
    bank = prepare()
    try:
        for name in LOADS:
            row = ROWS[name]
            peer = Peer("mortise", 0, row.kind, prepare=operations if name == "S5" else None)
            reloads = Reloads(peer) if name == "S5" else None
            try:
                if reloads:
                    reloads.start()
                figures = window(row, peer, SECONDS, 0.3)
                print(f"{name}: {figures['answers']} answers", file=sys.stderr)
                if figures["bad"] or figures["errors"] or not figures["answers"]:
                    sys.exit(f"the load of {name} failed: {figures}")
            finally:
                if reloads:
                    reloads.stop()
                peer.stop()
    finally:
        bank.stop()


if __name__ == "__main__":
    main()
