"""Both sandboxes behind real sockets on loopback: in the foreground, or in a thread for a test."""

import asyncio
import contextlib
import gc
import signal
import socket
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import cast

import uvicorn
from starlette.types import ASGIApp

from sandbox.bigcommerce.store import Store
from sandbox.brightpearl.account import Account
from sandbox.catalogue.generated import SKUS
from sandbox.kit.clock import Clock
from sandbox.kit.faults import Faults
from sandbox.kit.requests_log import RequestsLog
from sandbox.proxy import Proxy
from sandbox.tls import BIGCOMMERCE_HOSTS, BRIGHTPEARL_HOSTS, Certificate, make_certificate
from sandbox.world import Limits, Plan, World, build, read_faults

HOST = "127.0.0.1"
START_S = 30.0
OWN_ORDERS = 25


class _Server(uvicorn.Server):
    """A server that leaves signals to its caller."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where both systems are served. The API URLs are as in Causeway's settings."""

    bigcommerce_url: str
    brightpearl_url: str
    proxy_url: str = ""
    """Leads the vendors' host names here, when served over TLS."""
    ca_file: Path | None = None
    """What clients trust the certificate by, when served over TLS."""

    def __str__(self) -> str:
        """The line that says so."""
        both = f"BigCommerce {self.bigcommerce_url}, Brightpearl {self.brightpearl_url}"
        return f"sandboxes ready: {both}"


@dataclass(frozen=True, slots=True)
class Running:
    """Both systems while they are served. The API URLs are as in Causeway's settings."""

    bigcommerce_url: str
    brightpearl_url: str
    world: World
    tls: Addresses | None = None
    """The same over https, with a proxy; None unless asked for."""

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


def _server(
    app: ASGIApp, certificate: Certificate | None = None, *, has_lifespan: bool = True
) -> _Server:
    config = uvicorn.Config(
        app,
        log_level="critical",
        access_log=False,
        lifespan="on" if has_lifespan else "off",
        server_header=False,
        date_header=False,
        ssl_certfile=certificate.file if certificate else None,
        ssl_keyfile=certificate.key_file if certificate else None,
        timeout_graceful_shutdown=2,
    )
    return _Server(config)


def _listen(port: int) -> socket.socket:
    """A socket on loopback; port 0 takes a free one.

    Python's own loop sends headers and body one by one: the body would wait 40 ms each time for the
    other side to acknowledge the headers.
    """
    listener = socket.create_server((HOST, port), backlog=512)
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def _url(listener: socket.socket, scheme: str = "http") -> str:
    return f"{scheme}://{HOST}:{listener.getsockname()[1]}"


def _proxy(bigcommerce: socket.socket, brightpearl: socket.socket) -> Proxy:
    """Leads each vendor's host names to its sandbox."""
    hosts = ((BIGCOMMERCE_HOSTS, bigcommerce), (BRIGHTPEARL_HOSTS, brightpearl))
    return Proxy(
        HOST, {name: listener.getsockname()[1] for names, listener in hosts for name in names}
    )


@dataclass(frozen=True, slots=True)
class _Service:
    """What one thread serves: applications on their sockets, and a proxy on its own."""

    servers: Sequence[tuple[_Server, socket.socket]]
    proxy: tuple[Proxy, socket.socket] | None = None

    def stop(self) -> None:
        """Ask every server to end."""
        for server, _ in self.servers:
            server.should_exit = True

    def run(self, ready: Callable[[], None]) -> None:
        """Serve until stopped; over TLS on Python's own loop, for uvloop may never close then."""
        has_tls = any(server.config.ssl_certfile for server, _ in self.servers)
        factory = None if has_tls else self.servers[0][0].config.get_loop_factory()
        with asyncio.Runner(loop_factory=factory) as runner:
            runner.run(self._run(ready))

    async def _run(self, ready: Callable[[], None]) -> None:
        tasks = [
            asyncio.create_task(server.serve(sockets=[listener]))
            for server, listener in self.servers
        ]
        async with self._proxying():
            while not all(server.started for server, _ in self.servers):
                if any(task.done() for task in tasks):
                    break
                await asyncio.sleep(0.005)
            else:
                ready()
            await asyncio.gather(*tasks)

    @contextlib.asynccontextmanager
    async def _proxying(self) -> AsyncIterator[None]:
        if self.proxy is None:
            yield
            return
        proxy, listener = self.proxy
        server = await asyncio.start_server(proxy.serve, sock=listener)
        yield
        server.close()
        await proxy.close()


def announce(addresses: Addresses) -> None:
    """Say where the sandboxes are, in one line."""
    print(addresses, flush=True)  # noqa: T201 - what the command answers


def serve(  # noqa: PLR0913 - the flags of a command
    *,
    bigcommerce_port: int = 8101,
    brightpearl_port: int = 8102,
    proxy_port: int = 8103,
    orders_files: Sequence[Path] = (),
    limits: str = "documented",
    faults_file: Path | None = None,
    seed: int = 1,
    is_unplaced: bool = False,
    own_orders: int = OWN_ORDERS,
    skus: int = SKUS,
    tls_folder: Path | None = None,
    on_ready: Callable[[Addresses], None] = announce,
) -> None:
    """Serve both sandboxes in the foreground until SIGTERM or SIGINT.

    In: with `tls_folder` both serve over TLS with a new certificate whose files are put there, and
    a proxy on `proxy_port` leads the vendors' host names to them.
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
    certificate = make_certificate(tls_folder) if tls_folder is not None else None
    store, account = _listen(bigcommerce_port), _listen(brightpearl_port)
    proxy = None if certificate is None else (_proxy(store, account), _listen(proxy_port))
    service = _Service(
        [
            (_server(world.store_app, certificate), store),
            (_server(world.account_app, certificate), account),
        ],
        proxy,
    )

    def stop(_number: int, _frame: object) -> None:
        service.stop()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    addresses = _addresses(store, account, proxy, certificate)
    service.run(lambda: on_ready(addresses))


def _addresses(
    store: socket.socket,
    account: socket.socket,
    proxy: tuple[Proxy, socket.socket] | None,
    certificate: Certificate | None,
) -> Addresses:
    scheme = "http" if certificate is None else "https"
    return Addresses(
        bigcommerce_url=_url(store, scheme),
        brightpearl_url=f"{_url(account, scheme)}/public-api",
        proxy_url=_url(proxy[1]) if proxy else "",
        ca_file=certificate.ca_file.resolve() if certificate else None,
    )


@contextlib.contextmanager
def running(plan: Plan | None = None, *, tls: bool = False) -> Iterator[Running]:
    """Both sandboxes on free ports, served by a thread of their own, until the block ends.

    In: limits are off unless the plan says otherwise; `tls` serves both over https as well.
    """
    world = build(plan or Plan(limits="off"))
    store, account = _listen(0), _listen(0)
    servers = [(_server(world.store_app), store), (_server(world.account_app), account)]
    plain = _addresses(store, account, None, None)
    if not tls:
        with _thread(_Service(servers)):
            yield Running(plain.bigcommerce_url, plain.brightpearl_url, world)
        return
    with TemporaryDirectory(prefix="sandbox-tls-") as folder:
        certificate = make_certificate(Path(folder))
        secure = _listen(0), _listen(0)
        apps = (world.store_app, world.account_app)
        for app, listener in zip(apps, secure, strict=True):
            servers.append((_server(app, certificate, has_lifespan=False), listener))
        proxy = _proxy(*secure), _listen(0)
        with _thread(_Service(servers, proxy)):
            addresses = _addresses(*secure, proxy, certificate)
            yield Running(plain.bigcommerce_url, plain.brightpearl_url, world, addresses)


@contextlib.contextmanager
def _thread(service: _Service) -> Iterator[None]:
    is_ready = threading.Event()
    thread = threading.Thread(target=service.run, args=(is_ready.set,), name="sandboxes")
    thread.start()
    try:
        if not is_ready.wait(START_S):
            raise RuntimeError("the sandboxes did not start")
        yield
    finally:
        service.stop()
        thread.join()
        for _, listener in service.servers:
            listener.close()
