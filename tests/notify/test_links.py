"""The link in a page's mail: looking is harmless, the button works once, for fifteen minutes, for this one act."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client

from contingency.org.models import User
from contingency.plan.models import EscalationChain
from kernel import clock
from kernel.models import Entry
from notify import services
from notify.models import AckLink, Page
from notify.services.links import actor_of, token_of
from tests.harness.still import clock_stands_still
from tests.notify.conftest import incident
from tests.notify.mailserver import MailServer, html_of, text_of

Make = Callable[..., User]
Chain = Callable[..., EscalationChain]
Start = Callable[..., Page]


@pytest.fixture
def called(person: Make, chain: Chain, page: Start, mail: MailServer) -> tuple[Page, str]:
    return sent_to_lin(person, chain, page, mail)


def sent_to_lin(person: Make, chain: Chain, page: Start, mail: MailServer) -> tuple[Page, str]:
    """A page that has just been sent to Lin, and the path of the link in the mail."""
    chain([person("Lin")], [person("Chen")])
    started = page(subject=incident("INC-2026-0042"))
    services.send_due()
    return started, path_in(text_of(mail.mails[0]))


def path_in(text: str) -> str:
    found = re.search(r"http://127\.0\.0\.1:\d+(/ack/[^\s]+/)", text)
    assert found is not None
    return found.group(1)


def press(client: Client, path: str) -> tuple[int, str]:
    """As a browser does: open the screen, press the button."""
    screen = client.get(path)
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', screen.content.decode())
    answer = client.post(path, {"csrfmiddlewaretoken": token.group(1) if token else ""})
    return answer.status_code, answer.content.decode()


@pytest.mark.django_db
@pytest.mark.req("INC-03")
def test_scanners_that_follow_the_link_change_nothing(called: tuple[Page, str], client: Client) -> None:
    page, path = called
    before = Entry.objects.count()
    for _ in range(3):
        assert client.get(path).status_code == 200
        assert client.head(path).status_code == 200
        assert client.options(path).status_code == 405
    page.refresh_from_db()
    assert page.state == "calling"
    assert Entry.objects.count() == before
    assert AckLink.objects.get().used_at is None


@pytest.mark.django_db
@pytest.mark.req("INC-03")
def test_the_screen_says_what_is_wrong_and_where_before_one_takes_it(
    person: Make, chain: Chain, page: Start, mail: MailServer, client: Client
) -> None:
    chain([person("Lin", language="zh-hans")])
    page(params={"title": "orders refused \u202eevil", "part": {"en": "Order system", "zh": "订单系统"}})
    services.send_due()
    path = path_in(text_of(mail.mails[0]))
    assert "订单系统 · orders refused [U+202E]evil" in client.get(path).content.decode()
    AckLink.objects.update(expires_at=clock.now() - timedelta(seconds=1))
    assert "订单系统" not in client.get(path).content.decode()


@pytest.mark.django_db
@pytest.mark.req("INC-03")
def test_the_button_acknowledges_as_the_person_without_log_in(called: tuple[Page, str]) -> None:
    page, path = called
    status, text = press(Client(enforce_csrf_checks=True), path)
    assert status == 200
    assert "you have it" in text
    page.refresh_from_db()
    assert page.state == "acknowledged"
    assert page.acknowledged_by is not None
    assert page.acknowledged_by.display_name == "Lin"
    entry = Entry.objects.get(name="notify.page_acknowledged.v1")
    assert (entry.actor_kind, entry.actor_label, entry.payload["via"]) == ("link", "Lin", "link")


@pytest.mark.django_db
def test_a_post_without_the_screens_token_is_refused(called: tuple[Page, str]) -> None:
    page, path = called
    assert Client(enforce_csrf_checks=True).post(path).status_code == 403
    page.refresh_from_db()
    assert page.state == "calling"


@pytest.mark.django_db
def test_a_second_press_is_told_and_does_nothing(called: tuple[Page, str], client: Client) -> None:
    _page, path = called
    client.post(path)
    status, text = press(client, path)
    assert status == 409
    assert "works once" in text
    assert "Lin" in text
    assert Entry.objects.filter(name="notify.page_acknowledged.v1").count() == 1


@pytest.mark.django_db
def test_after_a_quarter_of_an_hour_it_opens_nothing_and_offers_log_in(
    person: Make, chain: Chain, page: Start, mail: MailServer, client: Client
) -> None:
    clock_stands_still()
    page, path = sent_to_lin(person, chain, page, mail)
    clock.allow_winding(True)
    clock.wind(timedelta(minutes=14, seconds=59))
    assert 'type="submit"' in client.get(path).content.decode()
    clock.wind(timedelta(seconds=1))
    answer = client.post(path)
    assert answer.status_code == 410
    where = f"/go/{page.subject_kind}/{page.subject_id}/"
    assert f'href="{where}"' in answer.content.decode()
    assert client.get(where).headers["Location"] == f"/login/?next={where}"
    page.refresh_from_db()
    assert page.state == "calling"


@pytest.mark.django_db
@pytest.mark.attack
def test_forged_and_mangled_links_are_refused_without_a_hint(called: tuple[Page, str], client: Client) -> None:
    page, path = called
    token = path.split("/")[2]
    body, _dot, signature = token.partition(".")
    other = AckLink.objects.create(page=page, user=User.objects.get(username="chen"))
    swapped = token_of(other).partition(".")[0]
    for forged in (f"{body}.{signature[::-1]}", f"{swapped}.{signature}", body, "x", "." + signature, f"{body}.", token + "a", "%00", "a" * 5000):
        answer = client.post(f"/ack/{forged}/")
        assert answer.status_code in (400, 404)  # 400: an address with a NUL in it reaches no screen
    page.refresh_from_db()
    assert page.state == "calling"


@pytest.mark.django_db
def test_a_genuine_link_that_was_never_sent_opens_nothing(called: tuple[Page, str], client: Client) -> None:
    page, _path = called
    unsent = AckLink.objects.create(page=page, user=User.objects.get(username="chen"))
    assert client.post(f"/ack/{token_of(unsent)}/").status_code == 404


@pytest.mark.django_db
def test_of_somebody_who_has_left_it_opens_nothing(called: tuple[Page, str], client: Client) -> None:
    page, path = called
    User.objects.filter(username="lin").update(is_active=False)
    assert client.post(path).status_code == 404
    page.refresh_from_db()
    assert page.state == "calling"


@pytest.mark.django_db
def test_who_comes_second_is_told_who_has_it(called: tuple[Page, str], client: Client) -> None:
    page, path = called
    services.page_escalate(public_id=page.public_id, version=None, actor=actor_of(User.objects.get(username="lin")))
    services.page_acknowledge(public_id=page.public_id, version=None, actor=actor_of(User.objects.get(username="chen")))
    status, text = press(client, path)
    assert status == 409
    assert "Chen" in text
    page.refresh_from_db()
    assert page.acknowledged_by is not None
    assert page.acknowledged_by.display_name == "Chen"


@pytest.mark.django_db
def test_the_link_is_good_for_nothing_but_this_act(called: tuple[Page, str], client: Client) -> None:
    _page, path = called
    client.post(path)
    assert "_auth_user_id" not in client.session
    answer = client.get(path)
    assert answer["Referrer-Policy"] == "strict-origin"
    assert "no-store" in answer["Cache-Control"]


@pytest.mark.django_db
def test_nothing_that_opens_it_is_stored(called: tuple[Page, str]) -> None:
    _page, path = called
    token = path.split("/")[2]
    with connection.cursor() as cursor:
        cursor.execute("SELECT string_agg(d::text, ' ') || (SELECT string_agg(e::text, ' ') FROM kernel_entry e) FROM notify_delivery d")
        dump = cursor.fetchone()[0]
    assert token.partition(".")[2] not in dump


@pytest.mark.django_db
def test_the_html_has_a_button_with_the_same_link_and_escapes_what_comes_from_outside(
    person: Make, chain: Chain, page: Start, mail: MailServer
) -> None:
    chain([person("Lin")])
    page(params={"title": "<script>alert(1)</script> {{ack:00000000-0000-0000-0000-000000000000}} \u202eevil"})
    services.send_due()
    html, text = html_of(mail.mails[0]), text_of(mail.mails[0])
    assert "<script>" not in html
    assert "&lt;script&gt;" in html
    assert path_in(text) in html
    assert "min-height:44px" in html
    assert "[U+202E]evil" in text
    assert "\u202e" not in html


@pytest.mark.django_db(transaction=True)
@pytest.mark.attack
@pytest.mark.parametrize("same_link", [True, False])
def test_two_presses_at_the_same_moment_one_wins_and_the_other_is_told(
    person: Make, chain: Chain, page: Start, mail: MailServer, same_link: bool
) -> None:
    for number in range(5):
        chain([person(f"Lin{number}"), person(f"Chen{number}")], slug=f"c{number}")
        started = page(chain=f"c{number}")
        services.send_due()
        paths = [path_in(text_of(item)) for item in mail.mails[-2:]]
        if same_link:
            paths[1] = paths[0]
        barrier, codes = threading.Barrier(2), list[int]()

        def go(path: str, barrier: threading.Barrier = barrier, codes: list[int] = codes) -> None:
            client = Client()
            barrier.wait()
            codes.append(client.post(path).status_code)
            connection.close()

        threads = [threading.Thread(target=go, args=(path,)) for path in paths]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(codes) == [200, 409]
        acknowledged = Entry.objects.filter(name="notify.page_acknowledged.v1", subject_id=started.public_id)
        assert acknowledged.count() == 1
