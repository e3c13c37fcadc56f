"""Runs the real supervisor over a table given as JSON, so that its behaviour can be seen without a whole console.

usage: driver.py HOME TABLE.json      TABLE: {"parts": [{name, command, ready, stage, …}], "chores": [[name, says, command], …]}
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from config.embedded.home import prepare
from config.embedded.parts import Chore, Part, Ready
from config.embedded.state import AlreadyRunning, HomeLock
from config.embedded.supervisor import Supervisor


def main() -> int:
    home, table = Path(sys.argv[1]), json.loads(Path(sys.argv[2]).read_text())
    parts = tuple(Part(**{**row, "command": tuple(row["command"]), "ready": Ready(**row["ready"])}) for row in table["parts"])
    first_start = {"is_due": lambda *_: True} if table.get("first_start", True) else {}
    chores = tuple(Chore(name, says, tuple(command), **first_start) for name, says, command in table.get("chores", []))
    prepare(home)
    lock = HomeLock(home)
    try:
        lock.take()
    except AlreadyRunning as error:
        print(error, file=sys.stderr)
        return 3
    supervisor = Supervisor(home=home, clone=Path.cwd(), environ=dict(os.environ), table=lambda _environ, _home: parts, chores=chores)
    return supervisor.run(lambda: supervisor.output.plain("WELCOME"))


if __name__ == "__main__":
    sys.exit(main())
