"""Whether migrations are pending is known without loading Django, and never wrongly denied."""

import os
from pathlib import Path

import pytest
from django.apps import apps
from django.db import connection
from django.db.migrations.loader import MigrationLoader

from config.embedded import migrations
from config.embedded.home import CLONE


def test_the_files_on_the_disk_are_those_that_django_finds_for_our_apps():
    ours = {config.label for config in apps.get_app_configs() if CLONE in Path(config.path).parents and ".venv" not in config.path}
    loader = MigrationLoader(None, ignore_no_migrations=True)
    assert migrations.on_disk(CLONE) == {key for key in loader.disk_migrations if key[0] in ours}


@pytest.fixture
def url(transactional_db):
    """The address of the test database itself."""
    return f"{os.environ['DATABASE_URL'].rpartition('/')[0]}/{connection.settings_dict['NAME']}"


@pytest.mark.django_db(transaction=True)
def test_a_migrated_database_has_none_pending_until_one_is_missing_or_the_packages_change(url, tmp_path):
    assert migrations.are_pending(tmp_path, CLONE, url)  # nobody noted that migrate ran
    migrations.remember(tmp_path, CLONE)
    assert not migrations.are_pending(tmp_path, CLONE, url)

    with connection.cursor() as cursor:
        cursor.execute("delete from django_migrations where app = 'kernel' and name = '0001_tables' returning id")
        assert cursor.fetchone()
    try:
        assert migrations.are_pending(tmp_path, CLONE, url)
    finally:
        with connection.cursor() as cursor:
            cursor.execute("insert into django_migrations (app, name, applied) values ('kernel', '0001_tables', now())")

    (tmp_path / "migrated").write_text("of other packages")
    assert migrations.are_pending(tmp_path, CLONE, url)


def test_a_new_database_has_all_pending(tmp_path):
    migrations.remember(tmp_path, CLONE)
    assert migrations.are_pending(tmp_path, CLONE, os.environ["DATABASE_URL"])
