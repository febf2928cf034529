#!/usr/bin/env python3
"""Consent: what it costs on the road that a customer's consent is looked up and the bank's answer is
filtered by it, for answers of 10, 100 and 1,000 items.

A customer consents to one of two accounts on the pages, and one token of that consent takes two
roads to the same answer of the bank: class `partner` passes it on as it is, class `customer` holds
it against the consent. Both write a durable record of each call. Windows of both alternate; each
sends so many requests. The app says that the customer is there: while they are away it has four
calls a day.

Ends with 1 when the goal is not met.

consent.py [--rounds 9] [--json]"""

import argparse
import json
import os
import statistics
import sys
from dataclasses import dataclass

sys.dont_write_bytecode = True

import duel  # noqa: E402
import lab  # noqa: E402
import tokens  # noqa: E402

SCOPE = "transactions branches"
STEPS = (tokens.LOG_IN, ("allow", {"separate": "yes", "account": lab.ACCOUNTS[0]}), ("allow", {"code": "000000"}))
ATTENDED = {"X-FAPI-Customer-IP-Address": "203.0.113.7"}
FEW, MANY = 10, 1000
GOAL = 3.0
"""CPU in µs for each item beyond the first ten, at most."""


@dataclass
class Answer:
    """An answer of the bank's: how many items it has, and how many of them are covered."""

    name: str
    items: int
    covered: int
    requests: int


ANSWERS = [
    Answer("10", FEW, FEW, 8000),
    Answer("100", 100, 100, 3000),
    Answer("1000", MANY, MANY, 800),
    Answer("half", MANY, MANY // 2, 800),
]
ROADS = ("partner", "customer")


def item(number, account):
    """A transaction as the model bank writes it."""
    return {
        "transactionId": f"tra-{number:022}", "accountId": account, "status": "booked",
        "bookedOn": f"2026-{1 + number % 9:02}-{1 + number % 28:02}",
        "amount": {"currency": "CNY", "value": f"-{12 + number}.50"}, "kind": "card_payment",
        "counterparty": {"en": "Lotus Supermarket", "zh-CN": "莲花超市"}, "reference": f"{number:012}",
    }


def listing(answer):
    """The body of an answer: of its items, those that are covered lie evenly between the others."""
    every = answer.items // answer.covered
    items = [item(number, lab.ACCOUNTS[0 if number % every == 0 else 1]) for number in range(answer.items)]
    body = {"data": items, "meta": {"total": answer.items}}
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def give_bank():
    """Lays the answers where the bank finds them; their lengths by name."""
    folder = os.path.join(lab.RUN, "upstream/movements")
    os.makedirs(folder, exist_ok=True)
    lengths = {}
    for answer in ANSWERS:
        body = listing(answer)
        lengths[answer.name] = len(body)
        with open(os.path.join(folder, answer.name), "wb") as file:
            file.write(body)
    return lengths


class House(tokens.Issuer):
    """Mortise with a consent desk, and the one client's grant of a customer."""

    def __init__(self):
        super().__init__("mortise", 2, "ES256")
        try:
            form = {"grant_type": "authorization_code", "code": self.code(SCOPE, STEPS),
                    "redirect_uri": tokens.CALLBACK, "code_verifier": tokens.VERIFIER}
            self.refresh_token = self.redeemed(form)["refresh_token"]
        except BaseException:
            self.process.stop()
            raise

    def mortise(self):
        self.file("signers.json", json.dumps({"keys": [self.signer.jwk()]}))
        lab.render("movements.yaml", self.file("movements.yaml"))
        conf = lab.render("consent.yaml", self.file("mortise.yaml"), PORT=self.port, ISSUER=self.issuer,
                          ISSUER_PORT=self.port + 1, ALGORITHM=self.algorithm, CALLBACK=tokens.CALLBACK,
                          ROOT=lab.ROOT)
        return [lab.MORTISE, "serve", "--config", conf]

    def redeemed(self, form):
        status, _, text = tokens.Connection(self.port, True).ask("POST", self.token, "localhost", self.client(form))
        assert status == 200, text
        return json.loads(text)

    def access_token(self):
        """A new one: they do not live as long as all rounds take."""
        form = {"grant_type": "refresh_token", "refresh_token": self.refresh_token}
        return self.redeemed(form)["access_token"]

    def headers(self, token):
        return {"Host": "localhost", "Accept": "application/json", "Authorization": f"Bearer {token}", **ATTENDED}

    def check(self, token):
        """Whether each road gives what it is to give."""
        for answer in ANSWERS:
            body = listing(answer)
            assert self.read("partner", answer, token) == body, answer
            kept = json.loads(body)
            kept["data"] = [one for one in kept["data"] if one["accountId"] == lab.ACCOUNTS[0]]
            kept["meta"]["total"] = answer.covered
            assert json.loads(self.read("customer", answer, token)) == kept, answer

    def read(self, road, answer, token):
        connection = tokens.Connection(self.port, True).connection
        connection.request("GET", f"/{road}/{answer.name}", headers=self.headers(token))
        answered = connection.getresponse()
        body = answered.read()
        assert answered.status == 200, body
        return body

    def window(self, road, answer, token):
        """A window of one road, in which each request asks for this answer."""
        line = {"method": "GET", "path": f"/{road}/{answer.name}", "headers": self.headers(token)}
        file = self.file("each", (json.dumps(line) + "\n") * answer.requests)
        return tokens.each(self.port, file, self.process.pids)


def play(rounds):
    """Windows by answer and road, one entry a round."""
    windows = {answer.name: {road: [] for road in ROADS} for answer in ANSWERS}
    house = House()
    try:
        house.check(house.access_token())
        for turn in range(rounds + 1):
            token = house.access_token()
            for answer in ANSWERS:
                for road in ROADS[turn % 2:] + ROADS[:turn % 2]:
                    figures = house.window(road, answer, token)
                    if turn:
                        windows[answer.name][road].append(figures)
            print(f"round {turn} of {rounds}", file=sys.stderr)
        return windows
    finally:
        house.process.stop()


def median(windows, what):
    return statistics.median(figures[what] for figures in windows)


def costs(windows):
    """What consent costs for each answer, in µs: the median over rounds of the difference."""
    return statistics.median(ours["cpu_us"] - its["cpu_us"]
                             for ours, its in zip(windows["customer"], windows["partner"]))


def for_each_item(windows, road):
    """CPU in µs for each item beyond the first ten."""
    pairs = zip(windows[str(MANY)][road], windows[str(FEW)][road])
    return statistics.median((many["cpu_us"] - few["cpu_us"]) / (MANY - FEW) for many, few in pairs)


def table(windows, lengths):
    lines = ["| items | covered | KiB | partner, CPU µs | customer, CPU µs | difference | customer, requests/s | "
             "p50 µs | core |", "|" + "---|" * 9]
    for answer in ANSWERS:
        of = windows[answer.name]
        customer = of["customer"]
        lines.append(
            f"| {answer.items:,} | {answer.covered:,} | {lengths[answer.name] / 1024:.1f} | "
            f"{median(of['partner'], 'cpu_us'):,.1f} | {median(customer, 'cpu_us'):,.1f} | {costs(of):,.1f} | "
            f"{median(customer, 'per_second'):,.0f} | {median(customer, 'p50'):,.0f} | {median(customer, 'busy'):.2f} |")
    return "\n".join(lines) + "\n"


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rounds", type=int, default=9)
    arguments.add_argument("--json", action="store_true")
    options = arguments.parse_args()
    lengths = give_bank()
    bank = duel.prepare()
    try:
        windows = play(options.rounds)
    finally:
        bank.stop()
    found = {road: for_each_item(windows, road) for road in ROADS}
    met = found["customer"] <= GOAL
    if options.json:
        print(json.dumps({"for_each_item_us": found, "must": GOAL, "met": met, "bytes": lengths, "windows": windows}))
        sys.exit(0 if met else 1)
    print(table(windows, lengths))
    print(f"CPU for each item beyond the first {FEW}: {found['customer']:.2f} µs, {found['partner']:.2f} of them without "
          f"consent; must ≤ {GOAL:.0f}: {'met' if met else 'NOT MET'}")
    sys.exit(0 if met else 1)


if __name__ == "__main__":
    main()
