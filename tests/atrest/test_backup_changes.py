"""What a restore does with each Secret, and how it recognises later how far it came."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strongroom.atrest.backup_changes import Before, Change, Rules, State, decided, notes, seen, selected, state, wanted
from strongroom.atrest.backup_records import SECRETS, Manifest, begun, lines, records
from strongroom.atrest.backup_secrets import (
    LAST_APPLIED,
    BackedSecret,
    Place,
    digests,
    is_sound,
    of_object,
    of_page,
    restorable,
)
from strongroom.errors import DocumentError
from strongroom.model.plaintext import Plaintext

KEY = b"k" * 32


def body(value: str = "MQ==", **more: Any) -> dict[str, Any]:
    """Return a Secret as the API server gives it."""
    metadata = {"namespace": "shop", "name": "a", "uid": "u1", "resourceVersion": "1", **more.pop("metadata", {})}
    return {"metadata": metadata, "type": "Opaque", "data": {"key": value}, **more}


def _decide(
    backup: dict[str, Any], live: dict[str, Any] | None, on_conflict: Any = "replace", account: str = ""
) -> Any:
    there = None if live is None else seen(of_object(live), KEY)
    return decided(wanted(of_object(backup), Rules(), KEY), there, on_conflict, account)


def test_create_unchanged_replace() -> None:
    """What is missing is made, what is equal stays, what differs is replaced."""
    assert _decide(body(), None).change.do == "create"
    assert _decide(body(), body(metadata={"uid": "u2", "resourceVersion": "9"})).unchanged
    assert _decide(body(), body("Mg==")).change.do == "replace"
    assert _decide(body(), body(metadata={"labels": {"a": "b"}})).change.do == "replace"


def test_recreate_only_where_it_must_be() -> None:
    """A Secret is deleted first only where its type, or its immutable values, could not be changed otherwise."""
    assert _decide(body(), body("Mg==", immutable=True)).change.do == "recreate"
    assert _decide(body(), body(type="example.com/other")).change.do == "recreate"
    labels = body(immutable=True, metadata={"labels": {"a": "b"}})
    assert _decide(body(immutable=True), labels).change.do == "replace"
    assert _decide(body(immutable=True), body("Mg==")).change.do == "freeze"
    held = {"finalizers": ["example.com/hold"]}
    assert _decide(body(), body("Mg==", metadata=held)).change.do == "replace"
    for there in (body("Mg==", immutable=True, metadata=held), body(type="example.com/other", metadata=held)):
        assert "has finalizers" in _decide(body(), there).skipped


@pytest.mark.parametrize(
    ("backup", "live", "replaced"),
    [("2026-01-02", "2026-01-01", True), ("2026-01-01", "2026-01-01", False), ("", "x", False)],
)
def test_newer(backup: str, live: str, replaced: bool) -> None:
    """With newer, the Secret that was written later stays."""
    made: list[dict[str, Any]] = [{"metadata": {"managedFields": [{"time": time}, {}]}} for time in (backup, live)]
    decision = _decide(body(**made[0]), body("Mg==", **made[1]), "newer")
    assert (decision.change is not None) is replaced
    assert bool(decision.skipped) is not replaced


def test_conflicts_and_what_is_being_deleted() -> None:
    """Fail says so, skip leaves it, and what is being deleted is left to its end."""
    assert _decide(body(), body("Mg=="), "fail").conflict
    assert _decide(body(), body("Mg=="), "skip").skipped
    deleting = body("Mg==", metadata={"deletionTimestamp": "2026-01-01T00:00:00Z"})
    assert "is being deleted" in _decide(body(), deleting, "fail").skipped
    assert "is being deleted" in _decide(body("Mg=="), deleting).skipped


def test_tokens_only_for_their_account() -> None:
    """A token is restored only where the ServiceAccount that it was made for is still there."""
    marks = {"kubernetes.io/service-account.name": "default", "kubernetes.io/service-account.uid": "sa1"}
    token = body(type="kubernetes.io/service-account-token", metadata={"annotations": marks})
    assert "is not there any more" in _decide(token, None).skipped
    assert "is not there any more" in _decide(token, None, account="sa2").skipped
    assert _decide(token, None, account="sa1").change.do == "create"
    assert _decide(token, body("Mg=="), account="sa1").change.do == "recreate"


def test_account_that_is_no_name() -> None:
    """What names the account of a token comes to stand in a URL: what can be no name does not count."""
    marks = {"kubernetes.io/service-account.name": "../services/x/proxy/shutdown?y="}
    token = body(type="kubernetes.io/service-account-token", metadata={"annotations": marks})
    assert wanted(of_object(token), Rules(), KEY).account == ""


CREATE = Change("create", Place("shop", "a"), Place("shop", "a"), digests(body(), KEY))
OLD = body("Mg==")
BEFORE = Before("u1", "1", digests(OLD, KEY))
REPLACE = Change("replace", Place("shop", "a"), Place("shop", "a"), digests(body(), KEY), BEFORE)
RECREATE = Change("recreate", Place("shop", "a"), Place("shop", "a"), digests(body(), KEY), BEFORE)
ANOTHER = {"uid": "u2", "resourceVersion": "7"}


@pytest.mark.parametrize(
    ("change", "live", "expected"),
    [
        (CREATE, None, State.BEFORE),
        (CREATE, body(metadata=ANOTHER), State.AFTER),
        (CREATE, body(metadata={**ANOTHER, "labels": {"by": "controller"}}), State.AFTER),
        (CREATE, body("Mw=="), State.OTHER),
        (REPLACE, None, State.OTHER),
        (REPLACE, OLD, State.BEFORE),
        (REPLACE, body("Mg==", metadata=ANOTHER), State.BEFORE),
        (REPLACE, body(metadata=ANOTHER), State.AFTER),
        (REPLACE, body("Mw==", metadata=ANOTHER), State.OTHER),
        (RECREATE, None, State.BETWEEN),
        (RECREATE, body(metadata=ANOTHER), State.AFTER),
        (RECREATE, body(metadata={"deletionTimestamp": "x"}), State.OTHER),
    ],
)  # fmt: skip
def test_state(change: Change, live: dict[str, Any] | None, expected: State) -> None:
    """Where a change stands is seen in what is in its place; what is neither old nor new is somebody else's."""
    assert state(change, None if live is None else seen(of_object(live), KEY)) is expected


def test_state_where_only_labels_differ() -> None:
    """Where the values are the same before and after, only the labels tell the two apart."""
    before = body(metadata={"labels": {"a": "old"}})
    change = Change(
        "replace", Place("shop", "a"), Place("shop", "a"), digests(body(), KEY), Before("u1", "1", digests(before, KEY))
    )
    third = body(metadata={**ANOTHER, "labels": {"a": "third"}})
    assert state(change, seen(of_object(third), KEY)) is State.OTHER


def test_selected() -> None:
    """Patterns are of the namespace and the name together; without any, all is meant."""
    assert selected(Place("shop", "a"), Rules())
    assert selected(Place("shop", "a"), Rules(select=("x/*", "shop/?")))
    assert not selected(Place("shop", "ab"), Rules(select=("x/*", "shop/?")))


def test_restorable() -> None:
    """What belonged to the old object is left out; what kubectl kept of it only where it would name the old namespace."""
    marks = {LAST_APPLIED: "{}", "other": "x"}
    old = body(metadata={"annotations": marks, "ownerReferences": [{}], "finalizers": ["f"], "creationTimestamp": "t"})
    assert restorable(old, "shop")["metadata"] == {"namespace": "shop", "name": "a", "annotations": marks}
    # Digests are not over it, so a plan would not show it; the API server lays it over the data.
    assert restorable({**old, "stringData": {"key": "other"}}, "shop") == restorable(old, "shop")
    assert restorable({**old, "stringData": {"key": "other"}}, "shop")["data"] == old["data"]
    assert restorable(old, "new")["metadata"] == {"namespace": "new", "name": "a", "annotations": {"other": "x"}}
    assert old["metadata"]["annotations"] == marks


def test_notes() -> None:
    """People are told what is left out, and what programs will make of what comes back."""
    one = body(type="helm.sh/release.v1", metadata={"ownerReferences": [{}], "finalizers": ["f"]})
    found = notes(
        [
            wanted(of_object(one), Rules(), KEY),
            wanted(of_object(body(type="bootstrap.kubernetes.io/token")), Rules(), KEY),
        ]
    )
    assert [note.split()[:5] for note in found] == [
        ["1", "of", "the", "Secrets", word] for word in ("had", "had", "came", "served")
    ]


@pytest.mark.parametrize(
    "found",
    [
        None, [], {}, {"metadata": {}}, {"metadata": {"namespace": "a", "name": ""}}, body(metadata={"name": "../x"}), body(metadata={"namespace": "a\n"}), body(data=["x"]), body(data={"a": 1}),
        body(type=1), body(immutable="x"), body(metadata={"labels": {"a": 1}}),
    ],
)  # fmt: skip
def test_no_secret(found: Any) -> None:
    """What has not the shape of a Secret is refused without its contents."""
    with pytest.raises(DocumentError, match="what should be a Secret is none"):
        of_object(found)


def test_page_that_is_none() -> None:
    """A page that is no list is refused; an empty one has no Secrets."""
    assert list(of_page(Plaintext('{"items":null}'))) == []
    with pytest.raises(DocumentError, match="cannot be read"):
        list(of_page(Plaintext("[")))


def test_is_sound() -> None:
    """A value is sound where the API server would read it."""
    assert is_sound(body())
    assert is_sound({"data": None})
    assert not is_sound(body("M"))
    assert not is_sound(body("M\nQ=="))


_TEXT = st.text(st.characters(codec="utf-8"), max_size=20)


@given(
    data=st.dictionaries(st.text("abc.-_", min_size=1, max_size=9), st.binary(max_size=300), max_size=5),
    marks=st.dictionaries(_TEXT, _TEXT, max_size=4),
    immutable=st.sampled_from([None, True, False]),
)
def test_any_secret_comes_back(data: dict[str, bytes], marks: dict[str, str], immutable: bool | None) -> None:
    """Whatever a Secret holds comes out of a backup's lines as it went in, and is equal to itself alone."""
    values = {key: base64.b64encode(value).decode() for key, value in data.items()}
    metadata = {"namespace": "shop", "name": "a", "annotations": marks, "labels": None}
    found = of_object({"metadata": metadata, "type": "example.com/x", "data": values, "immutable": immutable})
    manifest = Manifest(kind=SECRETS, tool="", created="")
    back, _ = records(begun([b"".join(lines(manifest, [], [found]))], "it"), "it")
    assert back == found
    assert isinstance(back, BackedSecret)
    body = back.decoded()
    assert (body["data"], body["metadata"]["annotations"], is_sound(body)) == (values, marks, True)
    assert digests(body, KEY) == digests(found.decoded(), KEY)
    assert digests({**body, "data": {**values, "more": ""}}, KEY).values != digests(body, KEY).values
