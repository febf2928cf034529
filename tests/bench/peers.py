"""The peers: how each gateway is configured and started for one kind of listener.

Kinds: `tls` (TLS 1.3), `mtls` (a client certificate is required), `policy` (that, a bearer token, a
limit for each client and an access log). What peers cannot do differs: nginx checks no token;
HAProxy and Envoy check signature, issuer and expiry, not the binding to the certificate; only
Mortise checks all of it and keeps durable evidence."""

import http.client
import json
import os
import re
import shutil
import ssl
import subprocess
import sys
import time
import urllib.parse

from lab import CERTS, ENVOY, HERE, MORTISE, RUN, Process, render, tool

KINDS = {"tls": 2, "mtls": 3, "policy": 4}
ISSUER = 9
TMPFS = "/dev/shm"


class Peer:
    """A gateway that runs."""

    def __init__(self, name, place, kind):
        self.name = name
        self.kind = kind
        self.port = 8100 + 10 * place + KINDS[kind]
        self.issuer_port = 8100 + 10 * place + ISSUER
        self.folder = os.path.join(RUN, f"{place}-{re.sub('[^a-z0-9]+', '-', name)}")
        shutil.rmtree(self.folder, ignore_errors=True)
        os.makedirs(self.folder)
        self.tokens = os.path.join(CERTS, "tokens.txt")
        self.scratch = None
        base, _, variant = name.partition("+")
        command = getattr(self, base)(variant.split("+") if variant else [])
        self.process = Process(command, 0, self.port, os.path.join(self.folder, "log"))
        if base == "mortise" and kind == "policy":
            self.fetch_tokens()

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
        client = "      partner-{:05}: {{ auth: private_key_jwt, jwks: file:{}/clients.json }}"
        values = {
            "PORT": self.port, "ISSUER_PORT": self.issuer_port, "AUDIT": audit,
            "LINGER": "1ms" if "linger" in variants else "0",
            "CLIENT_CERTIFICATES": "none" if self.kind == "tls" else "required",
            "CLIENTS": "\n".join(client.format(number, CERTS) for number in range(100)),
        }
        classes = "partner\n      x-mortise-scope: accounts" if self.kind == "policy" else "open"
        render("openapi.yaml", self.file("openapi.yaml"), CLASS=classes)
        conf = render("mortise.yaml", self.file("mortise.yaml"), **values)
        return [os.environ.get("MORTISE") or MORTISE, "serve", "--config", conf]

    def fetch_tokens(self):
        """A token for each client, from Mortise's own token endpoint."""
        import keys

        context = ssl.create_default_context(cafile=os.path.join(CERTS, "ca.crt"))
        context.check_hostname = False
        context.load_cert_chain(os.path.join(CERTS, "client.crt"), os.path.join(CERTS, "client.key"))
        key = keys.read_key("clients")
        self.tokens = self.file("tokens.txt")
        with open(self.tokens, "w") as file:
            for number in range(keys.CLIENTS):
                client, now = keys.client_id(number), int(time.time())
                claims = {"iss": client, "sub": client, "aud": keys.ISSUER, "iat": now,
                          "exp": now + 60, "jti": keys.b64(os.urandom(16))}
                form = urllib.parse.urlencode({
                    "grant_type": "client_credentials", "scope": "accounts",
                    "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
                    "client_assertion": keys.sign(key, {"alg": "ES256", "typ": "JWT", "kid": "k1"}, claims),
                })
                asked = http.client.HTTPSConnection("127.0.0.1", self.issuer_port, context=context, timeout=10)
                headers = {"Host": "as.example", "Content-Type": "application/x-www-form-urlencoded"}
                asked.request("POST", self.token_path(context), form, headers)
                answer = asked.getresponse()
                text = answer.read()
                if answer.status != 200:
                    raise RuntimeError(f"token endpoint: {answer.status} {text}")
                file.write(json.loads(text)["access_token"] + "\n")

    def token_path(self, context):
        if not hasattr(self, "found"):
            asked = http.client.HTTPSConnection("127.0.0.1", self.issuer_port, context=context, timeout=10)
            asked.request("GET", "/.well-known/oauth-authorization-server", headers={"Host": "as.example"})
            metadata = json.loads(asked.getresponse().read())
            self.found = urllib.parse.urlparse(metadata["token_endpoint"]).path
        return self.found
