#!/usr/bin/env python3
"""What the guided build is guided by: the counting binary under each kind of load for a few seconds,
on one core and some of them on two, where the runtime is another; with a reload a second under one of
them; tokens at the issuer; and answers filtered by a customer's consent. It writes its counts when it
ends.

guide.py (the binary in $MORTISE)"""

import sys

sys.dont_write_bytecode = True

import consent  # noqa: E402
from duel import prepare, window  # noqa: E402
from goals import ROWS  # noqa: E402
from peers import Peer  # noqa: E402
from reload import Reloads, operations  # noqa: E402
from tokens import Issuer  # noqa: E402

LOADS = [(name, 0) for name in ["S3", "S4", "S5", "S6full", "S6resumed", "S7down", "S7up"]]
LOADS += [(name, "0,1") for name in ["S3", "S5"]]
SECONDS = 4
KINDS = ["client_credentials", "code"] * 3
CONSENTS = 2


def load(name, cores):
    row = ROWS[name]
    peer = Peer("mortise", 0, row.kind, prepare=operations if name == "S5" else None, cores=cores)
    reloads = Reloads(peer) if name == "S5" else None
    try:
        if reloads:
            reloads.start()
        figures = window(row, peer, SECONDS, 0.3)
    finally:
        if reloads:
            reloads.stop()
        peer.stop()
    print(f"{name} on {cores}: {figures['answers']} answers", file=sys.stderr)
    if figures["bad"] or figures["errors"] or not figures["answers"]:
        sys.exit(f"the load of {name} failed: {figures}")
    well_ended(name, peer)


def tokens():
    issuer = Issuer("mortise", 0, "ES256")
    try:
        for kind in KINDS:
            figures = issuer.window(kind)
            print(f"tokens, {kind}: {figures['answers']} answers", file=sys.stderr)
            if not figures["answers"]:
                sys.exit(f"the load of tokens failed: {figures}")
    finally:
        issuer.process.stop()
    well_ended("tokens", issuer)


def consents():
    consent.give_bank()
    house = consent.House()
    try:
        token = house.access_token()
        for answer in consent.ANSWERS * CONSENTS:
            figures = house.window("customer", answer, token)
            print(f"consent, {answer.name}: {figures['answers']} answers", file=sys.stderr)
            if not figures["answers"]:
                sys.exit(f"the load of consent failed: {figures}")
    finally:
        house.process.stop()
    well_ended("consent", house)


def well_ended(name, peer):
    if code := peer.process.process.returncode:
        sys.exit(f"what was loaded with {name} ended with {code}: its counts are lost")


def main():
    bank = prepare()
    try:
        for name, cores in LOADS:
            load(name, cores)
        tokens()
        consents()
    finally:
        bank.stop()


if __name__ == "__main__":
    main()
