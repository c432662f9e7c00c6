"""A certificate for the vendors' host names, and the authority that clients trust it by."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

BIGCOMMERCE_HOSTS = ("api.bigcommerce.com", "login.bigcommerce.com", "*.mybigcommerce.com")
BRIGHTPEARL_HOSTS = ("*.brightpearlconnect.com", "*.brightpearl.com")
LOOPBACK = ("127.0.0.1", "::1")
LIFETIME = timedelta(days=30)
SIGNS = {"key_cert_sign": True, "crl_sign": True}
USED_BY_SERVERS = {"digital_signature": True}
_USAGES = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
    "encipher_only",
    "decipher_only",
)


@dataclass(frozen=True, slots=True)
class Certificate:
    """Files of a server's certificate and key, and of the authority that signed it."""

    file: Path
    key_file: Path
    ca_file: Path


def make_certificate(folder: Path) -> Certificate:
    """A new authority and a certificate by it for loopback and all the vendors' names.

    The authority's key is kept nowhere: no one can sign anything else that its clients trust.
    """
    folder.mkdir(parents=True, exist_ok=True)
    ca_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    ca = (
        _builder("Sandbox authority", "Sandbox authority", ca_key.public_key(), SIGNS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(ca_key, hashes.SHA256())
    )
    names: list[x509.GeneralName] = [
        x509.DNSName(host) for host in ("localhost", *BIGCOMMERCE_HOSTS, *BRIGHTPEARL_HOSTS)
    ]
    names += [x509.IPAddress(ip_address(address)) for address in LOOPBACK]
    certificate = (
        _builder("localhost", "Sandbox authority", key.public_key(), USED_BY_SERVERS)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key()), critical=False
        )
        .sign(ca_key, hashes.SHA256())
    )
    made = Certificate(folder / "sandbox.crt", folder / "sandbox.key", folder / "ca.crt")
    pem = serialization.Encoding.PEM
    made.ca_file.write_bytes(ca.public_bytes(pem))
    made.file.write_bytes(certificate.public_bytes(pem))
    made.key_file.touch(mode=0o600)
    made.key_file.write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return made


def _builder(
    name: str, issuer: str, public_key: ec.EllipticCurvePublicKey, usages: dict[str, bool]
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + LIFETIME)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
        .add_extension(
            x509.KeyUsage(**dict.fromkeys(_USAGES, False) | usages),
            critical=True,
        )
    )
