"""A real server on a free port over the test database, and a real Chromium."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.db import connection

from localservers.ports import free_port
from tests.console.conftest import PASSWORD, Company, made_company, see_traffic
from tests.harness.skips import tool_path

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def company(transactional_db: None) -> Company:
    made = made_company()
    see_traffic(made.part)
    return made


@pytest.fixture(scope="session")
def site(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The project's own server, as `make run` starts it, on the tests' database; one for all tests."""
    tmp_path = tmp_path_factory.mktemp("site")
    database = connection.settings_dict
    url = f"postgresql://{database['USER']}:{database['PASSWORD']}@{database['HOST']}:{database['PORT']}/{database['NAME']}"
    port = free_port()
    base = f"http://127.0.0.1:{port}"
    environment = {**os.environ, "DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "config.settings.test", "SWITCHBACK_HOME": str(tmp_path)}
    environment["BASE_URL"] = base
    command = [sys.executable, "-m", "uvicorn", "config.asgi:application", "--host", "127.0.0.1", "--port", str(port), "--no-access-log"]
    log = (tmp_path / "web.log").open("w")
    process = subprocess.Popen([*command, "--timeout-graceful-shutdown", "1"], cwd=ROOT, env=environment, stdout=log, stderr=subprocess.STDOUT)
    try:
        _wait_for(base, process)
        yield base
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        log.close()


def _wait_for(base: str, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        assert process.poll() is None, "the server ended"
        try:
            if httpx.get(f"{base}/healthz", timeout=5).status_code == 200:
                return
        except httpx.HTTPError:
            time.sleep(0.2)
    raise AssertionError("the server does not answer")


def is_complaint(message: Any) -> bool:
    """An error of the page; that the server refused a move (409, 422) is what the test is about."""
    return message.type == "error" and not any(f"status of {status}" in message.text for status in (409, 422))


@pytest.fixture
def open_page(site: str, company: Company, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Any]]:
    """A page of somebody logged in. What the browser complains of (content policy, script errors) fails the test at its end."""
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=20_000)  # what is looked for comes on a busy machine too
    monkeypatch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")  # playwright keeps an event loop on this thread; the test is sync all the same

    complaints: list[str] = []
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=tool_path("chromium"), args=["--no-sandbox"])

        def open_as(name: str = "", path: str = "/", *, quiet: bool = True, language: str = "en", **options: Any) -> Any:
            kept_out = {"service_workers": "block"}  # a page behind a service worker is out of reach of `page.route`
            context = browser.new_context(base_url=site, **{"viewport": {"width": 1280, "height": 900}, **kept_out, **options})
            context.add_cookies([{"name": "django_language", "value": language, "url": site}])
            page = context.new_page()
            if quiet:
                page.on("console", lambda message: complaints.append(f"{page.url}: {message.text}") if is_complaint(message) else None)
                page.on("pageerror", lambda error: complaints.append(f"{page.url}: {error}"))
            if name:
                page.goto("/login/")
                page.fill("#username", name)
                page.fill("#password", PASSWORD)
                with page.expect_navigation():
                    page.click("button.go")
            page.goto(path)
            return page

        yield open_as
        browser.close()
    assert not complaints, complaints
