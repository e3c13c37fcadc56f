"""The last words of the start."""

from config.embedded.__main__ import address_by_name


def test_a_loopback_address_in_numbers_is_told_by_name_too():
    assert address_by_name("http://127.0.0.1:8000") == "http://localhost:8000"
    assert address_by_name("http://[::1]:8000") == "http://localhost:8000"


def test_an_address_that_somebody_chose_stays():
    for chosen in ("https://switchback.example.com", "http://localhost:8000", "http://10.0.0.7:8000"):
        assert address_by_name(chosen) == chosen
