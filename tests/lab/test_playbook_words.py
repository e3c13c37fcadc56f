"""What the playbook of a database fault says to type, typed on two databases: the old side's own orders are found, and it follows the other again."""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

from localservers.postgres import PostgresCluster

pytestmark = pytest.mark.story  # real processes

PLAN = Path(__file__).parents[2] / "contingency/plan/shipped/plan.yaml"
SETTINGS = {"fsync": "off", "shared_buffers": "16MB", "wal_level": "logical"}
TABLES = """
create table orders (id uuid primary key, placed_at timestamptz not null, amount_cents bigint not null);
create table payments (id uuid primary key, paid_at timestamptz not null, amount_cents bigint not null);
create publication everything for table orders, payments;
"""
ORDER = "insert into orders select gen_random_uuid(), now() - interval '5 minutes', 100 * n from generate_series(1, {}) as n;"


def said(slug: str, under: str) -> str:
    """What stands there in a step of that playbook."""
    books = yaml.safe_load(PLAN.read_text(encoding="utf-8"))["playbooks"]
    (step,) = [step for book in books if book["slug"] == "database-fault" for step in book["steps"] if step["slug"] == slug]
    return str(step[under]["en"])


@pytest.fixture
def sides(open_folder: Path) -> Iterator[tuple[PostgresCluster, PostgresCluster]]:
    """(the failed side, the side that business moved to in an emergency): only the failed one had followed the other, and it was synchronous."""
    old, new = (PostgresCluster(open_folder / f"pg-words-{name}", settings=SETTINGS) for name in ("old", "new"))
    try:
        for side in (old, new):
            side.start()
            side.ensure_database("shop")
            sql(side, TABLES)
        sql(old, f"create subscription follows connection '{address(new)}' publication everything with (origin = none);")
        sql(new, ORDER.format(40))
        old.execute("alter system set synchronous_standby_names = 'nobody_is_left';")
        old.execute("select pg_reload_conf();")
        yield old, new
    finally:
        old.stop(mode="immediate")
        new.stop(mode="immediate")


def address(side: PostgresCluster) -> str:
    return f"host=127.0.0.1 port={side.port} dbname=shop user={side.superuser} password={side.password}"


def until(condition: Callable[[], bool], within_s: float = 60) -> None:
    give_up = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < give_up
        time.sleep(0.1)


@pytest.mark.req("INC-04")
def test_what_did_not_travel_is_found_and_the_failed_side_copied_anew(sides: tuple[PostgresCluster, PostgresCluster], tmp_path: Path) -> None:
    old, new = sides
    until(lambda: sql(old, "select count(*) from orders;") == "40")
    sql(old, "set synchronous_commit = local;" + ORDER.format(3))
    sql(new, ORDER.format(5))
    only_there = set(sql(old, "select id from orders;").split()) - set(sql(new, "select id from orders;").split())
    assert len(only_there) == 3
    assert found_lost(old, new, tmp_path) == only_there
    rebuild(old, new)
    sql(new, ORDER.format(2))
    (sums,) = re.findall(r"select count\(\*\), sum\(amount_cents\) from orders;", said("rebuild-and-sync", "success"))
    until(lambda: sql(old, sums) == sql(new, sums))
    assert sql(new, "select count(*) from orders;") == "47"


def found_lost(old: PostgresCluster, new: PostgresCluster, folder: Path) -> set[str]:
    """By the commands of “Find what did not travel”."""
    text = said("find-lost-rows", "where")
    (query,) = re.findall(r'-Atc "([^"]+)"', text)
    query = query.replace("DATE HOUR", time.strftime("%Y-%m-%d %H:%M:%S+00", time.gmtime(time.time() - 3600))) + ";"
    for side, name in ((old, "old.txt"), (new, "new.txt")):
        (folder / name).write_text(sql(side, query))
        assert sql(side, query.replace("orders", "payments").replace("placed_at", "paid_at")) == ""
    sort, compare = "LC_ALL=C sort -o old.txt old.txt", "LC_ALL=C comm -23 old.txt new.txt > lost.txt"
    assert text.count(sort) == text.count(compare) == 1
    for command in (sort, sort.replace("old", "new"), compare):
        subprocess.run(["/bin/sh", "-ec", command], cwd=folder, check=True)
    return set((folder / "lost.txt").read_text().split())


def rebuild(old: PostgresCluster, new: PostgresCluster) -> None:
    """By the commands of “Rebuild the failed side and let it catch up”."""
    text = said("rebuild-and-sync", "where")
    real = {
        "'NAME'": "'follows'",
        "subscription NAME": "subscription follows",
        "publication PUBLICATION": "publication everything",
        "host=OTHER_SIDE dbname=DATABASE user=REPLICATION_USER": address(new),
    }
    for placeholder, value in real.items():
        assert placeholder in text
        text = text.replace(placeholder, value)

    def command(pattern: str) -> str:
        (found,) = re.findall(f"(?s){pattern}", text)
        return str(found)

    guard = command(r"select subname from pg_subscription;")
    assert sql(new, guard) == ""  # the side with business follows nobody: emptying the other cannot reach it
    assert sql(old, guard) == "follows"  # and it does show one where there is one
    assert sql(old, command(r"select subname, subpublications from pg_subscription;")) == "follows|{everything}"
    sql(old, command(r"set synchronous_commit = local; alter subscription .*? truncate orders, payments;"))
    sql(new, command(r"select pg_drop_replication_slot\('follows'\);"))
    sql(old, "set synchronous_commit = local;" + command(r"create subscription [^;]+;"))  # the same session there
    watch = command(r"select srrelid::regclass, srsubstate from pg_subscription_rel;")
    until(lambda: sorted(sql(old, watch).split()) == ["orders|r", "payments|r"])


def sql(side: PostgresCluster, text: str) -> str:
    return side.execute(text, database="shop")
