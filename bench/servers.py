"""The pair under test: console and reference, each one uvicorn process on one Postgres started for the purpose."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Self

import psycopg2

from config.embedded.services import POSTGRES_SETTINGS
from localservers.ports import free_port
from localservers.postgres import PostgresCluster

ROOT = Path(__file__).resolve().parents[1]
START_LIMIT_S = 60


class Bench:
    """A throw-away Postgres (fsync on, as in earnest), the console's web process, the reference's web process."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="switchback-bench-"))
        self.folder.chmod(0o755)
        self.cluster = PostgresCluster(self.folder / "pg", settings={**POSTGRES_SETTINGS, "shared_buffers": "256MB"})
        self.processes: list[subprocess.Popen[bytes]] = []
        self.environment: dict[str, str] = {}
        self.console_port, self.reference_port = free_port(), free_port()
        self.path = ""

    def __enter__(self) -> Self:
        self.cluster.start(die_with_parent=True)
        self.cluster.ensure_database("switchback")
        self.environment = {
            **os.environ,
            "DATABASE_URL": self.cluster.dsn("switchback"),
            "SWITCHBACK_HOME": str(self.folder / "home"),
            "PORT": str(self.console_port),
            "SWITCHBACK_CLOCK_WINDABLE": "1",
        }
        self.manage("migrate", "--verbosity", "0")
        source = json.loads(self.manage("source_create", "--kind", "alertmanager", "--name", "bench", "--json"))
        self.path = "/" + source["url"].split("/", 3)[3]
        self._serve("config.asgi:application", self.console_port, {})
        self._execute_reference_table()
        self._serve("bench.reference.app:application", self.reference_port, {"DJANGO_SETTINGS_MODULE": "bench.reference.settings"})
        self._wait(f"http://127.0.0.1:{self.console_port}/healthz")
        return self

    def __exit__(self, *_: object) -> None:
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            process.wait(timeout=20)
        self.cluster.stop(mode="immediate")
        shutil.rmtree(self.folder, ignore_errors=True)

    def manage(self, *arguments: str) -> str:
        """Run a management command against the bench's database and return what it printed."""
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments], cwd=ROOT, env=self.environment, capture_output=True, text=True, timeout=120, check=False
        )
        if done.returncode:
            raise RuntimeError(f"manage.py {' '.join(arguments)} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
        return done.stdout

    def sql(self, statement: str) -> list[tuple[object, ...]]:
        """One statement in a connection of its own, committed."""
        connection = psycopg2.connect(self.cluster.dsn("switchback"))
        try:
            with connection, connection.cursor() as cursor:
                cursor.execute(statement)
                return cursor.fetchall() if cursor.description else []
        finally:
            connection.close()

    def count(self, statement: str) -> int:
        """The one number a query gives."""
        return int(str(self.sql(statement)[0][0] or 0))

    def empty(self) -> None:
        """Tables as on the first day; the journal's guards are stepped over as only its owner can."""
        tables = [row[0] for row in self.sql("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")]
        emptied = [t for t in tables if str(t).startswith(("alerts_", "kernel_", "reference_"))]
        keep = {"kernel_clock", "kernel_counter", "alerts_source", "alerts_sourcekey", "alerts_source_key"}
        names = ", ".join(f'"{name}"' for name in emptied if name not in keep)
        self.sql(f"SET session_replication_role = replica; TRUNCATE {names} CASCADE")

    def _execute_reference_table(self) -> None:
        text = (ROOT / "bench" / "reference" / "app.py").read_text()
        self.sql(text.split('TABLE = """')[1].split('"""')[0])

    def _serve(self, application: str, port: int, extra: dict[str, str]) -> None:
        command = [
            sys.executable,
            "-m",
            "uvicorn",
            application,
            "--host",
            "127.0.0.1",
            "--port",
            str(port),
            "--no-access-log",
            "--log-level",
            "warning",
        ]
        with (self.folder / f"{port}.log").open("wb") as log:  # a line for every page would drown the figures
            self.processes.append(subprocess.Popen(command, cwd=ROOT, env={**self.environment, **extra}, stdout=log, stderr=subprocess.STDOUT))

    def _wait(self, address: str) -> None:
        end = time.monotonic() + START_LIMIT_S
        while time.monotonic() < end:
            try:
                with urllib.request.urlopen(address, timeout=2):
                    return
            except OSError:
                time.sleep(0.2)
        raise RuntimeError(f"{address} did not answer within {START_LIMIT_S} s")
