"""Ten thousand recovery-clock deadlines due at one instant among a hundred thousand armed, fired by a real worker that a real beat pokes."""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import dataclass

from bench.servers import ROOT, Bench
from localservers.valkey import ValkeyServer

CLOCKS = 25_000  # four thresholds each
DUE = 10_000
WARM_UP_S = 60.0  # arming takes a while, and worker and beat must be up before the instant
PATIENCE_S = 60.0


@dataclass
class Timing:
    """Lateness is fired_at - due_at, both by the database's clock."""

    armed: int
    due: int
    fired: int
    twice: int
    entries: int
    p50_s: float
    p99_s: float
    worst_s: float

    @property
    def is_kept(self) -> bool:
        """p99 under a second, each exactly once, one entry each."""
        return self.p99_s < 1.0 and self.fired == self.due == self.entries and self.twice == 0


def measure(bench: Bench) -> Timing:
    """Arm, start worker and beat, wait for the instant, read the lateness from the rows."""
    valkey = ValkeyServer(bench.folder / "valkey")
    valkey.start(die_with_parent=True)
    environment = {**bench.environment, "REDIS_URL": valkey.url(), "PYTHONWARNINGS": "ignore"}
    processes = []
    try:
        subprocess.run([sys.executable, "-m", "bench.arm", str(CLOCKS), str(DUE), str(WARM_UP_S)], cwd=ROOT, env=environment, check=True, timeout=300)
        worker = [sys.executable, "-m", "celery", "-A", "config", "worker", "-Q", "clocks,notify,probes,default", "-c", "2", "--loglevel", "error"]
        beat = [sys.executable, "-m", "celery", "-A", "config", "beat", "--loglevel", "error", "-s", str(bench.folder / "beat"), "--pidfile", ""]
        processes = [
            subprocess.Popen([*command, *quiet], cwd=ROOT, env=environment)
            for command, quiet in ((worker, ["--without-gossip", "--without-mingle"]), (beat, []))
        ]
        end = time.monotonic() + WARM_UP_S + PATIENCE_S
        while bench.count("SELECT count(*) FROM kernel_deadline WHERE fired_at IS NOT NULL") < DUE and time.monotonic() < end:
            time.sleep(0.5)
        time.sleep(3)
        return _read(bench)
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait(timeout=30)
        valkey.stop()


def _read(bench: Bench) -> Timing:
    late = "extract(epoch FROM fired_at - due_at)"
    row = bench.sql(
        f"SELECT count(*), percentile_cont(0.5) WITHIN GROUP (ORDER BY {late}), percentile_cont(0.99) WITHIN GROUP (ORDER BY {late}), max({late})"
        " FROM kernel_deadline WHERE fired_at IS NOT NULL"
    )[0]
    names = "('incidents.clock_breached.v1', 'incidents.clock_warned.v1')"
    entries = bench.count(f"SELECT count(*) FROM kernel_entry WHERE name IN {names}")
    groups = f"SELECT 1 FROM kernel_entry WHERE name IN {names} GROUP BY subject_id, name, payload->>'percent' HAVING count(*) > 1"
    repeated = f"SELECT count(*) FROM ({groups}) x"
    p50, p99, worst = (float(str(value or "nan")) for value in row[1:])
    return Timing(
        armed=bench.count("SELECT count(*) FROM kernel_deadline"),
        due=DUE,
        fired=int(str(row[0])),
        twice=bench.count(repeated),
        entries=entries,
        p50_s=p50,
        p99_s=p99,
        worst_s=worst,
    )
