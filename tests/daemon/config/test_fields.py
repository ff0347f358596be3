"""Fields: text in files, numbers in code, and paths found where they are meant."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import BaseModel, ValidationError

from offbeat.config.fields import Bytes, FileContext, FilePath, PerWeek, Seconds, TextList


class Sample(BaseModel, strict=True):
    """One field of each kind."""

    wait: Seconds = 1.0
    size: Bytes = 1
    rate: PerWeek = 1.0
    path: FilePath = Path()
    names: TextList = ()


def read(**values: object) -> Sample:
    """Validate as if read from a file in /etc/offbeat."""
    return Sample.model_validate(values, context=FileContext(Path("/etc/offbeat")))


def test_text_of_a_file_becomes_the_number_it_stands_for() -> None:
    """Durations in seconds, sizes in bytes, budgets a week."""
    sample = read(wait="10m", size="2KiB", rate="2/day", names=["a", "b"])
    assert (sample.wait, sample.size, sample.rate, sample.names) == (600.0, 2048, 14.0, ("a", "b"))


@pytest.mark.parametrize("field", ["wait", "size", "rate"])
@pytest.mark.parametrize("value", [20, 2.5, True, [], None])
def test_a_quantity_without_unit_is_refused_in_a_file(field: str, value: object) -> None:
    """Nobody can tell seconds from milliseconds otherwise."""
    with pytest.raises(ValidationError, match="expected text with a unit"):
        read(**{field: value})


def test_a_quantity_may_be_a_number_in_code() -> None:
    """The field's name holds its unit there."""
    assert Sample(wait=20, size=5).wait == 20.0


def test_a_relative_path_is_found_beside_the_file() -> None:
    """Not in the folder the daemon happens to be started from."""
    assert read(path="ca.pem").path == Path("/etc/offbeat/ca.pem")
    assert read(path="/run/ca.pem").path == Path("/run/ca.pem")


def test_a_credential_of_systemd_goes_before_a_file_of_that_name(tmp_path: Path) -> None:
    """LoadCredential needs no absolute paths in the configuration."""
    (tmp_path / "mqtt-password").write_text("x")
    context = FileContext(Path("/etc/offbeat"), credentials=tmp_path)
    assert context.resolve(Path("mqtt-password")) == tmp_path / "mqtt-password"
    assert context.resolve(Path("other")) == Path("/etc/offbeat/other")


@pytest.mark.parametrize("value", ["", 5, [], False])
def test_what_is_no_path_is_refused(value: object) -> None:
    """An empty path would mean the folder itself."""
    with pytest.raises(ValidationError, match="expected the path"):
        read(path=value)


def test_a_list_is_not_one_text() -> None:
    """Text would otherwise be taken apart into letters."""
    with pytest.raises(ValidationError, match="square brackets"):
        read(names="abc")
