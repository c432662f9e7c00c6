"""Both sandboxes over TLS by the vendors' own host names, through the sandbox's proxy."""

import socket
import ssl

import httpx
import pytest
from cryptography import x509
from waiting import WITHIN_S

from sandbox.brightpearl import reference
from sandbox.tls import make_certificate

KEYS = {
    "brightpearl-app-ref": reference.APP_REF,
    "brightpearl-account-token": reference.ACCOUNT_TOKEN,
}
STORE = {"X-Auth-Token": "sandbox-access-token"}


@pytest.fixture
def http(sandboxes):
    """A client that trusts the sandbox's authority and sends all it asks through the proxy."""
    trust = ssl.create_default_context(cafile=str(sandboxes.tls.ca_file))
    with httpx.Client(proxy=sandboxes.tls.proxy_url, verify=trust, timeout=WITHIN_S) as client:
        yield client


@pytest.mark.parametrize(
    ("url", "headers"),
    [
        ("https://api.bigcommerce.com/stores/sandbox/v2/time", STORE),
        ("https://API.bigcommerce.com:443/stores/sandbox/v3/catalog/products?limit=1", STORE),
        (
            "https://euw1.brightpearlconnect.com/public-api/sandbox/accounting-service/tax-code",
            KEYS,
        ),
        ("https://ws-eu1.brightpearl.com/2.0.0/sandbox//accounting-service/tax-code", KEYS),
    ],
)
def test_the_vendors_host_names_lead_to_the_sandboxes(http, url, headers):
    assert http.get(url, headers=headers).status_code == 200


def test_tokens_are_given_at_the_vendors_own_host_for_them(http):
    form = {
        "grant_type": "authorization_code",
        "code": "sandbox-authorization-code",
        "client_id": reference.APP_REF,
    }

    token = http.post("https://oauth.brightpearl.com/token/sandbox", data=form).json()

    headers = {
        "brightpearl-app-ref": reference.APP_REF,
        "authorization": f"Bearer {token['access_token']}",
    }
    url = f"https://{token['api_domain']}/public-api/sandbox/accounting-service/tax-code"
    assert http.get(url, headers=headers).status_code == 200


@pytest.mark.parametrize("host", ["example.com", "api.bigcommerce.com.example.com"])
def test_the_proxy_leads_nowhere_else(http, host):
    with pytest.raises(httpx.ProxyError, match="403"):
        http.get(f"https://{host}/")


@pytest.mark.parametrize("head", [b"GET http://example.com/ HTTP/1.1\r\n\r\n", b"\r\n\r\n"])
def test_the_proxy_only_connects(sandboxes, head):
    port = int(sandboxes.tls.proxy_url.rpartition(":")[2])
    with socket.create_connection(("127.0.0.1", port), timeout=WITHIN_S) as connection:
        connection.sendall(head)
        assert connection.recv(100).startswith(b"HTTP/1.1 403")


def test_both_are_also_reached_by_their_own_addresses(sandboxes):
    trust = ssl.create_default_context(cafile=str(sandboxes.tls.ca_file))
    for url in (sandboxes.tls.bigcommerce_url, sandboxes.tls.brightpearl_url):
        base = url.removesuffix("/public-api")
        assert httpx.get(f"{base}/_sandbox/health", verify=trust, timeout=WITHIN_S).json() == {
            "status": "ok"
        }


def test_nobody_can_sign_anything_else_that_clients_trust(tmp_path):
    made = make_certificate(tmp_path)

    keys = [file.name for file in tmp_path.iterdir() if b"PRIVATE KEY" in file.read_bytes()]
    assert keys == [made.key_file.name]
    assert made.key_file.stat().st_mode & 0o077 == 0
    certificate = x509.load_pem_x509_certificate(made.file.read_bytes())
    authority = x509.load_pem_x509_certificate(made.ca_file.read_bytes())
    certificate.verify_directly_issued_by(authority)
    constraints = certificate.extensions.get_extension_for_class(x509.BasicConstraints)
    assert not constraints.value.ca
