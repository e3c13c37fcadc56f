"""No body ends in a 500: the strict parser refuses in words, and quickly."""

import io
import json
import time

import pytest
from rest_framework.exceptions import ParseError

from console.api.parsers import MAX_BYTES, BodyTooLarge, StrictJSONParser

GOOD = [
    b"{}",
    b"",
    b"  ",
    b'{"a": 1}',
    '{"名": "值🙂"}'.encode(),
    b'{"a": [1, 2.5, null, true, "x"]}',
    b'{"a": "\\u4f60"}',
    b'{"a": "\\ud83d\\ude42"}',
]
BAD = {
    "list at the top": b"[]",
    "null at the top": b"null",
    "number at the top": b"1",
    "text at the top": b'"x"',
    "cut off": b'{"a": ',
    "trailing comma": b'{"a": 1,}',
    "comment": b'{"a": 1} // x',
    "two values": b"{}{}",
    "single quotes": b"{'a': 1}",
    "NaN": b'{"a": NaN}',
    "Infinity": b'{"a": -Infinity}',
    "1e999": b'{"a": 1e999}',
    "5,000 digits": b'{"a": ' + b"9" * 5000 + b"}",
    "5,000 decimals": b'{"a": 0.' + b"9" * 5000 + b"}",
    "duplicate key": b'{"a": 1, "a": 2}',
    "duplicate key deep down": b'{"a": {"b": 1, "b": 2}}',
    "NUL in a text": b'{"a": "x\\u0000y"}',
    "NUL in a key": b'{"x\\u0000": 1}',
    "raw NUL": b'{"a": "\x00"}',
    "raw newline in a text": b'{"a": "\n"}',
    "lone high surrogate": b'{"a": "\\ud83d"}',
    "lone low surrogate": b'{"a": ["\\ude42"]}',
    "surrogate in a key": b'{"\\ud800": 1}',
    "bad UTF-8": b'{"a": "\xff"}',
    "overlong UTF-8": b'{"a": "\xc0\x80"}',
    "UTF-16": '{"a": 1}'.encode("utf-16"),
    "UTF-7": b"+AHs-+AH0-",
    "byte order mark": b"\xef\xbb\xbf{}",
    "gzip": b"\x1f\x8b\x08\x00" + b"x" * 100,
    "100,000 lists deep": b'{"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "100,000 objects deep": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    "2,000 objects deep": b'{"a":' * 2_000 + b"1" + b"}" * 2_000,
    "21 deep": b'{"a":' * 21 + b"1" + b"}" * 21,
    "2,000 keys": b"{" + b",".join(b'"k%d":1' % n for n in range(2000)) + b"}",
}


def parse(body):
    return StrictJSONParser().parse(io.BytesIO(body))


@pytest.mark.parametrize("body", GOOD, ids=repr)
def test_ordinary_bodies_are_read(body):
    assert isinstance(parse(body), dict)


def work_of(act) -> float:
    """Seconds of the processor's time, the best of three: what else the machine does takes no part in it."""
    took = []
    for _try in range(3):
        began = time.thread_time()
        act()
        took.append(time.thread_time() - began)
    return min(took)


@pytest.fixture(scope="module")
def largest_honest_body_s() -> float:
    """What reading a megabyte of ordinary JSON costs here and now."""
    body = json.dumps({"items": [{"name": f"item {number}", "value": number} for number in range(25_000)]}).encode()
    assert MAX_BYTES * 0.8 < len(body) < MAX_BYTES
    return work_of(lambda: parse(body))


@pytest.mark.parametrize("body", BAD.values(), ids=BAD.keys())
def test_a_doubtful_body_is_refused_in_words_and_costs_no_more_than_an_honest_one(body, largest_honest_body_s):
    def refused():
        with pytest.raises(ParseError) as refusal:
            parse(body)
        assert str(refusal.value.detail)

    assert work_of(refused) < 2 * largest_honest_body_s


def test_more_than_a_megabyte_is_refused_without_reading_on():
    class Endless(io.RawIOBase):
        read_so_far = 0

        def read(self, size=-1):
            Endless.read_so_far += size
            return b"x" * size

    with pytest.raises(BodyTooLarge) as refusal:
        StrictJSONParser().parse(Endless())
    assert refusal.value.status_code == 413
    assert Endless.read_so_far <= MAX_BYTES + 1
