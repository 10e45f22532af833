"""The certificate of the public port: read, tried out, and read again when it changes on disk.

What enters: two paths. What leaves: an ssl.SSLContext that speaks TLS 1.2 and 1.3 and offers HTTP/2 (RFC 7301), or one
sentence that names the file at fault. The certificate is tried out by a handshake with ourselves, in memory.

The client's order of ciphers is followed: browsers put AES-128-GCM first where they have instructions for AES, and
ChaCha20 where they have not; OpenSSL's own order would give AES-256 to all of them.
"""

import logging
import ssl
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ringside.core.errors import Misconfigured

log = logging.getLogger(__name__)

PROTOCOLS = ["h2", "http/1.1"]
CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20"  # of TLS 1.2: all that RFC 9113 §9.2.2 leaves
EXPIRED, NOT_YET = 10, 9  # X509_V_ERR_CERT_HAS_EXPIRED, X509_V_ERR_CERT_NOT_YET_VALID
PARTIAL_CHAIN = 0x80000  # X509_V_FLAG_PARTIAL_CHAIN: the certificate may vouch for itself


def context(cert: Path, key: Path) -> ssl.SSLContext:
    """What answers with the certificate chain in `cert` and its key in `key`, both PEM. Raises Misconfigured."""
    return _made(cert, key)[0]


def _made(cert: Path, key: Path) -> tuple[ssl.SSLContext, float]:
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    made.options &= ~ssl.OP_CIPHER_SERVER_PREFERENCE
    made.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_NO_COMPRESSION
    made.set_ciphers(CIPHERS)
    made.set_alpn_protocols(PROTOCOLS)
    made.num_tickets = 1
    for path in (cert, key):
        _readable(path)
    _load(made, cert, key)
    return made, _ends(made, cert)


def _readable(path: Path) -> None:
    try:
        text = path.read_bytes()
    except OSError as error:
        raise Misconfigured(f"{path} cannot be read: {error.strerror or error}") from None
    if b"-----BEGIN " not in text:
        raise Misconfigured(f"{path} is not in PEM form: it has no line that says BEGIN")


def _load(made: ssl.SSLContext, cert: Path, key: Path) -> None:
    def locked() -> str:
        raise Misconfigured(f"the key in {key} is locked with a passphrase; give one that is not")

    if b"CERTIFICATE-----" not in cert.read_bytes():
        raise Misconfigured(f"{cert} holds no certificate")
    if b"KEY-----" not in key.read_bytes():
        raise Misconfigured(f"{key} holds no private key")
    try:
        made.load_cert_chain(cert, key, locked)
    except ssl.SSLError as error:
        if error.reason == "KEY_VALUES_MISMATCH":
            raise Misconfigured(f"the key in {key} is not that of the certificate in {cert}") from None
        raise Misconfigured(f"{cert} and {key} cannot be used: {error.reason or error}") from None


def _ends(made: ssl.SSLContext, cert: Path) -> float:
    """Unix time, s, at which the certificate expires; raises Misconfigured when it is not valid now."""
    visitor = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    visitor.check_hostname = False
    visitor.verify_flags |= ssl.VerifyFlags(PARTIAL_CHAIN)
    visitor.load_verify_locations(cafile=cert)
    there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
    us, them = made.wrap_bio(there, back, server_side=True), visitor.wrap_bio(back, there)
    try:
        for side in (them, us, them):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
    except ssl.SSLCertVerificationError as error:
        _judge(error, cert)
        return 0.0
    except ssl.SSLError as error:
        raise Misconfigured(f"nobody could connect with the certificate in {cert}: {error.reason}") from None
    told: Any = them.getpeercert()
    return ssl.cert_time_to_seconds(told["notAfter"])


def _judge(error: ssl.SSLCertVerificationError, cert: Path) -> None:
    """Only the dates are ours to judge: whom a browser trusts is between it and its user."""
    if error.verify_code == EXPIRED:
        raise Misconfigured(f"the certificate in {cert} has expired") from None
    if error.verify_code == NOT_YET:
        raise Misconfigured(
            f"the certificate in {cert} is not valid yet; is the clock of this machine right?"
        ) from None


class Certificate:
    """The certificate in use, and what came of it: handshakes, failures. `context` is for the next connection."""

    def __init__(self, cert: Path, key: Path) -> None:
        self._paths = cert, key
        self._seen = self._stamps()
        self.context, self._ends_s = _made(cert, key)
        self.fault = ""  # why what is on disk now is not in use
        self.handshakes = self.resumed = self.failed = self.plain = self.renewed = 0
        self.floods = 0

    def __repr__(self) -> str:
        return f"<Certificate {self._paths[0]} {self.handshakes} handshakes {self.failed} failed>"

    def look(self) -> bool:
        """Read the files again if they have changed; whether they are in use now. Else `fault` says why not."""
        stamps = self._stamps()
        if stamps == self._seen:
            return False
        self._seen = stamps
        try:
            self.context, self._ends_s = _made(*self._paths)
        except Misconfigured as error:
            self.fault = f"{error}; the old certificate is still in use"
            log.warning("%s", self.fault)
            return False
        self.fault = ""
        self.renewed += 1
        log.info("the certificate in %s is renewed", self._paths[0])
        return True

    def report(self) -> dict[str, Any]:
        """Counters since the worker began, and until when the certificate is good. JSON-ready."""
        ends = datetime.fromtimestamp(self._ends_s, UTC).isoformat() if self._ends_s else None
        return {
            "handshakes": self.handshakes, "resumed": self.resumed, "failed": self.failed, "plain": self.plain,
            "floods": self.floods, "renewed": self.renewed, "expires": ends, "fault": self.fault,
        }  # fmt: skip

    def _stamps(self) -> tuple[tuple[int, int, int], ...]:
        return tuple(_stamp(path) for path in self._paths)


def _stamp(path: Path) -> tuple[int, int, int]:
    """What differs when a file is another: an editor writes it, a renewal puts a link or a file in its place."""
    try:
        found = path.stat()
    except OSError:
        return (0, 0, 0)
    return (found.st_ino, found.st_mtime_ns, found.st_size)
