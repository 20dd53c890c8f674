"""Field paths as people read them, and origins of fields."""

from __future__ import annotations

from strongroom.model.origin import Origin, show_path


def test_show_path() -> None:
    """Plain keys are joined by dots, indices and odd keys stand in brackets."""
    assert show_path(("spec", "containers", 0, "env", 2, "value")) == "spec.containers[0].env[2].value"
    assert show_path(("data", "app.properties")) == 'data["app.properties"]'
    assert show_path(("data", 'a"b\\')) == 'data["a\\"b\\\\"]'
    assert show_path(()) == ""


def test_at_goes_deeper() -> None:
    """A field of an item of a List keeps the way to the item."""
    item = Origin("dump", "dump.yaml", 0, field=("items", 3))

    assert item.at(("data", "key")).field == ("items", 3, "data", "key")
