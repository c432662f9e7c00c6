"""Both sandboxes behind real sockets on loopback: in the foreground, or in a thread for a test."""

import asyncio
import contextlib
import gc
import signal
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import cast

import uvicorn
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from starlette.types import ASGIApp

from sandbox.bigcommerce.store import Store
from sandbox.brightpearl.account import Account
from sandbox.catalogue.generated import SKUS
from sandbox.kit.clock import Clock
from sandbox.kit.faults import Faults
from sandbox.kit.requests_log import RequestsLog
from sandbox.world import Limits, Plan, World, build, read_faults

HOST = "127.0.0.1"
START_S = 30.0
OWN_ORDERS = 25
CERTIFICATE_LIFETIME = timedelta(days=2)


class _Server(uvicorn.Server):
    """A server that leaves signals to its caller."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


@dataclass(frozen=True, slots=True)
class Running:
    """Both systems while they are served. The API URLs are as in Causeway's settings."""

    bigcommerce_url: str
    brightpearl_url: str
    world: World
    bigcommerce_tls_url: str = ""
    """The same store over https; empty unless asked for."""
    certificate_file: Path | None = None

    @property
    def store(self) -> Store:
        """The BigCommerce store."""
        return self.world.store

    @property
    def account(self) -> Account:
        """The Brightpearl account."""
        return self.world.account

    @property
    def clock(self) -> Clock:
        """The clock of both."""
        return self.world.clock

    @property
    def bigcommerce_faults(self) -> Faults:
        """What may go wrong with the store's API."""
        return self.world.faults["bigcommerce"]

    @property
    def bigcommerce_requests(self) -> RequestsLog:
        """Requests to the store's API."""
        return self.world.requests["bigcommerce"]

    @property
    def brightpearl_requests(self) -> RequestsLog:
        """Requests to the account's API."""
        return self.world.requests["brightpearl"]


def make_certificate(folder: Path) -> tuple[Path, Path]:
    """Certificate and key files in `folder`, valid for 127.0.0.1 and localhost.

    The certificate is signed with its own key: clients trust it when they are given the file.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    names = [x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))]
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + CERTIFICATE_LIFETIME)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate_file, key_file = folder / "sandbox.crt", folder / "sandbox.key"
    certificate_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return certificate_file, key_file


def _server(
    app: ASGIApp, tls: tuple[Path, Path] | None = None, *, has_lifespan: bool = True
) -> _Server:
    certificate, key = tls or (None, None)
    config = uvicorn.Config(
        app,
        log_level="critical",
        access_log=False,
        lifespan="on" if has_lifespan else "off",
        server_header=False,
        date_header=False,
        ssl_certfile=certificate,
        ssl_keyfile=key,
        timeout_graceful_shutdown=2,
    )
    return _Server(config)


def _listen(port: int) -> socket.socket:
    """A socket on loopback; port 0 takes a free one."""
    return socket.create_server((HOST, port), backlog=512)


def _url(listener: socket.socket, scheme: str = "http") -> str:
    return f"{scheme}://{HOST}:{listener.getsockname()[1]}"


async def _run(servers: Sequence[tuple[_Server, socket.socket]], ready: Callable[[], None]) -> None:
    """Serve until `should_exit` is set on every server."""
    tasks = [asyncio.create_task(server.serve(sockets=[listener])) for server, listener in servers]
    while not all(server.started for server, _ in servers):
        if any(task.done() for task in tasks):
            break
        await asyncio.sleep(0.005)
    else:
        ready()
    await asyncio.gather(*tasks)


def _loop(servers: Sequence[tuple[_Server, socket.socket]], ready: Callable[[], None]) -> None:
    factory = servers[0][0].config.get_loop_factory()
    with asyncio.Runner(loop_factory=factory) as runner:
        runner.run(_run(servers, ready))


def serve(  # noqa: PLR0913 - the flags of a command
    *,
    bigcommerce_port: int = 8101,
    brightpearl_port: int = 8102,
    orders_files: Sequence[Path] = (),
    limits: str = "documented",
    faults_file: Path | None = None,
    seed: int = 1,
    is_unplaced: bool = False,
    own_orders: int = OWN_ORDERS,
    skus: int = SKUS,
) -> None:
    """Serve both sandboxes in the foreground until SIGTERM or SIGINT; one line when ready.

    Raises: OSError for a port in use or a file; FormatError, ValueError for what a file holds.
    """
    plan = Plan(
        orders_files=orders_files,
        is_unplaced=is_unplaced,
        own_orders=own_orders,
        skus=skus,
        limits=cast("Limits", limits),
        faults=read_faults(faults_file) if faults_file else (),
        seed=seed,
    )
    world = build(plan)
    gc.freeze()  # the records made so far stay, so the collector can skip them
    listeners = [_listen(bigcommerce_port), _listen(brightpearl_port)]
    servers = [_server(world.store_app), _server(world.account_app)]

    def stop(_number: int, _frame: object) -> None:
        for server in servers:
            server.should_exit = True

    def ready() -> None:
        store, account = map(_url, listeners)
        line = f"sandboxes ready: BigCommerce {store}, Brightpearl {account}/public-api"
        print(line, flush=True)  # noqa: T201 - what the command answers

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    _loop(list(zip(servers, listeners, strict=True)), ready)


@contextlib.contextmanager
def running(plan: Plan | None = None, *, tls: bool = False) -> Iterator[Running]:
    """Both sandboxes on free ports, served by a thread of their own, until the block ends.

    In: limits are off unless the plan says otherwise; `tls` serves the store over https as well.
    """
    world = build(plan or Plan(limits="off"))
    with TemporaryDirectory(prefix="sandbox-tls-") as folder:
        pair = make_certificate(Path(folder)) if tls else None
        listeners = [_listen(0), _listen(0)]
        servers = [_server(world.store_app), _server(world.account_app)]
        if pair is not None:
            listeners.append(_listen(0))
            servers.append(_server(world.store_app, pair, has_lifespan=False))
        with _thread(list(zip(servers, listeners, strict=True))):
            yield Running(
                bigcommerce_url=_url(listeners[0]),
                brightpearl_url=f"{_url(listeners[1])}/public-api",
                world=world,
                bigcommerce_tls_url=_url(listeners[2], "https") if tls else "",
                certificate_file=pair[0] if pair else None,
            )


@contextlib.contextmanager
def _thread(servers: list[tuple[_Server, socket.socket]]) -> Iterator[None]:
    is_ready = threading.Event()
    thread = threading.Thread(target=_loop, args=(servers, is_ready.set), name="sandboxes")
    thread.start()
    try:
        if not is_ready.wait(START_S):
            raise RuntimeError("the sandboxes did not start")
        yield
    finally:
        for server, _ in servers:
            server.should_exit = True
        thread.join()
        for _, listener in servers:
            listener.close()
