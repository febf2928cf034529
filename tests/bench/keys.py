"""Keys of the lab: a CA, server and client certificates (P-256), a revocation list, the tokens' key,
100 access tokens (ES256) bound to the client's certificate, and what Mortise's file refers to."""

import base64
import datetime
import hashlib
import json
import os
import time

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, utils

from lab import CERTS

ISSUER = "https://as.example"
AUDIENCE = "https://localhost"
CLIENTS = 100
ORGANIZATION_ID = "PSDEU-LAB-001"
NAMES = x509.oid.NameOID


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def write(name, data):
    # Keys are for their owner alone: the gateway reads no others.
    mode = 0o600 if name == "kek" or name.endswith((".key", ".pk8")) else 0o644
    path = os.path.join(CERTS, name)
    with open(path, "wb") as file:
        os.fchmod(file.fileno(), mode)
        file.write(data if isinstance(data, bytes) else data.encode())


def read_key(name):
    """The key of this name, made when it is not there."""
    path = os.path.join(CERTS, name + ".key")
    if os.path.exists(path):
        os.chmod(path, 0o600)
        with open(path, "rb") as file:
            return serialization.load_pem_private_key(file.read(), None)
    key = ec.generate_private_key(ec.SECP256R1())
    form = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    write(name + ".key", key.private_bytes(serialization.Encoding.PEM, *form))
    write(name + ".pk8", key.private_bytes(serialization.Encoding.DER, *form))
    return key


def certificates():
    now = datetime.datetime.now(datetime.timezone.utc)
    from_, to = now - datetime.timedelta(hours=1), now + datetime.timedelta(days=365)
    ca_key = read_key("ca")
    ca_name = x509.Name([x509.NameAttribute(NAMES.COMMON_NAME, "Lab CA")])

    def usage(of):
        kinds = ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment",
                 "key_agreement", "key_cert_sign", "crl_sign", "encipher_only", "decipher_only")
        return x509.KeyUsage(**{kind: kind in of for kind in kinds})

    def builder(name, key, is_ca):
        made = x509.CertificateBuilder().subject_name(name).issuer_name(ca_name)
        made = made.public_key(key.public_key()).serial_number(x509.random_serial_number())
        made = made.not_valid_before(from_).not_valid_after(to)
        made = made.add_extension(x509.BasicConstraints(ca=is_ca, path_length=None), critical=True)
        made = made.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        return made.add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key()), critical=False)

    def issue(made, file):
        certificate = made.sign(ca_key, hashes.SHA256())
        write(file, certificate.public_bytes(serialization.Encoding.PEM))
        return certificate

    issue(builder(ca_name, ca_key, True).add_extension(usage({"key_cert_sign", "crl_sign"}), critical=True), "ca.crt")
    purposes = x509.oid.ExtendedKeyUsageOID
    client = None
    for name, purpose in (("server", purposes.SERVER_AUTH), ("client", purposes.CLIENT_AUTH)):
        key = read_key(name)
        attributes = [x509.NameAttribute(NAMES.ORGANIZATION_NAME, "Lab")]
        if name == "client":
            attributes.append(x509.NameAttribute(x509.ObjectIdentifier("2.5.4.97"), ORGANIZATION_ID))
        attributes.append(x509.NameAttribute(NAMES.COMMON_NAME, name))
        made = builder(x509.Name(attributes), key, False)
        made = made.add_extension(usage({"digital_signature"}), critical=True)
        made = made.add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
        if name == "server":
            names = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.DNSName("keys.example")])
            made = made.add_extension(names, critical=False)
        client = issue(made, name + ".crt")
    with open(os.path.join(CERTS, "server.pem"), "wb") as pem:
        for file in ("server.crt", "server.key"):
            with open(os.path.join(CERTS, file), "rb") as part:
                pem.write(part.read())
    revoked = x509.CertificateRevocationListBuilder().issuer_name(ca_name)
    revoked = revoked.last_update(from_).next_update(to).add_extension(x509.CRLNumber(1), critical=False)
    revoked = revoked.add_extension(
        x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key()), critical=False)
    write("ca.crl", revoked.sign(ca_key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    return client


def sign(key, header, claims):
    """A compact JWS, ES256."""
    text = f"{b64(json.dumps(header).encode())}.{b64(json.dumps(claims).encode())}"
    r, s = utils.decode_dss_signature(key.sign(text.encode(), ec.ECDSA(hashes.SHA256())))
    return f"{text}.{b64(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"


def jwks(key):
    numbers = key.public_key().public_numbers()
    x, y = (b64(number.to_bytes(32, "big")) for number in (numbers.x, numbers.y))
    return {"keys": [{"kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": "k1", "x": x, "y": y}]}


def client_id(number):
    return f"partner-{number:05}"


def tokens(client):
    key = read_key("jwt")
    write("jwks.json", json.dumps(jwks(key)))
    form = serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    write("jwt.pub.pem", key.public_key().public_bytes(*form))
    thumbprint = hashlib.sha256(client.public_bytes(serialization.Encoding.DER)).digest()
    now = int(time.time())
    claims = {"iss": ISSUER, "aud": AUDIENCE, "sub": "lab", "scope": "accounts balances transactions",
              "iat": now - 60, "exp": now + 30 * 86400, "cnf": {"x5t#S256": b64(thumbprint)}}
    write("claims.json", json.dumps(claims))
    header = {"alg": "ES256", "typ": "at+jwt", "kid": "k1"}
    made = [sign(key, header, {**claims, "client_id": client_id(number), "jti": f"{number:032x}"})
            for number in range(CLIENTS)]
    write("tokens.txt", "\n".join(made) + "\n")


def main():
    os.makedirs(CERTS, exist_ok=True)
    tokens(certificates())
    write("clients.json", json.dumps(jwks(read_key("clients"))))
    write("kek", b64(os.urandom(32)))


if __name__ == "__main__":
    main()
