"""Steps on objects as people read them."""

from __future__ import annotations

from pathlib import Path

from tests.plans.build import KEY, plan

from strongroom.crypto.plan_values import seal
from strongroom.model.plaintext import Plaintext
from strongroom.model.plan import ClusterRef, CreateObject, DeleteObject, FieldEdit, Hole, PatchObject
from strongroom.plans.object_preview import object_diff
from strongroom.plans.preview import preview

_CLUSTER = ClusterRef("uid", "test")
_PATH = "/api/v1/namespaces/a/configmaps/b"
_SEALED = seal(Plaintext("Zq7-plan-value"), KEY)


def test_fields() -> None:
    """Each field stands with what it shall hold: values masked, what stays in a list said to stay."""
    kept = FieldEdit(
        ("spec", "list"), [None, {"a": "", "n": 1}], (Hole((0,), ("spec", "list", 1)), Hole((1, "a"), _SEALED))
    )
    edits = (
        kept,
        FieldEdit(("data", "a.b"), gone=True),
        FieldEdit(("spec", "items", 2, "on"), False),
        FieldEdit(("whole",), "", (Hole((), _SEALED),)),
        FieldEdit(("empty",), {}),
    )

    assert list(object_diff(PatchObject(_CLUSTER, _PATH, "ConfigMap a/b", "d", edits))) == [
        "--- ConfigMap a/b",
        "+++ ConfigMap a/b",
        "+spec.list:",
        "+  - (as it is)",
        "+  - a: ••••••",
        "+    n: 1",
        "-data.a.b",
        "+spec.items[2].on: false",
        "+whole: ••••••",
        "+empty: {}",
    ]


def test_whole_objects() -> None:
    """A new object stands whole, with values masked; one that goes, with its name."""
    body = {"kind": "Secret", "stringData": {"a": ""}, "list": [], "nested": [["x"], {"y": {"z": None}}]}
    made = CreateObject(_CLUSTER, _PATH, "Secret a/b", body, (Hole(("stringData", "a"), _SEALED),))

    assert list(object_diff(made)) == [
        "--- /dev/null",
        "+++ Secret a/b",
        "+kind: Secret",
        "+stringData:",
        "+  a: ••••••",
        "+list: []",
        "+nested:",
        "+  - - x",
        "+  - y:",
        "+      z: null",
    ]
    assert list(object_diff(DeleteObject(_CLUSTER, _PATH, "Secret a/b", "d"))) == ["--- Secret a/b", "+++ /dev/null"]


def test_the_cluster_is_named(tmp_path: Path) -> None:
    """The first of steps in one cluster says which it is, and so does the first in another."""
    other = ClusterRef("another", "prod", "/root/kubeconfig")
    steps = [DeleteObject(cluster, _PATH, "Secret a/b", "d") for cluster in (_CLUSTER, _CLUSTER, other)]

    assert [view.said for view in preview(plan(*steps), tmp_path, str)] == [
        ("in context test, whose Namespace kube-system has uid uid",),
        (),
        ("in context prod of /root/kubeconfig, whose Namespace kube-system has uid another",),
    ]
