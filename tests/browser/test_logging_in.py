"""Second factors in a real browser: a passkey with Chromium's virtual authenticator, an app by keyboard alone on a phone in Chinese."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from contingency.org.models import Factor
from tests.console.conftest import PASSWORD
from tests.console.factors import code_at

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.needs_tool("chromium"), pytest.mark.browser]


class Key:
    """A virtual authenticator in the browser: a PIN or finger that is always right, until it is told not to be."""

    def __init__(self, page: Any) -> None:
        self.session = page.context.new_cdp_session(page)
        self.session.send("WebAuthn.enable")
        options = {
            "protocol": "ctap2",
            "transport": "internal",
            "hasResidentKey": True,
            "hasUserVerification": True,
            "isUserVerified": True,
            "automaticPresenceSimulation": True,
        }
        self.id = self.session.send("WebAuthn.addVirtualAuthenticator", {"options": options})["authenticatorId"]

    def credentials(self) -> list[dict[str, Any]]:
        return self.session.send("WebAuthn.getCredentials", {"authenticatorId": self.id})["credentials"]

    def verified(self, yes: bool) -> None:
        self.session.send("WebAuthn.setUserVerified", {"authenticatorId": self.id, "isUserVerified": yes})


def local(site: str) -> str:
    """Passkeys are bound to a name; browsers take this one without TLS."""
    return site.replace("127.0.0.1", "localhost")


def log_in(page: Any, name: str = "lead") -> None:
    page.fill("#username", name)
    page.fill("#password", PASSWORD)
    page.click("button.go")


def log_out(page: Any) -> None:
    page.wait_for_load_state()  # without its style yet, a page shows the buttons of wide and of small windows
    page.locator("form[action='/logout/'] button").locator("visible=true").first.click()
    whole(page, "#username")


def whole(page: Any, selector: str) -> None:
    """The screen has come with its scripts: a form that they answer, pressed before, would be sent to the server as it is."""
    page.wait_for_selector(selector)
    page.wait_for_load_state()


@pytest.fixture
def keyed(site, company, open_page) -> tuple[Any, Key]:
    """A page of the lead, who has just made a passkey."""
    page = open_page(path=f"{local(site)}/login/?next=/setup/security/", quiet=False)
    key = Key(page)
    log_in(page)
    page.click("a[href='/setup/security/passkey/']")
    whole(page, "#name")
    page.fill("#name", "Work laptop")
    page.click("#passkey-form button[type=submit]")
    page.wait_for_selector("#codes-once")
    assert page.locator(".codes li").count() == 10
    page.click("#codes-once a.go")
    page.wait_for_selector("#setup-rows :text('Work laptop')")
    return page, key


@pytest.mark.req("SEC-02")
def test_a_passkey_is_made_and_logs_in_alone(site, keyed):
    page, key = keyed
    factor = Factor.objects.get(kind="passkey")
    assert bytes(factor.credential_id) == base64.b64decode(key.credentials()[0]["credentialId"])
    log_out(page)
    page.click("form[data-passkey] button")
    page.wait_for_selector("#now-headline")
    factor.refresh_from_db()
    assert factor.last_used_at is not None
    assert factor.uses > 0
    page.goto(f"{local(site)}/setup/security/")
    assert "by passkey" in page.locator("li:has(.tag.ok)").inner_text()


def test_behind_the_password_the_passkey_is_the_second_step(site, keyed):
    page, _key = keyed
    log_out(page)
    log_in(page)
    page.wait_for_url("**/login/second/")
    whole(page, "form[data-passkey] button")
    page.click("form[data-passkey] button")
    page.wait_for_selector("#now-headline")


@pytest.mark.req("SEC-02")
def test_a_passkey_that_did_not_verify_its_user_opens_nothing(site, keyed):
    page, key = keyed
    log_out(page)
    key.verified(False)
    page.click("form[data-passkey] button")
    page.wait_for_selector("form[data-passkey] [role=alert]:not([hidden])")
    assert page.url.endswith("/login/")


@pytest.mark.req("SEC-02")
@pytest.mark.parametrize("change", ["replay", "flags", "origin", "other_challenge"])
def test_the_server_refuses_what_a_browser_would_not_send(site, keyed, change):
    """An answer caught on the way and sent again, or changed: signature, flags, origin and challenge are looked at by the server."""
    page, _key = keyed
    log_out(page)
    page.evaluate("() => { HTMLFormElement.prototype.submit = function () { window.caught = new FormData(this).get('credential'); }; }")
    page.click("form[data-passkey] button")
    for _wait in range(400):  # not wait_for_function: it evaluates a text, which the content policy forbids
        if page.evaluate("() => Boolean(window.caught)"):
            break
        page.wait_for_timeout(50)
    send = """async ([credential, again]) => {
        const form = document.querySelector("form[data-passkey]");
        const token = form.querySelector("[name=csrfmiddlewaretoken]").value;
        if (again) await fetch(form.dataset.options, {method: "POST", headers: {"X-CSRFToken": token}});
        const body = new URLSearchParams({credential, csrfmiddlewaretoken: token});
        const answer = await fetch(form.action, {method: "POST", body, redirect: "manual"});
        return answer.type === "opaqueredirect" ? 302 : answer.status;
    }"""
    caught = page.evaluate("window.caught")
    changed = page.evaluate(
        """([text, change]) => {
            const answer = JSON.parse(text);
            const bytes = (t) => Uint8Array.from(atob(t.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
            const text64 = (b) => btoa(String.fromCharCode(...b)).replace(/\\+/g, "-").replace(/\\//g, "_").replace(/=+$/, "");
            if (change === "flags") {
                const data = bytes(answer.response.authenticatorData);
                data[32] &= ~4;
                answer.response.authenticatorData = text64(data);
            }
            if (change === "origin") {
                const data = new TextDecoder().decode(bytes(answer.response.clientDataJSON)).replace("localhost", "evil.localhost");
                answer.response.clientDataJSON = text64(new TextEncoder().encode(data));
            }
            return JSON.stringify(answer);
        }""",
        [caught, change],
    )
    if change == "replay":
        assert page.evaluate(send, [caught, False]) == 302  # what makes the rest of this test one that can fail
        page.context.clear_cookies(name="sessionid")
        page.goto(f"{local(site)}/login/")
        assert page.evaluate(send, [caught, False]) == 409  # its challenge was answered
        assert page.evaluate(send, [caught, True]) == 422  # and another one is not what it signed
    else:
        assert page.evaluate(send, [changed, change == "other_challenge"]) == 422
    page.goto(f"{local(site)}/")
    assert "/login/" in page.url


def test_at_an_address_in_numbers_the_page_says_where_passkeys_work(company, open_page):
    page = open_page("lead", "/setup/security/passkey/")
    assert page.locator(".says a.link").get_attribute("href").startswith("http://localhost:")
    assert page.locator("#passkey-form").count() == 0


@pytest.mark.req("SEC-02")
def test_an_app_is_added_and_used_by_keyboard_alone_on_a_phone_in_chinese(site, company, open_page):
    page = open_page("", "/login/", language="zh-hans", viewport={"width": 360, "height": 740})

    def tab_to(selector: str, presses: int = 60) -> None:
        for _press in range(presses):
            if page.evaluate("(wanted) => document.activeElement?.matches(wanted) ?? false", selector):
                return
            page.keyboard.press("Tab")
        raise AssertionError(f"{selector} is not reached by Tab")

    def no_sideways() -> None:
        page.wait_for_load_state()
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, page.url

    page.wait_for_selector("#username:focus")  # given by the page, with its first picture
    page.keyboard.type("lead")
    tab_to("#password")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_selector("#now-headline")
    page.goto("/setup/security/")
    no_sideways()
    tab_to("a[href='/setup/security/app/']")
    page.keyboard.press("Enter")
    page.wait_for_selector("#secret")
    no_sideways()
    assert "扫描" in page.inner_text("main")
    secret = base64.b32decode(page.inner_text("#secret").replace(" ", ""))
    assert page.locator("img.qr").evaluate("image => image.naturalWidth") > 100  # the content policy lets it be drawn
    tab_to("#code")
    page.keyboard.type(code_at(secret))
    page.keyboard.press("Enter")
    page.wait_for_selector("#codes-once")
    no_sideways()
    assert "恢复码" in page.inner_text("h1")
    recovery = page.locator(".codes li").first.inner_text()
    log_out(page)
    for code in (code_at(secret, steps=1), recovery):  # a half minute ahead: newer than the first, whenever this runs
        page.wait_for_selector("#username:focus")
        page.keyboard.type("lead")
        tab_to("#password")
        page.keyboard.type(PASSWORD)
        page.keyboard.press("Enter")
        page.wait_for_url("**/login/second/")
        no_sideways()
        page.wait_for_selector("#code:focus")
        page.keyboard.type(code)
        page.keyboard.press("Enter")
        page.wait_for_selector("#now-headline")
        log_out(page)
