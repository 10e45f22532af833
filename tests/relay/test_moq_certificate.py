"""The certificate of our own: what browsers want of one that is known by its SHA-256, kept, and made anew in time."""

import hashlib
import ssl
import stat
from datetime import timedelta
from pathlib import Path

import pytest

x509 = pytest.importorskip("cryptography.x509", reason="cryptography is not installed: pip install 'ringside[moq]'")

from cryptography.hazmat.primitives.asymmetric import ec  # noqa: E402

from ringside.flow.relay.moq.certificate import own  # noqa: E402

NOW_S = 1_790_000_000.0
DAY_S = 86_400.0
RENEW_S = 10 * DAY_S


def test_a_browser_takes_it_by_its_fingerprint(tmp_path: Path) -> None:
    made = own(tmp_path, NOW_S, RENEW_S)
    found = x509.load_pem_x509_certificate(made.cert.read_bytes())
    assert isinstance(found.public_key().curve, ec.SECP256R1)
    assert found.not_valid_after_utc - found.not_valid_before_utc < timedelta(days=14)
    assert found.not_valid_before_utc.timestamp() <= NOW_S - 12 * 3600, "a device's clock may be late"
    assert found.not_valid_after_utc.timestamp() >= NOW_S + RENEW_S + DAY_S
    der = ssl.PEM_cert_to_DER_cert(made.cert.read_text())
    assert made.fingerprint == hashlib.sha256(der).hexdigest()


def test_its_key_is_readable_by_us_alone_and_fits(tmp_path: Path) -> None:
    made = own(tmp_path, NOW_S, RENEW_S)
    assert stat.S_IMODE(made.key.stat().st_mode) == 0o600
    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(made.cert, made.key)


def test_who_is_started_again_has_the_same_until_it_is_to_be_made_anew(tmp_path: Path) -> None:
    first = own(tmp_path, NOW_S, RENEW_S)
    assert own(tmp_path, NOW_S + RENEW_S - 1, RENEW_S) == first
    second = own(tmp_path, NOW_S + RENEW_S, RENEW_S)
    assert second.fingerprint != first.fingerprint
    assert second.made_s == NOW_S + RENEW_S


@pytest.mark.parametrize("spoilt", ["moq-cert.pem", "moq-key.pem"])
def test_what_is_broken_or_of_a_future_clock_is_made_anew(tmp_path: Path, spoilt: str) -> None:
    first = own(tmp_path, NOW_S, RENEW_S)
    assert own(tmp_path, NOW_S - DAY_S, RENEW_S).fingerprint != first.fingerprint
    (tmp_path / spoilt).unlink()
    assert own(tmp_path, NOW_S, RENEW_S).fingerprint != first.fingerprint
    (tmp_path / "moq-cert.pem").write_text("nonsense")
    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(*own(tmp_path, NOW_S, RENEW_S)[:2])
