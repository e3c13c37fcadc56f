"""What the console writes: tries to log in, and the marks that make sending twice harmless."""

import hashlib
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection, transaction

from console.errors import KeyReused, TooManyTries
from console.models import LoginAttempt, Submission

TRIES = 10
WITHIN = timedelta(minutes=15)
CODE_TRIES_A_DAY = 30  # six digits bear more patience than a password: at this pace a guess comes right once in some thirty years
ACCOUNT_LENGTH = 150
SHOWN_ONCE = frozenset({"secret", "key"})  # of an answer: never kept, so never shown again

Answer = tuple[int, dict[str, Any]]


def login_admit(*, account: str, bucket: str, a_day: int | None = None) -> int:
    """Count one try, before anything is looked at, and say how many came before it. Raises TooManyTries from the eleventh
    within a quarter of an hour, or behind `a_day` within a day.

    Counted per account and per browser that the account logged in with before (`bucket`): guessing from elsewhere
    cannot lock out the duty engineer's own browser. The address plays no part: it can be forged. One round trip.
    """
    account = account.lower()[:ACCOUNT_LENGTH]
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"login {account} {bucket}"])
        cursor.execute(
            "SELECT count(*) FILTER (WHERE at > clock_timestamp() - make_interval(secs => %s)), count(*) FROM console_loginattempt"
            " WHERE account = %s AND bucket = %s AND NOT succeeded AND at > clock_timestamp() - interval '1 day'",
            [WITHIN.total_seconds(), account, bucket],
        )
        tried, today = cursor.fetchone()
        if tried >= TRIES or (a_day is not None and today >= a_day):
            raise TooManyTries
        LoginAttempt.objects.create(account=account, bucket=bucket)
    return int(tried)


def login_succeeded(*, account: str, bucket: str) -> None:
    """The last tries led to a log-in: they no longer count."""
    LoginAttempt.objects.filter(account=account.lower()[:ACCOUNT_LENGTH], bucket=bucket).update(succeeded=True)


def tries_forget(*, account: str) -> None:
    """The password is another one now: earlier tries count no longer."""
    LoginAttempt.objects.filter(account=account.lower()[:ACCOUNT_LENGTH]).update(succeeded=True)


@transaction.atomic
def carry_out_once(*, person: str, key: str, sent: Any, act: Callable[[], Answer]) -> Answer:
    """Do `act` and keep its answer; the same key and body again gives that answer without doing it again.

    The effect and the mark commit together. A second, simultaneous sender waits for the first. What fails leaves no
    mark, so it may be tried again. Raises KeyReused for the same key with another body.
    """
    if not key:
        return act()
    digest = hashlib.sha256(json.dumps(sent, sort_keys=True, cls=DjangoJSONEncoder).encode()).hexdigest()
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO console_submission (person, key, digest) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING RETURNING id",
            [person, key[:128], digest],
        )
        row = cursor.fetchone()
    if row is None:
        earlier = Submission.objects.get(person=person, key=key[:128])
        if earlier.digest != digest:
            raise KeyReused
        return earlier.status or 200, earlier.answer or {}
    status, answer = act()
    kept = {name: value for name, value in answer.items() if name not in SHOWN_ONCE}
    Submission.objects.filter(pk=row[0]).update(status=status, answer=json.loads(json.dumps(kept, cls=DjangoJSONEncoder)))
    return status, answer


def forget_old(*, keep: timedelta = timedelta(days=2)) -> int:
    """Delete marks and tries that nobody can repeat any more, and sessions that have run out."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM console_submission WHERE at < clock_timestamp() - make_interval(secs => %s)", [keep.total_seconds()])
        forgotten: int = cursor.rowcount
        cursor.execute("DELETE FROM console_loginattempt WHERE at < clock_timestamp() - make_interval(secs => %s)", [keep.total_seconds()])
        forgotten += cursor.rowcount
        cursor.execute("DELETE FROM console_browsersession WHERE expire_date < clock_timestamp()")
        forgotten += cursor.rowcount
    return forgotten
