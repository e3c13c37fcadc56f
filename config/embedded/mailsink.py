"""A mail server on loopback that keeps every mail as a file in `<home>/mail/`: the stand-in where SMTP_URL names none.

usage: python -m config.embedded.mailsink      (reads SWITCHBACK_HOME and SMTP_URL, e.g. smtp://127.0.0.1:2525)
"""

from __future__ import annotations

import os
import signal
import sys
import time
from email import message_from_bytes, policy
from pathlib import Path
from urllib.parse import urlsplit

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

_KEPT = 2000  # mails; the oldest go first


class KeepInFolder:
    """Writes each accepted mail to its own file before the sender is told 250."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._count = 0

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        content = envelope.content if isinstance(envelope.content, bytes) else (envelope.content or "").encode()
        self._count += 1
        name = f"{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}-{self._count:05d}.eml"
        draft = self._folder / f".{name}"
        draft.write_bytes(content)
        draft.rename(self._folder / name)
        subject = message_from_bytes(content, policy=policy.default).get("Subject", "")
        print(f"kept {name}: to {', '.join(envelope.rcpt_tos)}: {subject}", flush=True)
        self._thin_out()
        return "250 kept"

    def _thin_out(self) -> None:
        if self._count % 100 == 0:
            for old in sorted(self._folder.glob("*.eml"))[:-_KEPT]:
                old.unlink(missing_ok=True)


def main() -> int:
    """Serve until SIGTERM."""
    address = urlsplit(os.environ["SMTP_URL"])
    folder = Path(os.environ["SWITCHBACK_HOME"]) / "mail"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    server = Controller(KeepInFolder(folder), hostname=address.hostname, port=address.port or 25)
    server.start()
    print(f"storing mail in {folder} (no SMTP_URL was given, nothing leaves this machine)", flush=True)
    signal.sigwait({signal.SIGTERM, signal.SIGINT})
    server.stop()
    return 0


if __name__ == "__main__":
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
    sys.exit(main())
