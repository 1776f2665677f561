"""Certificates on the controller: an authority of our own out of one secret, what it issues, and a look at given ones.

The authority's key is derived from a secret of the environment's store and is on no disk: the same secret is the same authority, byte by byte.
"""

from __future__ import annotations

import datetime
import hashlib
import ipaddress
from dataclasses import dataclass

from ansible.module_utils.provision.failures import Failed
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
"""Of the curve P-256: a key is a number below it."""
BEGIN = datetime.datetime(2024, 1, 1, tzinfo=datetime.UTC)
END = datetime.datetime(2054, 1, 1, tzinfo=datetime.UTC)


@dataclass(frozen=True)
class Issued:
    """A certificate with its chain, its key (both PEM), and the second since 1970 at which it ends."""

    chain: str
    key: str
    end: int


class Authority:
    """The authority that a secret stands for."""

    def __init__(self, secret: str) -> None:
        number = HKDF(hashes.SHA256(), 48, b"provision", b"authority").derive(secret.encode())
        self._key = ec.derive_private_key(int.from_bytes(number, "big") % (ORDER - 1) + 1, ec.SECP256R1())
        public = self._key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
        digest = hashlib.sha256(public).digest()
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"provision authority {digest.hex()[:12]}")])
        self._certificate = self._self_signed(int.from_bytes(digest[:16], "big") >> 1 or 1)

    @property
    def pem(self) -> str:
        """The authority's own certificate."""
        return self._certificate.public_bytes(serialization.Encoding.PEM).decode()

    @property
    def fingerprint(self) -> str:
        """sha256 of the authority's certificate."""
        return self._certificate.fingerprint(hashes.SHA256()).hex()

    def _self_signed(self, serial: int) -> x509.Certificate:
        usage = x509.KeyUsage(digital_signature=False, content_commitment=False, key_encipherment=False, data_encipherment=False,
                              key_agreement=False, key_cert_sign=True, crl_sign=True, encipher_only=False, decipher_only=False)
        builder = (x509.CertificateBuilder().subject_name(self._name).issuer_name(self._name).public_key(self._key.public_key())
                   .serial_number(serial).not_valid_before(BEGIN).not_valid_after(END)
                   .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True).add_extension(usage, critical=True)
                   .add_extension(x509.SubjectKeyIdentifier.from_public_key(self._key.public_key()), critical=False))
        return builder.sign(self._key, hashes.SHA256(), ecdsa_deterministic=True)

    def issue(self, names: list[str], days: int) -> Issued:
        """A new key and a certificate for these host names and addresses."""
        key = ec.generate_private_key(ec.SECP256R1())
        now = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
        end = now + datetime.timedelta(days=days)
        usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH])
        builder = (x509.CertificateBuilder().subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0][:64])]))
                   .issuer_name(self._name).public_key(key.public_key()).serial_number(x509.random_serial_number())
                   .not_valid_before(now - datetime.timedelta(hours=1)).not_valid_after(end)
                   .add_extension(x509.SubjectAlternativeName([_general(name) for name in names]), critical=False)
                   .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True).add_extension(usage, critical=False)
                   .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
                   .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False))
        certificate = builder.sign(self._key, hashes.SHA256())
        text = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()).decode()
        return Issued(certificate.public_bytes(serialization.Encoding.PEM).decode() + self.pem, text, int(end.timestamp()))


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def given(chain: str, key: str, names: list[str]) -> Issued:
    """A given certificate and key, looked at. Raises Failed: unreadable, not of one pair, for other names, or ended."""
    try:
        first = x509.load_pem_x509_certificates(chain.encode())[0]
        private = serialization.load_pem_private_key(key.encode(), None)
    except (ValueError, TypeError) as error:
        raise Failed(f"the given certificate or key can't be read as PEM without a password: {error}") from None
    if private.public_key() != first.public_key():
        raise Failed("the given key is not the one of the given certificate")
    missing = [name for name in names if not any(_covers(have, name) for have in _names(first))]
    if missing:
        raise Failed(f"the given certificate is not for {', '.join(missing)}; it is for {', '.join(_names(first)) or 'no host name'}")
    if first.not_valid_after_utc <= datetime.datetime.now(datetime.UTC):
        raise Failed(f"the given certificate ended on {first.not_valid_after_utc:%Y-%m-%d}")
    return Issued(_ended(chain), _ended(key), int(first.not_valid_after_utc.timestamp()))


def _names(certificate: x509.Certificate) -> list[str]:
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return []
    return [*found.get_values_for_type(x509.DNSName), *map(str, found.get_values_for_type(x509.IPAddress))]


def _covers(have: str, name: str) -> bool:
    """RFC 6125: a star stands for one label, the first."""
    if have.startswith("*.") and not name.startswith("*."):
        return have[2:].lower() == name.partition(".")[2].lower()
    return have.lower() == name.lower()


def _ended(text: str) -> str:
    return text if text.endswith("\n") else f"{text}\n"
