"""Plans as files, and as people read them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.plans.build import KEY, edit, gone, new, plan

from strongroom.crypto.plan_values import seal
from strongroom.errors import PlanError
from strongroom.model.plaintext import Plaintext
from strongroom.model.plan import ClusterRef, Copied, CreateObject, Hole, Plan, Splice, Text
from strongroom.plans.preview import preview
from strongroom.plans.saved import digest, load, save
from strongroom.report.plan_text import as_json, as_text
from strongroom.survey.frames import context

_CONFIG = (
    b"kind: ConfigMap\nmetadata:\n  name: c\ndata:\n  password: Zq7-plan-value\n  other: Zq7-neighbour\n  mode: a\n"
)


def _span(text: bytes) -> tuple[int, int]:
    return _CONFIG.index(text), _CONFIG.index(text) + len(text)


def _plan() -> Plan:
    start, end = _span(b"Zq7-plan-value")
    moved = Splice(start, end, (Text('"'), Copied(start, end), Text('"')))
    renamed = Splice(*_span(b"mode"), (Text("kind"),))
    return plan(edit("c.yaml", _CONFIG, moved, renamed), new("s.yaml", "kind: Secret\n"), gone("old.yaml", b"x"))


def test_round_trip(tmp_path: Path) -> None:
    """A saved plan is the same plan, with the same digest; a plan is never written over."""
    saved = tmp_path / "plan.json"
    save(_plan(), saved, KEY)

    assert load(saved, KEY) == _plan()
    assert digest(load(saved, KEY)) == digest(_plan())
    with pytest.raises(PlanError, match="exists already"):
        save(_plan(), saved, KEY)


def test_the_digest_covers_everything() -> None:
    """Any change of a plan changes its digest."""
    one = _plan()
    others = [
        msgspec.structs.replace(one, **{field: value})
        for field, value in {"summary": "x", "tool": "x", "steps": one.steps[:-1], "notes": (), "key_id": "x"}.items()
    ]

    assert len({digest(each) for each in (one, *others)}) == len(others) + 1


def _change_step(body: dict[str, Any]) -> None:
    body["steps"][1]["change"]["mode"] = 0o4755


def _move_value(body: dict[str, Any]) -> None:
    sealed = body["steps"][3]["change"]["holes"][0]["value"]
    change = body["steps"][4]["change"]
    change["holes"] = [{"at": ["data", "x"], "value": sealed}]


def _run_program(body: dict[str, Any]) -> None:
    arguments = {"servers": [{"name": "a", "kubeconfig": "k"}], "hash": "", "reload_with": "touch pwned"}
    body["steps"] += [{"title": "x", "change": {"type": "run-procedure", "name": "w", "arguments": arguments}}]


def _untag(body: dict[str, Any]) -> None:
    del body["tag"]


def _tag_without_key(body: dict[str, Any]) -> None:
    """Take the fingerprint of the plan as a text, which a plan about a file with that text would name."""
    tag = body.pop("tag")
    made = msgspec.json.encode(msgspec.convert(body, Plan), order="deterministic")
    body["tag"] = Plaintext(made).fingerprint(KEY)
    assert body["tag"] != tag


@pytest.mark.parametrize("forge", [_change_step, _move_value, _run_program, _untag, _tag_without_key])
def test_only_who_has_the_key_makes_plans(tmp_path: Path, forge: Callable[[dict[str, Any]], None]) -> None:
    """A plan that was changed since it was saved is refused: a mode, a program to run, a sealed value's new place."""
    cluster = ClusterRef("u", "c")
    path = "/api/v1/namespaces/a/configmaps/x"
    hole = Hole(("stringData", "p"), seal(Plaintext("Zq7-sealed"), KEY))
    secret = CreateObject(cluster, "/api/v1/namespaces/a/secrets/s", "Secret a/s", {"stringData": {"p": ""}}, (hole,))
    made = plan(*(step.change for step in _plan().steps), secret, CreateObject(cluster, path, "x", {"data": {"x": ""}}))
    save(made, tmp_path / "plan.json", KEY)
    assert load(tmp_path / "plan.json", KEY) == made
    body = json.loads((tmp_path / "plan.json").read_text())
    forge(body)
    (tmp_path / "plan.json").write_text(json.dumps(body))

    with pytest.raises(PlanError, match="was changed since it was saved"):
        load(tmp_path / "plan.json", KEY)


def test_another_key(tmp_path: Path) -> None:
    """A plan of another fingerprint key is refused, and it is said which option names the right one."""
    save(_plan(), tmp_path / "plan.json", KEY)

    with pytest.raises(PlanError, match="another fingerprint key") as caught:
        load(tmp_path / "plan.json", b"x" * 32)
    assert "--fingerprint-key" in (caught.value.hint or "")


@pytest.mark.parametrize(
    "text", ["", "{}", "[" * 100_000, '{"format": 1}', json.dumps({"format": 1, "steps": [{"change": {"type": "x"}}]})]
)
def test_what_is_no_plan(tmp_path: Path, text: str) -> None:
    """A file that is no plan is refused with a hint."""
    (tmp_path / "plan.json").write_text(text)

    with pytest.raises(PlanError, match="is not a plan") as caught:
        load(tmp_path / "plan.json", KEY)
    assert caught.value.hint


def test_plans_of_the_future(tmp_path: Path) -> None:
    """A plan of a later format is refused, not read in part."""
    save(msgspec.structs.replace(_plan(), format=2), tmp_path / "plan.json", KEY)

    with pytest.raises(PlanError, match="format 2"):
        load(tmp_path / "plan.json", KEY)


def test_no_value_is_in_a_plan_or_its_diff(tmp_path: Path) -> None:
    """Neither the saved plan nor what is shown of it holds a value that moves, or one that stands beside it."""
    (tmp_path / "c.yaml").write_bytes(_CONFIG)
    (tmp_path / "old.yaml").write_bytes(b"x")
    save(_plan(), tmp_path / "plan.json", KEY)
    views = tuple(preview(_plan(), tmp_path, context))

    shown = "".join([*as_text(_plan(), views, "d"), *as_json(_plan(), views, "d")])

    assert "Zq7" not in shown + (tmp_path / "plan.json").read_text()
    assert list(views[0].diff) == [
        "--- c.yaml",
        "+++ c.yaml",
        "@@ -3,5 +3,5 @@",
        "   name: c",
        " data:",
        "-  password: ••••••",
        '+  password: "••••••"',
        "   other: ••••••",
        "-  mode: a",
        "+  kind: a",
    ]
    assert views[1].diff == ("--- /dev/null", "+++ s.yaml", "@@ -0,0 +1 @@", "+kind: Secret")
    assert views[2].diff == ("--- old.yaml", "+++ /dev/null")


def test_a_whole_line_that_is_hidden(tmp_path: Path) -> None:
    """A line that is hidden with its end stays one line: the next one can be read."""
    before = b"FROM base\nENV A=Zq7\nENV B=2\n"
    (tmp_path / "Dockerfile").write_bytes(before)
    made = plan(edit("Dockerfile", before, Splice(10, 20), hidden=((10, 20),)))

    assert next(preview(made, tmp_path, str)).diff[2:] == ("@@ -1,3 +1,2 @@", " FROM base", "-••••••", " ENV B=2")


def test_control_characters_are_shown(tmp_path: Path) -> None:
    """A plan from somebody else cannot move the cursor of who reads it."""
    bad = msgspec.structs.replace(plan(new("a\x1b[2K.yaml", "\x1b[31mred\n")), summary="x\x1b]0;y\x07", notes=("\x1b",))

    shown = "".join(as_text(bad, tuple(preview(bad, tmp_path, context)), digest(bad)))

    assert "\x1b" not in shown
    assert "\x07" not in shown
