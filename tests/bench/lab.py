"""The lab: where things lie, and processes that are started, watched and ended by their id.

A gateway runs on core 0; the load generator and the upstream share core 1. Everything the lab makes
lies under $LAB (default: `lab` in the folder for temporary files)."""

import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
LAB = os.environ.get("LAB") or os.path.join(tempfile.gettempdir(), "lab")
CERTS = os.path.join(LAB, "certs")
RUN = os.path.join(LAB, "run")
BUILT = os.path.join(os.environ.get("CARGO_TARGET_DIR") or os.path.join(ROOT, "target"), "dist")
LGEN = os.path.join(BUILT, "lgen")
MORTISE = os.environ.get("MORTISE") or os.path.join(BUILT, "mortise")
ENVOY = os.path.join(LAB, "venv/bin/envoy")
SYSTEM = os.environ.get("PATH", "") + os.pathsep + "/usr/sbin"
UPSTREAM_PORT = 9000
# The accounts of the bank's one customer.
ACCOUNTS = ["acc-" + sign * 22 for sign in "AB"]
# The marks of an operation for partners, behind `x-mortise-class`.
GUARDED = "\n      x-mortise-".join(
    ["partner", "scope: accounts", "authorization-details: none", "authentication: none"])


def tool(name):
    """The path of an installed program."""
    return shutil.which(name, path=SYSTEM) or name


def render(template, to, **values):
    """Fills @NAME@ in a file of conf/."""
    with open(os.path.join(HERE, "conf", template)) as file:
        text = file.read()
    for name, value in {"LAB": LAB, "CERTS": CERTS, **values}.items():
        text = text.replace(f"@{name}@", str(value))
    with open(to, "w") as file:
        file.write(text)
    return to


def family(pid):
    """A process and all its descendants."""
    children = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                with open(f"/proc/{entry}/stat") as file:
                    parent = int(file.read().rsplit(") ", 1)[1].split()[1])
            except OSError:
                continue
            children.setdefault(parent, []).append(int(entry))
    found, todo = [], [pid]
    while todo:
        one = todo.pop()
        found.append(one)
        todo += children.get(one, [])
    return found


def ticks(pids):
    """User and system time of processes, in clock ticks."""
    total = 0
    for pid in pids:
        try:
            with open(f"/proc/{pid}/stat") as file:
                fields = file.read().rsplit(") ", 1)[1].split()
            total += int(fields[11]) + int(fields[12])
        except OSError:
            pass
    return total


class Process:
    """A server that was started here, on one core (or a list of them), listening on one port of the loopback."""

    def __init__(self, command, core, port, log, env=None):
        if listens(port):
            raise RuntimeError(f"port {port} is already taken")
        self.log = log
        with open(log, "wb") as out:
            self.process = subprocess.Popen(
                ["taskset", "-c", str(core), *command],
                stdout=out, stderr=subprocess.STDOUT,
                env={**os.environ, **(env or {})}, start_new_session=True,
            )
        for _ in range(400):
            if self.process.poll() is not None:
                raise RuntimeError(f"{command[0]} ended: {self.tail()}")
            if listens(port):
                self.pids = family(self.process.pid)
                return
            time.sleep(0.05)
        self.stop()
        raise RuntimeError(f"{command[0]} does not listen on {port}: {self.tail()}")

    def tail(self):
        with open(self.log, errors="replace") as file:
            return file.read()[-1500:]

    def stop(self):
        if self.process.poll() is not None:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            for pid in family(self.process.pid):
                os.kill(pid, signal.SIGKILL)
            self.process.wait()


def listens(port):
    try:
        socket.create_connection(("127.0.0.1", port), 0.2).close()
        return True
    except OSError:
        return False


def body():
    """An answer of 1 KiB."""
    rows = []
    while True:
        at = len(rows)
        amount = {"amount": f"{12.5 + at:.2f}", "currency": "EUR"}
        rows.append({"transactionId": f"T{at:04}", "amount": amount, "status": "BOOKED", "ref": "x" * 8})
        text = json.dumps({"data": rows}, separators=(",", ":"))
        if len(text) > 950:
            return text + " " * max(0, 1024 - len(text))


def accounts():
    """What the bank says its customer can choose from."""
    told = [{"id": one, "masked": "**** 0000", "name_zh": "活期账户", "name_en": "Current account", "kind": "current",
             "currency": "CNY"} for one in ACCOUNTS]
    return json.dumps({"accounts": told})


def upstream():
    """The bank: nginx with fixed answers."""
    folder = os.path.join(RUN, "upstream")
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "big.bin"), "wb") as file:
        file.write(bytes(range(256)) * 4096)
    conf = render("upstream.conf", os.path.join(folder, "nginx.conf"), RUN=folder, BODY=body(),
                  ACCOUNTS=accounts())
    command = [tool("nginx"), "-c", conf, "-p", folder]
    return Process(command, 1, UPSTREAM_PORT, os.path.join(folder, "log"))


def load(port, arguments, pids, seconds, warm, rate=0):
    """One window of load; the figures of lgen, and how much others used of the machine."""
    command = ["taskset", "-c", "1", LGEN, "--address", f"127.0.0.1:{port}", "--certs", CERTS]
    command += ["--processes", ",".join(map(str, pids)), "--seconds", str(seconds), "--warm", str(warm)]
    command += ["--rate", str(rate)] if rate else []
    command += arguments
    before = stolen()
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    after = stolen()
    if done.returncode:
        raise RuntimeError(f"lgen: {done.stderr[-800:]}")
    figures = json.loads(done.stdout)
    figures["steal"] = (after[0] - before[0]) / os.sysconf("SC_CLK_TCK") / (after[1] - before[1])
    return figures


def stolen():
    with open("/proc/stat") as file:
        return int(file.readline().split()[8]), time.time()


def bare_sync_us():
    """The median of bare 4 KiB writes with fdatasync where the evidence is kept."""
    path = os.path.join(RUN, "sync")
    took = []
    with open(path, "wb", buffering=0) as file:
        file.write(bytes(1 << 20))
        os.fsync(file.fileno())
        for number in range(200):
            since = time.perf_counter()
            os.pwrite(file.fileno(), os.urandom(4096), 4096 * number)
            os.fdatasync(file.fileno())
            took.append(time.perf_counter() - since)
    os.remove(path)
    return sorted(took)[len(took) // 2] * 1e6
