"""The demo's passwords pass the console's own rules, whatever chance gives."""

import secrets

import pytest

from contingency.org import demo


@pytest.mark.django_db
def test_a_password_that_the_rules_refuse_is_made_again(monkeypatch: pytest.MonkeyPatch) -> None:
    given = iter(["5TTaOgeNgPWU", "gao.peng", "q7Hx-0vKd2Lw"])
    monkeypatch.setattr(secrets, "token_urlsafe", lambda _length: next(given))
    person = next(person for person in demo.PEOPLE if person.username == "gao.peng")
    assert demo._password(person) == "q7Hx-0vKd2Lw"
