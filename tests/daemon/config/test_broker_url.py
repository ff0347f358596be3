"""Broker addresses."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offbeat.config.broker_url import parse_address
from offbeat.errors import ConfigError


@pytest.mark.parametrize(
    ("url", "shown", "tls"),
    [
        ("mqtt://h", "mqtt://h:1883", False),
        ("mqtts://h:1", "mqtts://h:1", True),
        ("ws://h", "ws://h:80/mqtt", False),
        ("wss://h/broker", "wss://h:443/broker", True),
        ("mqtt://[::1]:1883/", "mqtt://[::1]:1883", False),
    ],
)
def test_an_address_is_completed(url: str, shown: str, tls: bool) -> None:
    """With the usual port and path of its kind."""
    address = parse_address(url)
    assert (str(address), address.tls) == (shown, tls)


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("localhost:1883", 'write "mqtt://localhost:1883"'),
        ("mqt://h", 'did you mean "mqtt://"'),
        ("tcp://h", 'did you mean "mqtt://"'),
        ("ssl://h", 'did you mean "mqtts://"'),
        ("mqtt://", "names no host"),
        ("mqtt://h:99999", "cannot be read"),
        ("mqtt://[::1", "cannot be read"),
        ("mqtt://h/path", "can have a path"),
        ("mqtt://h?x=1", "more than a host and a port"),
        ("mqtt://" + "a" * 80, "cannot be read"),
    ],
)
def test_what_is_no_address_is_refused_with_a_hint(url: str, message: str) -> None:
    """The message says how one looks."""
    with pytest.raises(ConfigError) as caught:
        parse_address(url)
    assert message in str(caught.value)


@pytest.mark.parametrize("url", ["mqtt://bob:hunter2@h", "mqt://bob:hunter2@h", "mqtt://bob:hunter2@h:99999"])
def test_a_password_in_an_address_is_refused_and_not_repeated(url: str) -> None:
    """It would stand in logs and process lists."""
    with pytest.raises(ConfigError, match="password_file") as caught:
        parse_address(url)
    assert "hunter2" not in str(caught.value)


@given(st.text(max_size=30))
def test_nothing_but_a_config_error_is_raised(text: str) -> None:
    """Whatever stands in the file."""
    for url in (text, f"mqtt://{text}", f"wss://{text}"):
        with contextlib.suppress(ConfigError):
            parse_address(url)
