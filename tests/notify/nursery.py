"""Runs senders that may be killed: loads Django once, forks a sender, forks the next when one was killed.

usage: python -m tests.notify.nursery      (environment as for the console; SWITCHBACK_FAULT names the point and its trigger file)
Prints "sender <pid>" for each one forked.
"""

from __future__ import annotations

import os
import signal
import sys
import time

import django


def send_for_ever() -> None:
    from notify import services

    while True:
        services.send_due()
        time.sleep(0.05)


def main() -> None:
    django.setup()
    child = 0

    def stop(*_: object) -> None:
        if child:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
        os._exit(0)

    signal.signal(signal.SIGTERM, stop)
    while True:
        child = os.fork()
        if child == 0:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            send_for_ever()
        print(f"sender {child}", flush=True)
        _pid, status = os.waitpid(child, 0)
        if not os.WIFSIGNALED(status):
            sys.exit(f"a sender ended by itself: {status}")


if __name__ == "__main__":
    main()
