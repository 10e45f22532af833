"""Certificates for 127.0.0.1, made by openssl: self-signed, and valid only in the years asked for."""

import shutil
import subprocess
from pathlib import Path

AUTHORITY = """[ca]
default_ca = own
[own]
database = {folder}/index.txt
new_certs_dir = {folder}
serial = {folder}/serial
default_md = sha256
policy = any
unique_subject = no
x509_extensions = names
[any]
commonName = supplied
[names]
subjectAltName = IP:127.0.0.1
"""


def certificate(folder: Path, begins: str, ends: str) -> Path:
    """Key and certificate in one PEM file in `folder`; the dates as YYYYMMDDHHMMSSZ."""
    if shutil.which("openssl") is None:
        raise FileNotFoundError("openssl is not installed: apt-get install openssl")
    key, request, made, both = (folder / name for name in ("key.pem", "request.pem", "made.pem", "both.pem"))
    (folder / "ca.conf").write_text(AUTHORITY.format(folder=folder))
    (folder / "index.txt").write_text("")
    (folder / "serial").write_text("01")
    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    _openssl("req", *curve, "-keyout", str(key), "-out", str(request), "-subj", "/CN=127.0.0.1")
    own = ["-batch", "-selfsign", "-notext", "-config", str(folder / "ca.conf"), "-keyfile", str(key)]
    _openssl("ca", *own, "-in", str(request), "-startdate", begins, "-enddate", ends, "-out", str(made))
    both.write_text(key.read_text() + made.read_text())
    return both


def _openssl(*arguments: str) -> None:
    subprocess.run(["openssl", *arguments], check=True, capture_output=True)
