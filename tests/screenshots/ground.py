"""Where the pictures are taken: a Postgres of their own, a mail server that keeps everything, one database per scene, one console."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
from aiosmtpd.controller import Controller

from config.embedded.mailsink import KeepInFolder
from localservers.ports import free_port
from localservers.postgres import PostgresCluster
from tests.incidents.switchover.fake_control import FakeControl

ROOT = Path(os.environ.get("PICTURES_ROOT", Path(__file__).resolve().parents[2]))
# Each scene starts as a copy of the one before it.
SCENES = ("founded", "empty", "quiet", "story")
_SETTINGS = {"fsync": "off", "full_page_writes": "off", "max_connections": "60", "shared_buffers": "64MB", "log_min_messages": "warning"}


class Ground:
    """Started once for all scenes. `folder` may be kept: the databases are then not filled again."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o755)  # as root the server runs as another user, who must get through
        self.cluster = PostgresCluster(folder / "pg", settings=_SETTINGS)
        self.control: FakeControl | None = None
        self.mail: Controller | None = None

    def __enter__(self) -> Ground:
        self.cluster.start(die_with_parent=True)
        self.control = FakeControl(self.folder, port=self._kept_port("control")).start()
        mailbox = self.folder / "mail"
        mailbox.mkdir(exist_ok=True)
        self.mail = Controller(KeepInFolder(mailbox), hostname="127.0.0.1", port=self._kept_port("mail"))
        with contextlib.redirect_stdout(None):
            self.mail.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self.mail is not None:
            self.mail.stop()
        if self.control is not None:
            self.control.stop()
        self.cluster.stop(mode="fast")

    def _kept_port(self, name: str) -> int:
        """The same port in every run: the part's addresses are in the database."""
        kept = self.folder / f"{name}.port"
        if not kept.exists():
            kept.write_text(str(free_port()))
        return int(kept.read_text())

    def environment(self, scene: str) -> dict[str, str]:
        """What a process working on one scene is told."""
        return {
            **os.environ,
            "DATABASE_URL": self.cluster.dsn(scene),
            "DJANGO_SETTINGS_MODULE": "config.settings.test",
            "SWITCHBACK_HOME": str(self.folder),
            "SMTP_URL": f"smtp://127.0.0.1:{self._kept_port('mail')}",
            "BASE_URL": "http://switchback.example",
            "PICTURES_CONTROL": self.control.url if self.control is not None else "",
        }

    def is_filled(self, scene: str) -> bool:
        """Whether a kept folder holds this scene already."""
        return (self.folder / f"{scene}.json").exists()

    def fill(self, scene: str) -> None:
        """Make the scene's database: a copy of the one before, and then what happens in it."""
        self.cluster.execute(f"DROP DATABASE IF EXISTS {scene}")
        before = SCENES[SCENES.index(scene) - 1] if scene != SCENES[0] else ""
        self.cluster.execute(f"CREATE DATABASE {scene}" + (f" TEMPLATE {before}" if before else ""))
        if not before:
            self._run(scene, "manage.py", "migrate", "--verbosity", "0")
        self._run(scene, "-m", "tests.screenshots.build", scene)
        (self.folder / f"{scene}.control.json").write_text(json.dumps(self._control_state()))

    def bring_up_to_date(self, scene: str) -> None:
        """A kept database may be older than the code."""
        self._run(scene, "manage.py", "migrate", "--verbosity", "0")

    def _control_state(self) -> dict[str, object]:
        system = self.control.system if self.control is not None else None
        return {name: value for name, value in vars(system).items() if name != "lock"} if system is not None else {}

    def settle(self, scene: str) -> None:
        """Put the clock back to the end of the story, and let the gateways be seen for the time of the pictures."""
        if self.control is not None:
            vars(self.control.system).update(json.loads((self.folder / f"{scene}.control.json").read_text()))
        self._run(scene, "-m", "tests.screenshots.build", "settle", str(self.folder / f"{scene}.json"))

    def _run(self, scene: str, *command: str) -> None:
        subprocess.run([sys.executable, *command], cwd=ROOT, env=self.environment(scene), check=True)

    @contextlib.contextmanager
    def console(self, scene: str) -> Iterator[str]:
        """The project's own server over one scene, as `make run` starts it."""
        port = free_port()
        keeper = subprocess.Popen([sys.executable, "-m", "tests.screenshots.build", "keep"], cwd=ROOT, env=self.environment(scene))
        command = [sys.executable, "-m", "uvicorn", "config.asgi:application", "--host", "127.0.0.1", "--port", str(port), "--no-access-log"]
        with (self.folder / "web.log").open("a") as log:
            process = subprocess.Popen(
                [*command, "--timeout-graceful-shutdown", "1"], cwd=ROOT, env=self.environment(scene), stdout=log, stderr=subprocess.STDOUT
            )
            base = f"http://127.0.0.1:{port}"
            try:
                _wait_for(base, process)
                yield base
            finally:
                for running in (process, keeper):
                    _end(running)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _wait_for(base: str, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + 90
    while time.monotonic() < end:
        if process.poll() is not None:
            raise RuntimeError("the console ended; see web.log")
        with contextlib.suppress(httpx.HTTPError):
            if httpx.get(f"{base}/healthz", timeout=5).status_code == 200:
                return
        time.sleep(0.2)
    raise RuntimeError("the console does not answer; see web.log")
