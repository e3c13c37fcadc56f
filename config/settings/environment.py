"""Typed readers of the environment. Every refusal names the variable and the cure."""

import os
import secrets
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured
from environs import Env

from config.embedded.home import home_folder

env = Env(prefix=None)


def read_home(root: Path) -> Path:
    """The folder for everything this installation writes: the one that `make run` uses (config/embedded/home.py)."""
    return home_folder(root).resolve()


def read_secret(name: str, home: Path) -> str:
    """A secret from NAME, NAME_FILE, or a file made once in the home folder (mode 0600)."""
    if value := os.environ.get(name):
        return value
    path = Path(os.environ[f"{name}_FILE"]) if f"{name}_FILE" in os.environ else home / "keys" / name.lower()
    if path.exists():
        return path.read_text().strip()
    if f"{name}_FILE" in os.environ:
        raise ImproperlyConfigured(f"{name}_FILE names {path}, which does not exist.")
    path.parent.mkdir(parents=True, exist_ok=True)
    value = secrets.token_urlsafe(48)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:  # another process of the same start was quicker
        return path.read_text().strip()
    with os.fdopen(descriptor, "w") as file:
        file.write(value)
    return value


def service_url(variable: str, file_name: str, home: Path, *, required: bool = True) -> str:
    """A service's URL from the environment, else from the file that a running `make run` wrote into its home."""
    if value := os.environ.get(variable):
        return value
    path = home / file_name
    if path.exists():
        return path.read_text().strip()
    if required and os.environ.get("SWITCHBACK_WITHOUT_DATABASE") != "1":
        raise ImproperlyConfigured(f"{variable} is not set and no console runs in {home}. Start one with `make run`, or set {variable}.")
    return ""


def database_from_url(url: str) -> dict[str, Any]:
    """Django's database settings from `postgresql://user:password@host:port/name?option=value`."""
    parts = urlsplit(url or "postgresql://nobody@127.0.0.1:1/none")
    if parts.scheme not in {"postgresql", "postgres"}:
        raise ImproperlyConfigured(f"DATABASE_URL must begin with postgresql://, not {parts.scheme}://.")
    options: dict[str, Any] = dict(parse_qsl(parts.query))
    options.setdefault("connect_timeout", "2")
    options.setdefault("options", "-c idle_in_transaction_session_timeout=30s -c statement_timeout=300s -c timezone=UTC")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": parts.hostname or "",
        "PORT": str(parts.port or 5432),
        "CONN_MAX_AGE": None,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": options,
        "TEST": {"NAME": os.environ.get("TEST_DATABASE_NAME", "test_switchback")},
    }


def passkey_host(base_url: str) -> str:
    """The host name that passkeys are bound to: the console's own, and localhost where it is reached by a number."""
    host = urlsplit(base_url).hostname or ""
    try:
        ip_address(host)
    except ValueError:
        return host
    return "localhost"


def origin_at(base_url: str, host: str) -> str:
    """The console's origin under another host name."""
    parts = urlsplit(base_url)
    return f"{parts.scheme}://{host}" + (f":{parts.port}" if parts.port else "")
