#!/usr/bin/env python3
"""Tokens: what they cost at the issuer, beside oidc-provider, and on the road, bound to a certificate
or to a key (DPoP).

At the issuer both peers do the same: mutual TLS 1.3, private_key_jwt with an assertion for each
request, a JWT access token bound to the certificate, with a code also a refresh token. Mortise
keeps grants, codes and used assertions in SQLite and a durable record of each token; oidc-provider
keeps all in memory. The client signs by the algorithm that its tokens are signed by. Windows
alternate; each sends so many requests, each once.

Ends with 1 when the goal is not met.

tokens.py [--rounds 9] [--rows issuer,road] [--json]"""

import argparse
import hashlib
import html
import http.client
import json
import os
import re
import ssl
import statistics
import sys
import time
import urllib.parse

sys.dont_write_bytecode = True

from cryptography.hazmat.primitives import hashes, serialization  # noqa: E402
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils  # noqa: E402

import duel  # noqa: E402
import keys  # noqa: E402
import lab  # noqa: E402
from peers import Peer  # noqa: E402

CLIENT = "partner-00000"
CALLBACK = "https://app.example/callback"
RESOURCE = "https://localhost"
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
FORM = "application/x-www-form-urlencoded"
VERIFIER = "a-verifier-of-the-lab-which-nobody-needs-to-guess"
CHALLENGE = keys.b64(hashlib.sha256(VERIFIER.encode()).digest())
COUNTS = {("mortise", "client_credentials"): 3000, ("mortise", "code"): 300,
          ("oidc-provider", "client_credentials"): 600, ("oidc-provider", "code"): 300}
LOG_IN = ("log-in", {"username": "customer", "password": "lab"})
ALLOW = ("allow", {})
CONNECTIONS = "16"
ROAD = 12000
GOAL = 0.25
"""CPU for client_credentials with ES256, as a share of oidc-provider's, at most."""


class Signer:
    """A key with its `kid`, for one algorithm."""

    def __init__(self, algorithm, kid, bits=2048):
        self.algorithm = algorithm
        self.kid = kid
        self.key = (ec.generate_private_key(ec.SECP256R1()) if algorithm == "ES256"
                    else rsa.generate_private_key(65537, bits))

    def jwk(self, private=False):
        made = {"kid": self.kid, "alg": self.algorithm, "use": "sig"}
        if self.algorithm == "ES256":
            numbers = self.key.private_numbers()
            public = numbers.public_numbers
            made |= {"kty": "EC", "crv": "P-256", "x": number(public.x, 32), "y": number(public.y, 32)}
            return made | ({"d": number(numbers.private_value, 32)} if private else {})
        numbers = self.key.private_numbers()
        made |= {"kty": "RSA", "n": number(numbers.public_numbers.n), "e": number(numbers.public_numbers.e)}
        parts = {"d": numbers.d, "p": numbers.p, "q": numbers.q, "dp": numbers.dmp1, "dq": numbers.dmq1,
                 "qi": numbers.iqmp}
        return made | ({name: number(part) for name, part in parts.items()} if private else {})

    def sign(self, header, claims):
        head = {"alg": self.algorithm, **header}
        text = ".".join(keys.b64(json.dumps(part).encode()) for part in (head, claims))
        if self.algorithm == "ES256":
            r, s = utils.decode_dss_signature(self.key.sign(text.encode(), ec.ECDSA(hashes.SHA256())))
            signature = r.to_bytes(32, "big") + s.to_bytes(32, "big")
        else:
            pss = padding.PSS(padding.MGF1(hashes.SHA256()), 32)
            signature = self.key.sign(text.encode(), pss, hashes.SHA256())
        return f"{text}.{keys.b64(signature)}"


def number(value, size=0):
    return keys.b64(value.to_bytes(size or (value.bit_length() + 7) // 8, "big"))


class Connection:
    """A kept connection of a browser or a client; cookies are kept too."""

    def __init__(self, port, shows_certificate):
        context = ssl.create_default_context(cafile=os.path.join(lab.CERTS, "ca.crt"))
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        # The certificate names `localhost`; issuers of the lab have other names.
        context.check_hostname = False
        if shows_certificate:
            context.load_cert_chain(*(os.path.join(lab.CERTS, f"client.{end}") for end in ("crt", "key")))
        self.connection = http.client.HTTPSConnection("127.0.0.1", port, context=context)
        self.cookies = {}

    def ask(self, method, url, host, form=None):
        parts = urllib.parse.urlsplit(url)
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        headers = {"Host": host}
        if form is not None:
            headers["Content-Type"] = FORM
        if self.cookies:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        body = urllib.parse.urlencode(form) if form is not None else None
        self.connection.request(method, path, body, headers)
        answer = self.connection.getresponse()
        for name, value in answer.getheaders():
            if name.lower() == "set-cookie":
                cookie, _, rest = value.partition(";")
                cookie, _, text = cookie.partition("=")
                self.cookies[cookie] = text
                if not text or "max-age=0" in rest.lower():
                    del self.cookies[cookie]
        return answer.status, answer.getheader("location"), answer.read().decode()


class Issuer:
    """A peer that issues tokens by one algorithm, and the requests that it is sent."""

    def __init__(self, name, place, algorithm):
        self.name = name
        self.port = 8200 + 10 * place
        self.folder = os.path.join(lab.RUN, f"tokens-{name}-{algorithm}")
        lab.shutil.rmtree(self.folder, ignore_errors=True)
        os.makedirs(self.folder)
        self.algorithm = algorithm
        self.signer = Signer(algorithm, "client")
        self.at_pages = None
        self.made = 0
        if name == "mortise":
            self.issuer, self.token = "https://keys.example", "/token"
            command, env = self.mortise(), None
        else:
            self.issuer, self.token = f"https://localhost:{self.port}", "/token"
            command, env = self.oidc_provider(), {"NODE_ENV": "production"}
        self.at_tokens = Connection(self.port, True)
        self.process = lab.Process(command, 0, self.port, os.path.join(self.folder, "log"), env)

    def file(self, name, text=None):
        path = os.path.join(self.folder, name)
        if text is not None:
            with open(path, "w") as file:
                file.write(text)
        return path

    def mortise(self):
        self.file("signers.json", json.dumps({"keys": [self.signer.jwk()]}))
        openapi = {"CLASS": lab.GUARDED}
        lab.render("openapi.yaml", self.file("openapi.yaml"), **openapi)
        conf = lab.render("tokens.yaml", self.file("mortise.yaml"), PORT=self.port, ISSUER=self.issuer,
                          ISSUER_PORT=self.port + 1, ALGORITHM=self.algorithm, CALLBACK=CALLBACK)
        return [lab.MORTISE, "serve", "--config", conf]

    def oidc_provider(self):
        cert = lambda name: os.path.join(lab.CERTS, name)  # noqa: E731
        settings = {
            "modules": os.path.join(lab.ROOT, "conformance/clients"), "port": self.port,
            "issuer": self.issuer, "resource": RESOURCE, "algorithm": self.algorithm,
            "key": cert("server.key"), "certificate": cert("server.crt"), "ca": cert("ca.crt"),
            # Of the size that Mortise makes for itself.
            "signing": Signer(self.algorithm, "issuer", 3072).jwk(private=True), "clients": [CLIENT],
            "jwks": {"keys": [self.signer.jwk()]}, "callback": CALLBACK,
        }
        script = os.path.join(lab.HERE, "conf/oidc-provider.mjs")
        return [lab.tool("node"), script, self.file("settings.json", json.dumps(settings))]

    def client(self, more):
        """A form with a fresh assertion."""
        now = int(time.time())
        self.made += 1
        claims = {"iss": CLIENT, "sub": CLIENT, "aud": self.issuer, "iat": now, "exp": now + 240,
                  "jti": f"{os.getpid()}-{self.made}-{os.urandom(6).hex()}"}
        assertion = self.signer.sign({"kid": "client"}, claims)
        return {"client_assertion_type": ASSERTION, "client_assertion": assertion, **more}

    def codes(self, count):
        if self.name == "mortise":
            return [self.code() for _ in range(count)]
        query = urllib.parse.urlencode({"count": count, "client": CLIENT, "challenge": CHALLENGE})
        status, _, text = self.at_tokens.ask("POST", f"/lab/codes?{query}", "localhost", {})
        assert status == 200, text
        return json.loads(text)

    def code(self, scope="accounts", steps=(LOG_IN, ALLOW)):
        """Leads a customer through the pages: on each, what they press and what they fill in."""
        if self.at_pages is None:
            self.at_pages = Connection(self.port + 1, False)
        pages = self.at_pages
        asks = self.client({"response_type": "code", "redirect_uri": CALLBACK, "scope": scope,
                            "code_challenge": CHALLENGE, "code_challenge_method": "S256"})
        status, _, text = pages.ask("POST", "/par", "keys.example", asks)
        assert status == 201, text
        query = {"client_id": CLIENT, "request_uri": json.loads(text)["request_uri"]}
        link = f"/authorize?{urllib.parse.urlencode(query)}"
        for act, fields in steps:
            status, _, page = pages.ask("GET", link, "keys.example")
            assert status == 200, page
            action = html.unescape(re.search(r'<form[^>]*action="([^"]*)"', page)[1])
            hidden = re.findall(r'name="(csrf|request)" value="([^"]*)"', page)
            hidden = {name: html.unescape(value) for name, value in hidden}
            status, link, page = pages.ask("POST", action, "keys.example", {**hidden, **fields, "act": act})
            assert status == 303, page
        status, _, page = pages.ask("GET", link, "keys.example")
        back = re.search(r'id="return"[^>]*href="([^"]*)"|href="([^"]*)"[^>]*id="return"', page)
        back = html.unescape(back[1] or back[2])
        return urllib.parse.parse_qs(urllib.parse.urlsplit(back).query)["code"][0]

    def window(self, kind):
        count = COUNTS[self.name, kind]
        if kind == "code":
            asked = [{"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK,
                      "code_verifier": VERIFIER} for code in self.codes(count)]
        else:
            asked = [{"grant_type": "client_credentials", "scope": "accounts"}] * count
        headers = {"Host": f"localhost:{self.port}" if self.name != "mortise" else "localhost",
                   "Content-Type": FORM}
        lines = [json.dumps({"method": "POST", "path": self.token, "headers": headers,
                             "body": urllib.parse.urlencode(self.client(form))}) for form in asked]
        return each(self.port, self.file("each", "\n".join(lines)), self.process.pids)


def each(port, file, pids):
    arguments = ["--tls", "mtls", "--connections", CONNECTIONS, "--each", file]
    figures = lab.load(port, arguments, pids, 0, 0)
    if figures["bad"] or figures["errors"]:
        raise RuntimeError(f"{figures['bad']} refused, {figures['errors']} errors: {figures['error']}")
    return figures


def at_issuer(rounds):
    """Windows by algorithm, kind and peer."""
    windows = {}
    for algorithm in ("ES256", "PS256"):
        peers = []
        try:
            for place, name in enumerate(("oidc-provider", "mortise")):
                peers.append(Issuer(name, place, algorithm))
            for kind in ("client_credentials", "code"):
                found = windows[algorithm, kind] = {peer.name: [] for peer in peers}
                for turn in range(rounds + 1):
                    for peer in peers[turn % 2:] + peers[:turn % 2]:
                        figures = peer.window(kind)
                        if turn:
                            found[peer.name].append(figures)
                    print(f"{algorithm} {kind}: round {turn} of {rounds}", file=sys.stderr)
        finally:
            for peer in peers:
                peer.process.stop()
    return windows


class Caller:
    """Calls on the road: with a token that is kept, and a proof for each request where it is bound
    to a key."""

    def __init__(self, peer):
        self.peer = peer
        issuer = keys.read_key("jwt")
        with open(os.path.join(lab.CERTS, "claims.json")) as file:
            self.claims = json.load(file)
        self.issuer = issuer

    def token(self, cnf):
        claims = {**self.claims, "client_id": CLIENT, "jti": os.urandom(8).hex(), "cnf": cnf}
        return keys.sign(self.issuer, {"alg": "ES256", "typ": "at+jwt", "kid": "k1"}, claims)

    def nonce(self):
        """A nonce of the road, which it demands while it is young."""
        signer = Signer("ES256", "none")
        token = self.token({"jkt": thumbprint(signer)})
        connection = Connection(self.peer.port, True).connection
        headers = {"Host": "localhost", "Authorization": f"DPoP {token}", "DPoP": self.proof(signer, token, None)}
        connection.request("GET", "/api", headers=headers)
        return connection.getresponse().getheader("dpop-nonce")

    def proof(self, signer, token, nonce):
        jwk = {name: value for name, value in signer.jwk().items() if name in ("kty", "crv", "x", "y", "n", "e")}
        claims = {"jti": os.urandom(12).hex(), "htm": "GET", "htu": f"{RESOURCE}/api", "iat": int(time.time()),
                  "ath": keys.b64(hashlib.sha256(token.encode()).digest()), **({"nonce": nonce} if nonce else {})}
        return signer.sign({"typ": "dpop+jwt", "jwk": jwk}, claims)

    def window(self, algorithm):
        headers = {"Host": "localhost", "Accept": "application/json"}
        if algorithm is None:
            with open(os.path.join(lab.CERTS, "client.crt"), "rb") as file:
                certificate = keys.x509.load_pem_x509_certificate(file.read())
            digest = hashlib.sha256(certificate.public_bytes(serialization.Encoding.DER)).digest()
            token = self.token({"x5t#S256": keys.b64(digest)})
            all_ = [{**headers, "Authorization": f"Bearer {token}"}] * ROAD
        else:
            signer = Signer(algorithm, "proof")
            token, nonce = self.token({"jkt": thumbprint(signer)}), self.nonce()
            all_ = [{**headers, "Authorization": f"DPoP {token}", "DPoP": self.proof(signer, token, nonce)}
                    for _ in range(ROAD if algorithm == "ES256" else ROAD // 4)]
        path = os.path.join(self.peer.folder, "each")
        with open(path, "w") as file:
            file.writelines(json.dumps({"method": "GET", "path": "/api", "headers": one}) + "\n" for one in all_)
        return each(self.peer.port, path, self.peer.pids)


def thumbprint(signer):
    """RFC 7638."""
    members = {name: value for name, value in signer.jwk().items() if name in ("kty", "crv", "x", "y", "n", "e")}
    text = json.dumps(members, sort_keys=True, separators=(",", ":"))
    return keys.b64(hashlib.sha256(text.encode()).digest())


def on_road(rounds):
    peer = Peer("mortise", 3, "policy")
    try:
        caller = Caller(peer)
        windows = {"certificate": [], "key, ES256": [], "key, PS256": []}
        for turn in range(rounds + 1):
            for name, algorithm in (("certificate", None), ("key, ES256", "ES256"), ("key, PS256", "PS256")):
                figures = caller.window(algorithm)
                if turn:
                    windows[name].append(figures)
        return windows
    finally:
        peer.stop()


def median(windows, name):
    return statistics.median(figures[name] for figures in windows)


def table(title, windows, base):
    lines = [f"{title}\n", f"| | requests/s | CPU µs | p50 µs | CPU / {base} |", "| --- | --- | --- | --- | --- |"]
    for name, all_ in windows.items():
        ratio = statistics.median(ours["cpu_us"] / its["cpu_us"] for ours, its in zip(all_, windows[base]))
        lines.append(f"| {name} | {median(all_, 'per_second'):,.0f} | {median(all_, 'cpu_us'):,.1f} | "
                     f"{median(all_, 'p50'):,.0f} | {ratio:.2f} |")
    return "\n".join(lines) + "\n"


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rounds", type=int, default=9)
    arguments.add_argument("--rows", default="issuer,road")
    arguments.add_argument("--json", action="store_true")
    options = arguments.parse_args()
    bank = duel.prepare()
    met, all_ = True, {}
    try:
        if "issuer" in options.rows:
            for (algorithm, kind), windows in at_issuer(options.rounds).items():
                all_[f"{kind}, {algorithm}"] = windows
        if "road" in options.rows:
            all_["road"] = on_road(options.rounds)
    finally:
        bank.stop()
    if options.json:
        print(json.dumps(all_))
    for title, windows in all_.items():
        if not options.json:
            print(table(title, windows, "certificate" if title == "road" else "oidc-provider"))
    goal = all_.get("client_credentials, ES256")
    if goal:
        found = statistics.median(ours["cpu_us"] / its["cpu_us"]
                                  for ours, its in zip(goal["mortise"], goal["oidc-provider"]))
        met = found <= GOAL
        if not options.json:
            print(f"client_credentials, ES256, CPU: {found:.3f} of oidc-provider's, must ≤ {GOAL}: "
                  f"{'met' if met else 'NOT MET'}")
    sys.exit(0 if met else 1)


if __name__ == "__main__":
    main()
