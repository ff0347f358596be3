"""Which version of MQTT is spoken."""

from __future__ import annotations

from paho.mqtt.enums import MQTTProtocolVersion

from offbeat.link.versions import UNSUPPORTED_PROTOCOL_VERSION, VersionChooser

V5, V311 = MQTTProtocolVersion.MQTTv5, MQTTProtocolVersion.MQTTv311


def test_five_comes_first_and_a_refusal_of_the_version_leads_to_the_older() -> None:
    """Which stays once it was accepted."""
    chooser = VersionChooser("auto")
    assert chooser.current is V5
    assert chooser.refused(UNSUPPORTED_PROTOCOL_VERSION)
    assert chooser.current is V311
    chooser.accepted()
    assert chooser.current is V311


def test_a_wrong_password_says_nothing_about_the_version() -> None:
    """The version stays."""
    chooser = VersionChooser("auto")
    assert not chooser.refused(0x86)
    assert chooser.current is V5


def test_brokers_that_just_hang_up_are_tried_with_the_other_version() -> None:
    """After two times in a row; a stop of the broker is not taken for a refusal."""
    chooser = VersionChooser("auto")
    assert not chooser.closed_silently()
    chooser.accepted()
    assert not chooser.closed_silently()
    assert chooser.closed_silently()
    assert chooser.current is V311


def test_a_named_version_is_the_only_one() -> None:
    """Whatever the broker says."""
    for setting, version in (("5", V5), ("3.1.1", V311)):
        chooser = VersionChooser(setting)  # type: ignore[arg-type]
        assert not chooser.refused(UNSUPPORTED_PROTOCOL_VERSION)
        chooser.closed_silently()
        assert not chooser.closed_silently()
        assert chooser.current is version
