"""What is compared, and what is demanded: the performance budget, row by row.

A row is one kind of load and the peers that take part. A goal compares two peers: the median, over
rounds, of the ratio of two windows that followed each other; or says how much memory is taken."""

from dataclasses import dataclass

CACHED = "envoy+cache"
MTLS = ["--tls", "mtls"]
NEW = [*MTLS, "--mode", "new", "--connections", "16"]
MIB = [*MTLS, "--connections", "16"]


@dataclass
class Goal:
    """What is demanded of `peer`, and aimed at.

    `cpu`: CPU time for each request, at most so many times that of `base`. `rate`: requests a
    second, at least so many times those of `base`. `p50`: at most that of `base` plus `must` (and
    `aim`) bare fdatasync and `extra_us`. `kib`: KiB for each idle connection. `rss`: MiB before."""

    peer: str
    base: str
    must: float
    aim: float
    what: str = "cpu"
    extra_us: int = 0


@dataclass
class Row:
    """One kind of load."""

    title: str
    kind: str
    load: list
    peers: list
    goals: list
    rate: int = 0
    bearer: str = ""
    seconds: float = 0.8
    warm: float = 0.25
    is_idle: bool = False


ALL = ["envoy", "nginx", "haproxy", "mortise"]

ROWS = {
    "S3": Row("TLS, HTTP/2", "tls", ["--tls", "tls", "--h2", "--connections", "16", "--streams", "4"],
              ALL, [Goal("mortise", "envoy", 0.70, 0.55)]),
    "S4": Row("mTLS keep-alive, plain road", "mtls", MTLS, ALL,
              [Goal("mortise", "envoy", 0.50, 0.35), Goal("mortise", "nginx", 1.25, 1.0)]),
    "S5": Row("mTLS + bound token + limit + durable audit, saturated", "policy", MTLS,
              [CACHED, "nginx", "haproxy", "mortise", "mortise+linger", "mortise+tmpfs"],
              [Goal("mortise", CACHED, 0.60, 0.40),
               Goal("mortise", "mortise+tmpfs", 0.60, 0.85, "rate")], bearer="kept"),
    "S5rate": Row("the same at 2,000/s", "policy", MTLS,
                  [CACHED, "nginx", "haproxy", "mortise", "mortise+linger"],
                  [Goal("mortise", CACHED, 0.85, 0.75), Goal("mortise+linger", CACHED, 0.70, 0.60),
                   Goal("mortise", CACHED, 3, 3, "p50"),
                   Goal("mortise+linger", CACHED, 3, 3, "p50", 1000)],
                  rate=2000, bearer="kept", seconds=1.2),
    "S5fresh": Row("every request a new token", "policy", MTLS, ["envoy", "mortise"],
                   [Goal("mortise", "envoy", 0.65, 0.50)], bearer="fresh"),
    "S6full": Row("full mTLS handshake for each request", "mtls", NEW, ALL,
                  [Goal("mortise", "envoy", 0.85, 0.70), Goal("mortise", "nginx", 0.40, 0.30)]),
    "S6resumed": Row("resumed mTLS handshake for each request", "mtls", [*NEW, "--resume"], ALL,
                     [Goal("mortise", "envoy", 0.85, 0.70), Goal("mortise", "nginx", 0.40, 0.30)]),
    "S7down": Row("1 MiB down", "mtls", [*MIB, "--path", "/big"], ALL,
                  [Goal("mortise", "envoy", 0.60, 0.45)]),
    "S7up": Row("1 MiB up", "mtls", [*MIB, "--path", "/upload", "--upload", "1048576"], ALL,
                [Goal("mortise", "envoy", 0.85, 0.70)]),
    "S8": Row("idle mTLS connections", "mtls", [*MTLS, "--mode", "idle", "--connections", "1000"],
              ALL, [Goal("mortise", "", 33, 26, "kib"), Goal("mortise", "", 40, 25, "rss")],
              seconds=1.0, is_idle=True),
}
