"""Keys and passwords never reach the screen or the log file."""

import pytest

from config.embedded.masking import Mask


@pytest.mark.parametrize(
    "text, shown",
    [
        ("connecting to postgresql://console:s3cr3t-w0rd@127.0.0.1:5432/db", "connecting to postgresql://console:***@127.0.0.1:5432/db"),
        ("redis://:s3cr3t-w0rd@127.0.0.1:6379/0 refused", "redis://:***@127.0.0.1:6379/0 refused"),
        ("smtp://me:s3cr3t@mail:25 and https://a:b@c/", "smtp://me:***@mail:25 and https://a:***@c/"),
        ('"POST /in/alertmanager/AbCdEfGhIjKlMnOp HTTP/1.1" 200', '"POST /in/alertmanager/AbCd*** HTTP/1.1" 200'),
        ("/in/ping/AbCdEfGhIjKlMnOp/start", "/in/ping/AbCd***/start"),
        ("/in/prometheus/AbCdEfGhIjKlMnOp/api/v2/alerts", "/in/prometheus/AbCd***/api/v2/alerts"),
        ("GET /ack/eyJwYWdlIjoiMTIzIn0:1abc:sig/ 200", "GET /ack/***/ 200"),
        ("Authorization: Bearer sbt_0123456789abcdef", "Authorization: Bearer ***"),
        ("authorization: GenieKey 0123-4567-89ab", "authorization: GenieKey ***"),
        ('{"routing_key": "0123456789abcdef0123456789abcdef"}', '{"routing_key": "***"}'),
        ("SECRET_KEY=abcdefghijkl PORT=8000", "SECRET_KEY=*** PORT=8000"),
        ("password: hunter22", "password: ***"),
    ],
)
def test_what_looks_like_a_secret_is_hidden(text, shown):
    assert Mask()(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "the token was refused",
        "GET http://127.0.0.1:8000/incidents/INC-2026-0042/ 200",
        "http://127.0.0.1:8000/in/alertmanager/ answers 404",
        "password authentication failed",
        "basic auth is off",
        "每分钟 20 个订单",
    ],
)
def test_ordinary_words_stay_as_they_are(text):
    assert Mask()(text) == text


def test_a_known_secret_is_hidden_wherever_it_stands_the_longer_one_first():
    mask = Mask(["abcdefgh", "abcdefgh-and-more"])
    assert mask("x abcdefgh-and-more y abcdefghz") == "x *** y ***z"


def test_a_short_word_is_no_secret_that_would_blot_out_the_text():
    assert Mask(["web"])("web is up") == "web is up"
