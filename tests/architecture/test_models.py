"""What the import linter cannot see: foreign keys by name, and the shape of files."""

from __future__ import annotations

import subprocess
from pathlib import Path

from django.apps import apps

ROOT = Path(__file__).parents[2]
# low to high; a relation may point to the same app or to one further up in this list. Apps on one line are siblings.
ORDER: tuple[tuple[str, ...], ...] = (
    ("kernel",),
    ("contingency.org",),
    ("contingency.catalog",),
    ("contingency.plan",),
    ("notify",),
    ("work",),
    ("monitoring.alerts",),
    ("monitoring.probes",),
    ("incidents.switchover",),
    ("incidents.response",),
    ("incidents.reports",),
    ("console",),
)
OF_OTHERS = ("django.", "rest_framework", "drf_spectacular", "django_htmx", "csp", "pgtrigger")
# Django's own user relations, made by our user model inheriting AbstractUser's groups and permissions
FOREIGN_TARGETS = {"auth", "contenttypes", "sessions"}

LONGEST_FILE_LINES = 400


def level_of(app: str) -> int:
    return next(level for level, siblings in enumerate(ORDER) if app in siblings)


def our_apps() -> list[str]:
    return [config.name for config in apps.get_app_configs() if not config.name.startswith(OF_OTHERS)]


def upward_relations() -> list[str]:
    found = []
    for model in apps.get_models(include_auto_created=True):
        config = apps.get_app_config(model._meta.app_label)
        if config.name.startswith(OF_OTHERS):
            continue
        for field in model._meta.get_fields():
            if not field.is_relation or field.auto_created or field.related_model is None:
                continue
            target = apps.get_app_config(field.related_model._meta.app_label)
            if target.label in FOREIGN_TARGETS or target.name == config.name:
                continue
            if level_of(target.name) >= level_of(config.name):
                found.append(f"{model._meta.label}.{field.name} → {field.related_model._meta.label}")
    return found


def test_every_app_has_its_place_in_the_order():
    known = {app for siblings in ORDER for app in siblings}
    assert set(our_apps()) <= known


def test_foreign_keys_point_down():
    assert upward_relations() == []


def test_an_upward_foreign_key_would_be_noticed(monkeypatch):
    """Turned upside down, the order finds every relation between two of our apps: the walk above sees them."""
    monkeypatch.setitem(globals(), "ORDER", tuple(reversed(ORDER)))
    assert upward_relations()


def tracked_python_files() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "*.py"], cwd=ROOT, capture_output=True, text=True, check=False)
    files = [ROOT / name for name in listed.stdout.splitlines()] if listed.returncode == 0 else [*ROOT.rglob("*.py")]
    return [path for path in files if path.exists() and "migrations" not in path.parts and ".venv" not in path.parts]


def test_no_file_is_longer_than_one_can_keep_in_mind():
    too_long = {str(path.relative_to(ROOT)): lines for path in tracked_python_files() if (lines := path.read_text().count("\n")) > LONGEST_FILE_LINES}
    assert too_long == {}


def test_nothing_is_called_utils_or_helpers():
    assert [str(path) for path in tracked_python_files() if path.stem in {"utils", "helpers", "misc", "common"}] == []


def test_every_room_says_what_lives_there():
    rooms = [path.parent for path in ROOT.glob("*/__init__.py") if path.parent.name != "tests"]
    assert [room.name for room in rooms if not (room / "README.md").exists()] == []
