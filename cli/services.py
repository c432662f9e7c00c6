"""What makes up one installation on one machine, each part as a child process.

`causeway up` starts all of it; the demo and the end-to-end tests start what they need.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path

from cli.prefect_sqlite import STEPS_TOGETHER, with_plugin
from cli.processes import START_WITHIN_S, Child, Processes, answers, free_port
from cli.progress import busy

VAR = Path("var")
"""Everything that is kept on this machine, below the folder we are started in."""
READY_LINE = "ready after"
"""What the worker logs when it takes work."""
KEPT_FOR_S = 30 * 86_400
"""How long the server keeps finished runs; ours remember what they did in our own tables."""
ALLOCATOR = {
    "PYTHONMALLOC": "malloc",
    "MALLOC_ARENA_MAX": "1",
    "MALLOC_MMAP_THRESHOLD_": "131072",
    "MALLOC_TRIM_THRESHOLD_": "131072",
}
"""How the worker gets memory, so that it gives it back. glibc keeps an arena for each thread that
ever needed some, and the worker has one for each entity, schedule and step at work. Python keeps a
megabyte for every object that is left of a large batch in it; glibc gives back each page that is
free. Whatever is large, such as a page of answers, gets memory of its own, which goes back at once:
glibc stops doing that for what is as large as something that was given back before."""


@dataclass(frozen=True)
class Ports:
    """Loopback ports."""

    prefect: int
    receiver: int
    bigcommerce: int
    brightpearl: int

    @classmethod
    def free(
        cls, *, prefect: int = 0, receiver: int = 0, bigcommerce: int = 0, brightpearl: int = 0
    ) -> Ports:
        """The wanted ports where they are free, else others."""
        return cls(
            prefect=free_port(prefect),
            receiver=free_port(receiver),
            bigcommerce=free_port(bigcommerce),
            brightpearl=free_port(brightpearl),
        )


def sandbox_environment(folder: Path, ports: Ports) -> dict[str, str]:
    """Settings of a pair that is both sandboxes, with a database of its own in `folder`.

    They say everything, so that no setting of a real account is used by mistake.
    """
    return {
        **sandbox_settings(
            folder,
            f"http://127.0.0.1:{ports.bigcommerce}",
            f"http://127.0.0.1:{ports.brightpearl}/public-api",
            ports.receiver,
        ),
        "CAUSEWAY_RECEIVER__HOST": "127.0.0.1",
        "CAUSEWAY_RECEIVER__PORT": str(ports.receiver),
    }


def sandbox_settings(
    folder: Path, bigcommerce_url: str, brightpearl_url: str, receiver_port: int
) -> dict[str, str]:
    """Settings of a pair that is both sandboxes at these URLs, and of a receiver."""
    return {
        "CAUSEWAY_CONFIG": "",
        "CAUSEWAY_PAIR": "default",
        "CAUSEWAY_DATABASE_URL": f"sqlite:///{folder.resolve() / 'causeway.db'}",
        "CAUSEWAY_BIGCOMMERCE__API_URL": bigcommerce_url,
        "CAUSEWAY_BIGCOMMERCE__STORE_HASH": "sandbox",
        "CAUSEWAY_BIGCOMMERCE__ACCESS_TOKEN": "sandbox-access-token",
        "CAUSEWAY_BIGCOMMERCE__CLIENT_SECRET": "sandbox-client-secret",
        "CAUSEWAY_BRIGHTPEARL__API_URL": brightpearl_url,
        "CAUSEWAY_BRIGHTPEARL__ACCOUNT": "sandbox",
        "CAUSEWAY_BRIGHTPEARL__APP_REF": "causeway_app",
        "CAUSEWAY_BRIGHTPEARL__ACCOUNT_TOKEN": "sandbox-account-token",
        "CAUSEWAY_WEBHOOKS__PUBLIC_URL": f"http://127.0.0.1:{receiver_port}",
        "CAUSEWAY_WEBHOOKS__SECRET": "sandbox-webhook-secret",
    }


def remove_database(folder: Path) -> None:
    """Forget the sandbox pair's database: the sandboxes forget everything, too, when they stop."""
    for file in folder.glob("causeway.db*"):
        file.unlink()


def prefect_environment(api_url: str, folder: Path) -> dict[str, str]:
    """How every process finds the Prefect server, and what it keeps to itself."""
    return {
        "PREFECT_API_URL": api_url,
        "PREFECT_HOME": str(prefect_home(folder)),
        "PREFECT_UI_URL": api_url.removesuffix("/api"),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_LOGGING_LEVEL": "WARNING",
        "PREFECT_LOGGING_LOGGERS_PREFECT_FLOW_RUNS_LEVEL": "INFO",  # each batch and refusal
        "DO_NOT_TRACK": "1",
    }


def prefect_home(folder: Path) -> Path:
    """Where Prefect keeps its files, of all parts of an installation in `folder`."""
    return (folder / "prefect").resolve()


@dataclass(frozen=True)
class Services:
    """Starts the parts, which are waited for together."""

    processes: Processes
    folder: Path
    """Where everything of theirs is kept, such as `var`."""
    ports: Ports
    environment: Mapping[str, str]
    """Settings for every part."""
    worker: tuple[str, ...] = ("-m", "cli.main", "worker")
    """What this interpreter runs as the worker."""

    @classmethod
    def of(
        cls,
        processes: Processes,
        folder: Path,
        ports: Ports,
        settings: Mapping[str, str],
        *,
        prefect_api_url: str | None = None,
    ) -> Services:
        """Parts that find each other on these ports, or use a Prefect server that runs already."""
        url = prefect_api_url or f"http://127.0.0.1:{ports.prefect}/api"
        return cls(processes, folder, ports, {**settings, **prefect_environment(url, folder)})

    @property
    def prefect_api_url(self) -> str:
        """Where the Prefect server answers."""
        return self.environment["PREFECT_API_URL"]

    def start_all(self, *, with_sandboxes: bool, sandbox_options: Sequence[str] = ()) -> None:
        """Start every part and wait until all can be used.

        The worker comes after the deploy: before, it would warn of what is about to be registered,
        and its polls and the deploy would hold each other up in Prefect's SQLite.

        Raises: ProcessError.
        """
        started = []
        if with_sandboxes:
            self.folder.mkdir(parents=True, exist_ok=True)
            remove_database(self.folder)
            started.append(self.start_sandboxes(*sandbox_options))
        if self.prefect_api_url == f"http://127.0.0.1:{self.ports.prefect}/api":
            started.append(self.start_prefect())
        started.append(self.start_receiver())
        self.start_deploy()
        names = [child.name for child in started]
        with busy(f"starting {', '.join(names)}"):
            self.processes.wait_ready(*names)
        with busy("deploying to Prefect"):
            self.processes.wait_ended("deploy")
        self.start_worker()
        with busy("starting worker"):
            self.processes.wait_ready("worker")

    def start_sandboxes(self, *options: str) -> Child:
        """Both sandboxes; `options` as of `python -m sandbox`."""
        ports = self.ports
        both = ("--bigcommerce-port", ports.bigcommerce, "--brightpearl-port", ports.brightpearl)
        urls = [
            f"http://127.0.0.1:{port}/_sandbox/requests"
            for port in (ports.bigcommerce, ports.brightpearl)
        ]
        return self.processes.start_python(
            "sandbox",
            "-m",
            "sandbox",
            *map(str, both),
            *options,
            ready=lambda: all(map(answers, urls)),
        )

    def start_prefect(self) -> Child:
        """A Prefect server with its database (SQLite) and its UI."""
        server = PrefectHome(prefect_home(self.folder), VAR)
        server.prepare()
        return self.processes.start_python(
            "prefect",
            "-m",
            "prefect",
            "server",
            "start",
            "--host",
            "127.0.0.1",
            "--port",
            str(self.ports.prefect),
            environment={
                **self.environment,
                "PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED": "events,flow_runs",
                "PREFECT_SERVER_SERVICES_DB_VACUUM_RETENTION_PERIOD": str(KEPT_FOR_S),
                "PREFECT_SERVER_DATABASE_CONNECTION_URL": server.url,
                **STEPS_TOGETHER,
            },
            ready=lambda: server.is_ready(f"{self.prefect_api_url}/health"),
        )

    def start_receiver(self) -> Child:
        """The receiver."""
        return self.processes.start_python(
            "receiver",
            "-m",
            "cli.main",
            "receiver",
            environment=self.environment,
            ready=f"http://127.0.0.1:{self.ports.receiver}/health",
        )

    def start_worker(self) -> Child:
        """The worker, which waits for Prefect if it has to."""
        log = self.processes.log("worker")
        return self.processes.start_python(
            "worker",
            *self.worker,
            environment={**self.environment, **ALLOCATOR},
            ready=lambda: READY_LINE in log.read_text(encoding="utf-8", errors="replace"),
        )

    def start_deploy(self) -> Child:
        """`causeway deploy`, as soon as the server answers."""
        return self.processes.start_python(
            "deploy",
            "-m",
            "cli.deploy",
            str(START_WITHIN_S),
            environment=self.environment,
            is_job=True,
        )

    def on(self, **changes: str) -> Services:
        """The same parts with some settings changed."""
        return replace(self, environment={**self.environment, **changes})


class PrefectHome:
    """A folder for a Prefect server's SQLite database.

    Making that database takes longer than starting the server (measured: 13.8 s against 7.2 s), so
    a fresh one is kept in `cache` and copied whenever another is needed.
    """

    def __init__(self, home: Path, cache: Path) -> None:
        self._database = home / "prefect.db"
        self._template = cache / f"prefect-{metadata.version('prefect')}-empty.db"
        self._is_fresh = False

    @property
    def url(self) -> str:
        """The database, as a setting of Prefect names it."""
        return with_plugin(f"sqlite+aiosqlite:///{self._database}")

    def prepare(self) -> None:
        """Make the folder, with an empty database if there is one to copy."""
        self._database.parent.mkdir(parents=True, exist_ok=True)
        self._is_fresh = not self._database.exists()
        if self._is_fresh and self._template.exists():
            shutil.copyfile(self._template, self._database)
            self._is_fresh = False

    def is_ready(self, url: str) -> bool:
        """Whether the server answers; keeps a copy of a database that it just made."""
        if not answers(url):
            return False
        self._keep()
        return True

    def _keep(self) -> None:
        if not self._is_fresh:
            return
        part = self._template.with_suffix(".part")
        part.parent.mkdir(parents=True, exist_ok=True)
        part.unlink(missing_ok=True)
        with (
            closing(sqlite3.connect(self._database)) as source,
            closing(sqlite3.connect(part)) as copy,
        ):
            source.backup(copy)
        part.replace(self._template)
