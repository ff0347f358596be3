"""What a reload changes in the parts around the core."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from offbeat.app.part_reloads import prepare_way_in, prepare_way_out
from offbeat.app.parts import Parts, build_parts
from offbeat.config.settings import Settings
from offbeat.errors import ConfigError
from tests.support.configured import configured


def with_password(folder: Path, name: str) -> Settings:
    """Return settings that read the password for the broker from a file."""
    before = configured(folder)
    mqtt = before.mqtt.model_copy(update={"username": "offbeat", "password_file": folder / name})
    return before.model_copy(update={"mqtt": mqtt})


@pytest.fixture
def parts(tmp_path: Path) -> Iterator[Parts]:
    """Parts that were built with a password that is in the file `old`."""
    (tmp_path / "old").write_text("secret")
    built = build_parts(with_password(tmp_path, "old"), lambda: 0.0, lambda _: None)
    yield built
    built.publisher.stop(0.1)
    built.history.close()
    built.orders.close()
    built.log.close()
    built.outbox.close()


def test_a_file_of_before_may_be_gone_when_another_takes_its_place(parts: Parts, tmp_path: Path) -> None:
    """Passwords and certificates are rotated so; the new file is what has to be there."""
    old, new = with_password(tmp_path, "old"), with_password(tmp_path, "new")
    (tmp_path / "old").unlink()
    for prepare in (prepare_way_in(parts), prepare_way_out(parts)):
        with pytest.raises(ConfigError, match="new"):
            list(prepare(old, new))
    (tmp_path / "new").write_text("secret")
    for prepare in (prepare_way_in(parts), prepare_way_out(parts)):
        assert len(list(prepare(old, new))) == 1
