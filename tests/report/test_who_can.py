"""Who may do one thing, as text and as JSON."""

from __future__ import annotations

import json

from strongroom.model.holders import Asked, Grounds, Holder, HoldersReport, Place
from strongroom.model.origin import Origin
from strongroom.model.rbac import Subject
from strongroom.model.resource import ResourceId
from strongroom.model.skipped import Reason, Skipped
from strongroom.report import who_can_json, who_can_text
from strongroom.report.terminal import Terminal

_GROUP = "rbac.authorization.k8s.io"
_ASKED = Asked("get", resource="secrets")


def _place(kind: str, name: str, *, supposed: bool = False) -> Place:
    return Place(ResourceId(_GROUP, kind, "", name), Origin("deploy", "deploy/r.yaml", line=7), supposed, supposed)


def _holder(name: str, *, grounds: int = 1, own: bool = True, names: tuple[str, ...] = ()) -> Holder:
    given = Grounds("shop", _place("RoleBinding", "b"), _place("ClusterRole", "edit", supposed=True), names)
    return Holder(Subject("User", "", name), (given,) * grounds, control_plane=not own)


def _report(*holders: Holder, asked: Asked = _ASKED, skipped: tuple[Skipped, ...] = ()) -> HoldersReport:
    return HoldersReport("strongroom 1", asked, ("deploy",), "2026-11-21T00:00:00+00:00", holders, skipped=skipped)


def _text(report: HoldersReport, *, verbose: bool = False) -> str:
    return "".join(who_can_text.render(report, Terminal(verbose=verbose)))


def test_places_are_shown_and_suppositions_are_said() -> None:
    """A binding that was read has its file and line; a role that was not says so."""
    text = _text(_report(_holder("alice")))

    assert "RoleBinding b  deploy/r.yaml:7:1" in text
    assert "ClusterRole edit  every cluster has it" in text
    assert text.endswith("1 identity.\n")


def test_the_control_plane_is_summed_up() -> None:
    """What every cluster gives by itself is counted, and listed on demand."""
    report = _report(_holder("alice"), _holder("system:kube-scheduler", own=False))

    assert "kube-scheduler" not in _text(report)
    assert "1 identity; and 1 of the control plane itself (--verbose lists them)." in _text(report)
    assert "User system:kube-scheduler" in _text(report, verbose=True)


def test_nobody_is_said() -> None:
    """An empty answer is an answer, unless something could not be read."""
    unread = (Skipped("deploy/x.yaml", 0, 0, Reason.UNREADABLE),)

    assert _text(_report()).endswith("nobody.\n")
    assert "1 place could not be read: there may be more" in _text(_report(skipped=unread))


def test_long_answers_are_cut_and_say_so() -> None:
    """More than a hundred holders, five grounds or ten names are summed up."""
    names = tuple(f"n{number}" for number in range(13))
    text = _text(_report(*(_holder(f"u{number}", grounds=7, names=names) for number in range(103))))

    assert text.count("User u") == 100
    for cut in ("and 3 more (--verbose lists them)", "and by 2 more (--verbose lists them)", "n9 and 3 more"):
        assert cut in text
    assert _text(_report(*(_holder(f"u{number}") for number in range(103))), verbose=True).count("User u") == 103


def test_names_cannot_write_to_the_terminal() -> None:
    """Control characters in names are shown, and not obeyed."""
    evil = "a\x1b[31m\u202eb\nc"
    holder = Holder(Subject("User", "", evil), (), "", (Subject("User", "", evil),))
    text = _text(_report(holder, asked=Asked("get", resource="secrets", name=evil, namespaces=(evil,))))

    assert not {"\x1b", "\u202e"} & set(text)
    assert "a\\x1b[31m\\u202eb\\x0ac" in text


def test_json_holds_all_of_it() -> None:
    """Programs get every holder, with the place and field of what gives it."""
    document = json.loads(
        "".join(who_can_json.render(_report(_holder("alice", names=("db",)), _holder("x", own=False))))
    )
    first, second = document["holders"]

    assert document["question"] == {
        "verb": "get",
        "group": "",
        "resource": "secrets",
        "name": "",
        "namespaces": [],
        "path": "",
    }
    assert (first["kind"], first["name"], first["controlPlane"], second["controlPlane"]) == (
        "User",
        "alice",
        False,
        True,
    )
    assert first["grounds"] == [
        {
            "namespace": "shop",
            "names": ["db"],
            "limit": "",
            "binding": {
                "kind": "RoleBinding",
                "namespace": "",
                "name": "b",
                "supposed": False,
                "place": "deploy/r.yaml:7:1",
                "field": [],
            },
            "role": {"kind": "ClusterRole", "namespace": "", "name": "edit", "supposed": True},
        }
    ]
