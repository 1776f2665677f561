"""A certificate authority of the sandbox: who trusts it can tell its servers from others, as on AWS. Made anew with each simulator."""

import os
import ssl
import threading
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

DAYS = 30
TRUST = "trusted.pem"
"""In the simulator's folder: the authorities that this machine trusts, and the sandbox's own."""
BUNDLES = "/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"
"""Where systems keep the authorities that they trust."""


class Authority:
    """Signs certificates of addresses; its key is in memory only."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "provision sandbox")])
        self._certificate = self._builder(self._name, self._key.public_key()).add_extension(
            x509.BasicConstraints(ca=True, path_length=0), critical=True).add_extension(_usage(authority=True), critical=True).sign(
            self._key, hashes.SHA256())
        self.pem = _pem(self._certificate)

    def issue(self, *names: str) -> tuple[str, str]:
        """Certificate and key for a server of these names or addresses, as PEM."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0][:64])])
        issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        certificate = (self._builder(name, key.public_key())
                       .add_extension(x509.SubjectAlternativeName([_general(name) for name in names]), critical=False)
                       .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
                       .add_extension(_usage(authority=False), critical=True)
                       .add_extension(issuer, critical=False).sign(self._key, hashes.SHA256()))
        return _pem(certificate), key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                                    serialization.NoEncryption()).decode()

    def _builder(self, name: x509.Name, key: Any) -> x509.CertificateBuilder:
        now = datetime.now(UTC)
        return (x509.CertificateBuilder().subject_name(name).issuer_name(self._name).public_key(key).serial_number(x509.random_serial_number())
                .not_valid_before(now - timedelta(hours=1)).not_valid_after(now + timedelta(days=DAYS))
                .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False))


class Trust:
    """The authority of one simulator, made when it is first needed, and the file that says whom to trust."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._authority: Authority | None = None
        self._lock = threading.Lock()

    def authority(self) -> Authority:
        """It, noted beside those that the machine trusts."""
        with self._lock:
            if self._authority is None:
                self._authority = Authority()
                (self._folder / TRUST).write_text(trusted_by_system() + self._authority.pem)
                os.environ["SSL_CERT_FILE"] = str(self._folder / TRUST)  # functions inherit it
            return self._authority


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _usage(*, authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(digital_signature=True, key_cert_sign=authority, crl_sign=authority, content_commitment=False, key_encipherment=False,
                         data_encipherment=False, key_agreement=False, encipher_only=False, decipher_only=False)


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def trusted_by_system() -> str:
    """The authorities that this machine trusts, as PEM; empty where none are found."""
    for place in (ssl.get_default_verify_paths().cafile, *BUNDLES):
        if place and Path(place).is_file():
            return Path(place).read_text()
    return ""
