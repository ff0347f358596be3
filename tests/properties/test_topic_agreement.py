"""The check of a configuration and the decoder of messages agree on what a topic template is."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from offbeat.config.topic_templates import parse_topic_template
from offbeat.errors import ConfigError
from offbeat.ingest.topics import TopicTemplate

LEVELS = st.one_of(
    st.sampled_from(
        ["plant", "+", "#", "{a}", "{b}", "{a...}", "{}", "{1}", "x{a}", "a+", "", "$SYS", "\0", "{"]
    ),
    st.text("ab{}.+#/", max_size=5),
)


@given(st.lists(LEVELS, max_size=5).map("/".join))
@example("")
@example("/")
@example("plant/{a}/{b...}")
def test_what_the_check_accepts_the_decoder_reads_alike(text: str) -> None:
    """Same verdict, same filter, same captures."""
    try:
        checked = parse_topic_template(text)
    except ValueError:
        checked = None
    try:
        read = TopicTemplate.parse(text)
    except ConfigError:
        read = None
    assert (checked is None) == (read is None)
    if checked is not None and read is not None:
        assert (checked.filter, checked.names) == (read.filter, read.captures)
