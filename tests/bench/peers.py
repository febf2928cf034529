"""The peers: how each gateway is configured and started for one kind of listener.

Kinds: `tls` (TLS 1.3), `mtls` (a client certificate is required), `policy` (that, a bearer token, a
limit for each client and an access log). What peers cannot do differs: nginx checks no token;
HAProxy and Envoy check signature, issuer and expiry, not the binding to the certificate; only
Mortise checks all of it and keeps durable evidence."""

import os
import re
import shutil
import subprocess
import sys

from lab import CERTS, ENVOY, GUARDED, HERE, MORTISE, RUN, Process, render, tool

KINDS = {"tls": 2, "mtls": 3, "policy": 4}
KEYS = 9
TMPFS = "/dev/shm"


class Peer:
    """A gateway that runs."""

    def __init__(self, name, place, kind, prepare=None, cores=0):
        self.name = name
        self.kind = kind
        self.port = 8100 + 10 * place + KINDS[kind]
        self.keys_port = 8100 + 10 * place + KEYS
        self.folder = os.path.join(RUN, f"{place}-{re.sub('[^a-z0-9]+', '-', name)}")
        shutil.rmtree(self.folder, ignore_errors=True)
        os.makedirs(self.folder)
        self.scratch = None
        base, _, variant = name.partition("+")
        command = getattr(self, base)(variant.split("+") if variant else [])
        if prepare:
            prepare(self)
        self.process = Process(command, cores, self.port, os.path.join(self.folder, "log"))

    @property
    def pids(self):
        return self.process.pids

    def stop(self):
        self.process.stop()
        if self.scratch:
            shutil.rmtree(self.scratch, ignore_errors=True)

    def file(self, name):
        return os.path.join(self.folder, name)

    def ports(self):
        return str(self.port)[:-1]

    def nginx(self, _):
        conf = render("nginx.conf", self.file("nginx.conf"), RUN=self.folder, PORTS=self.ports())
        return [tool("nginx"), "-c", conf, "-p", self.folder]

    def haproxy(self, _):
        conf = render("haproxy.cfg", self.file("haproxy.cfg"), PORTS=self.ports())
        return [tool("haproxy"), "-f", conf, "-db"]

    def envoy(self, variants):
        maker = os.path.join(HERE, "conf", "envoy.py")
        arguments = [sys.executable, maker, CERTS, self.folder, self.kind, str(self.port), *variants]
        made = subprocess.run(arguments, capture_output=True, text=True, check=True)
        with open(self.file("envoy.json"), "w") as file:
            file.write(made.stdout)
        options = ["--concurrency", "1", "-l", "error", "--disable-hot-restart"]
        return [ENVOY, "-c", self.file("envoy.json"), *options]

    def mortise(self, variants):
        """Variants: `tmpfs` keeps the evidence in memory, `linger` lets a group wait for 1 ms."""
        audit = self.file("audit")
        if "tmpfs" in variants:
            audit = self.scratch = os.path.join(TMPFS, f"mortise-bench-{os.getpid()}-{self.port}")
        client = "      partner-{:05}: {{ auth: private_key_jwt, bound_by: mtls, jwks: file:{}/clients.json }}"
        values = {
            "PORT": self.port, "KEYS_PORT": self.keys_port, "AUDIT": audit,
            "LINGER": "1ms" if "linger" in variants else "0",
            "CLIENT_CERTIFICATES": "none" if self.kind == "tls" else "required",
            "CLIENTS": "\n".join(client.format(number, CERTS) for number in range(100)),
        }
        classes = GUARDED if self.kind == "policy" else "open"
        render("openapi.yaml", self.file("openapi.yaml"), CLASS=classes)
        conf = render("mortise.yaml", self.file("mortise.yaml"), **values)
        return [os.environ.get("MORTISE") or MORTISE, "serve", "--config", conf]
