"""`python -m config.embedded`: what `make run` runs."""

from __future__ import annotations

import os
import subprocess
import sys
from urllib.parse import urlsplit

from config.embedded.home import CLONE, home_folder, prepare
from config.embedded.parts import LOGINS_COMMAND, lab_is_on
from config.embedded.state import AlreadyRunning, HomeLock
from config.embedded.supervisor import Supervisor, logins
from localservers.ports import is_free

EXIT_BAD_ENVIRONMENT = 2
EXIT_ALREADY_RUNNING = 3
EXIT_PORT_TAKEN = 4


def main() -> int:
    """Start the console and stay until it is stopped. Exit status: 0 stopped, 1 failed to start, 2 environment, 3 already running, 4 port taken."""
    port = os.environ.get("PORT") or "8000"
    if not port.isdigit() or not 0 < int(port) < 65536:
        return _refuse(EXIT_BAD_ENVIRONMENT, f"PORT must be a number from 1 to 65535, not {port!r}.")
    home = home_folder()
    try:
        prepare(home)
        lock = HomeLock(home)
        lock.take()
    except AlreadyRunning as error:
        return _refuse(EXIT_ALREADY_RUNNING, str(error))
    except OSError as error:
        return _refuse(EXIT_BAD_ENVIRONMENT, f"The folder {home} cannot be used: {error.strerror}. Set SWITCHBACK_HOME to a folder of your own.")
    if not is_free(int(port)):
        return _refuse(EXIT_PORT_TAKEN, f"Port {port} is taken by another program. Choose another: `PORT=8001 make run`.")
    supervisor = Supervisor(home=home, clone=CLONE, environ={**os.environ, "PORT": port})
    return supervisor.run(lambda: _welcome(supervisor))


def _refuse(status: int, text: str) -> int:
    print(text, file=sys.stderr, flush=True)
    return status


def _welcome(supervisor: Supervisor) -> None:
    """The last words of the start: where, who, how to stop, what to try first."""
    output, base_url = supervisor.output, supervisor.environ["BASE_URL"]
    output.plain()
    output.plain(f"  {output.bold('Switchback is ready:')}  {output.bold(base_url)}")
    by_name = address_by_name(base_url)
    if by_name != base_url:
        output.plain(f"  Open it in a browser at  {output.bold(by_name)}  (passkeys work only there)")
    output.plain()
    for line in _logins(supervisor).splitlines():
        output.plain(f"  {line}")
    output.plain()
    if lab_is_on(supervisor.environ):
        output.plain("  Try first, in a second terminal:")
        output.plain(f"      {_manage(supervisor)} lab break upgrade     the practice order system's upgrade fails")
        output.plain("  and watch the incident appear, the page go out and the clocks start.")
    if supervisor.environ.get("SWITCHBACK_MAIL_SINK"):
        output.plain(f"  Mails are kept in {supervisor.home / 'mail'}; nothing leaves this machine.")
    output.plain(f"  Health:  {_manage(supervisor)} doctor")
    output.plain("  Stop:    Ctrl-C")
    output.plain()


def address_by_name(base_url: str) -> str:
    """The address for people: one that names a loopback address in numbers works as localhost too, and only there are passkeys possible."""
    parts = urlsplit(base_url)
    return f"{parts.scheme}://localhost:{parts.port}" if parts.hostname in ("127.0.0.1", "::1") and parts.port else base_url


def _manage(supervisor: Supervisor) -> str:
    home = os.environ.get("SWITCHBACK_HOME")
    return f"{f'SWITCHBACK_HOME={supervisor.home} ' if home else ''}.venv/bin/python manage.py"


def _logins(supervisor: Supervisor) -> str:
    written = logins(supervisor.home)
    if written is not None:
        return written
    asked = subprocess.run(list(LOGINS_COMMAND), cwd=CLONE, env=supervisor.environ, capture_output=True, text=True, check=False, timeout=60)
    return asked.stdout.strip() if asked.returncode == 0 else "Log-ins: `manage.py createsuperuser` makes the first one."


if __name__ == "__main__":
    sys.exit(main())
