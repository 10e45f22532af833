"""Certificate: one of our own for WebTransport, where the operator has none; known to browsers by its SHA-256 alone.

What enters: a folder that only we may read, and the time. What leaves: the files, the fingerprint, and until when it is
to be used. It is kept in the folder, so that a process that was started again is known by the same fingerprint.

Of a certificate that is known in this way a browser wants (WebTransport, W3C, "custom certificate requirements"): an
ECDSA key on P-256, and validity now, by its own clock, for no more than fourteen days in all. It begins a day in the
past, for devices whose clock is late.
"""

import contextlib
import hashlib
import os
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

NAMES = ("localhost", "127.0.0.1", "::1")
LATE = timedelta(days=1)  # how late a device's clock may be
VALID = timedelta(days=13, hours=12)  # in all: less than the fourteen days
CERT, KEY = "moq-cert.pem", "moq-key.pem"


class Own(NamedTuple):
    """Files in PEM, the certificate's SHA-256 in hex, and the Unix time (s) at which it was made."""

    cert: Path
    key: Path
    fingerprint: str
    made_s: float


def own(folder: Path, now_s: float, renew_s: float) -> Own:
    """The certificate in `folder`; a new one where there is none, or the one there is `renew_s` old or more."""
    kept = _kept(folder)
    if kept is not None and 0 <= now_s - kept.made_s < renew_s:
        return kept
    return _make(folder, now_s)


def _kept(folder: Path) -> Own | None:
    cert, key = folder / CERT, folder / KEY
    try:
        found = x509.load_pem_x509_certificate(cert.read_bytes())
    except (OSError, ValueError):
        return None
    return _told(found, cert, key) if key.exists() else None


def _told(found: x509.Certificate, cert: Path, key: Path) -> Own:
    fingerprint = hashlib.sha256(found.public_bytes(serialization.Encoding.DER)).hexdigest()
    return Own(cert, key, fingerprint, (found.not_valid_before_utc + LATE).timestamp())


def _make(folder: Path, now_s: float) -> Own:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, NAMES[0])])
    begins = datetime.fromtimestamp(int(now_s), UTC) - LATE
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begins)
        .not_valid_after(begins + VALID)
        .add_extension(x509.SubjectAlternativeName([_alternative(each) for each in NAMES]), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    _write(folder / KEY, private)
    _write(folder / CERT, made.public_bytes(serialization.Encoding.PEM))
    return _told(made, folder / CERT, folder / KEY)


def _alternative(name: str) -> x509.GeneralName:
    with contextlib.suppress(ValueError):
        return x509.IPAddress(ip_address(name))
    return x509.DNSName(name)


def _write(path: Path, data: bytes) -> None:
    """Readable by us alone, and never half there."""
    making = path.with_suffix(".making")
    with os.fdopen(os.open(making, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(data)
    making.replace(path)
