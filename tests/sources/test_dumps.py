"""Large dumps: what is left out of them is what their workloads say already."""

from __future__ import annotations

import json
from typing import Any

from strongroom.model.origin import Origin
from strongroom.sources.dumps import SMALLEST, is_dump, read_dump, settle

_SPEC: dict[str, Any] = {
    "nodeName": "n1",
    "containers": [
        {
            "name": "a",
            "image": "a",
            "env": [
                {"name": "P", "valueFrom": {"secretKeyRef": {"name": "env", "key": "k"}}},
                {"name": "Q", "value": "x"},
            ],
            "envFrom": [{"secretRef": {"name": "all"}}, {"configMapRef": {"name": "c"}}],
            "volumeMounts": [{"name": "v", "mountPath": "/v"}, {"name": "p", "mountPath": "/p", "subPath": "x"}],
        }
    ],
    "volumes": [
        {"name": "v", "secret": {"secretName": "mounted"}},
        {
            "name": "p",
            "projected": {"sources": [{"secret": {"name": "projected"}}, {"serviceAccountToken": {"path": "t"}}]},
        },
        {"name": "not-mounted", "secret": {"secretName": "not-mounted"}},
    ],
}


def _object(kind: str, name: str, owner: str = "", **body: Any) -> dict[str, Any]:
    metadata: dict[str, Any] = {"name": name, "namespace": "shop"}
    if owner:
        of, _, known = owner.partition("/")
        metadata["ownerReferences"] = [{"apiVersion": "apps/v1", "kind": of, "name": known, "controller": True}]
    version = "v1" if kind in ("Pod", "Secret") else "apps/v1"
    return {"apiVersion": version, "kind": kind, "metadata": metadata, **body}


def _dump(*items: dict[str, Any], kind: str = "List") -> bytes:
    return json.dumps({"apiVersion": "v1", "kind": kind, "items": items, "metadata": {}}).encode()


def test_only_large_lists_are_dumps() -> None:
    """A small file is read with its lines, and a large one that is no JSON object as YAML."""
    assert not is_dump(_dump())
    assert is_dump(_dump() + b" " * SMALLEST)
    assert not is_dump(b"kind: List\n" + b" " * SMALLEST)


def test_pods_of_known_workloads_keep_what_is_their_own() -> None:
    """Of a pod that a ReplicaSet of the dump made, the machine and the Secrets are kept; of the set its owner."""
    data = _dump(
        _object("Pod", "api-1-x", "ReplicaSet/api-1", spec=_SPEC, status={}),
        _object("ReplicaSet", "api-1", "Deployment/api", spec={"template": {"spec": _SPEC}}),
        _object("Deployment", "api", spec={"template": {"spec": _SPEC}}),
    )
    read = read_dump(data, Origin("d", "d.json", 0))
    assert read is not None
    resources, made = read
    found, (pod,) = settle(made, resources)

    assert [r.kind for r in resources] == ["Deployment"]
    assert [(r.kind, "spec" in r.body) for r in found] == [("ReplicaSet", False)]
    assert (pod.id.name, pod.machine, pod.owner and pod.owner.show()) == ("api-1-x", "n1", "ReplicaSet shop/api-1")
    assert [(use.secret, use.kept) for use in pod.uses] == [
        ("env", True),
        ("all", True),
        ("mounted", False),
        ("projected", True),
    ]
    assert pod.origin.field == ("items", 0)


def test_pods_of_unknown_workloads_are_kept_whole() -> None:
    """A pod whose maker the sources do not hold is an object of its own, and so is one of a node."""
    data = _dump(_object("Pod", "a", "Thing/gone", spec=_SPEC), _object("Pod", "b", "Node/n1", spec=_SPEC))
    read = read_dump(data, Origin("d", "d.json", 0))
    assert read is not None
    found, pods = settle(read[1], read[0])

    assert [r.get("spec", "nodeName") for r in found] == ["n1", "n1"]
    assert pods == []


def test_items_of_a_typed_list_need_no_kind() -> None:
    """The kind of a typed list is that of its items, for pods that others made too."""
    pod = _object("Pod", "a", "Thing/gone", spec=_SPEC)
    data = _dump({key: pod[key] for key in ("metadata", "spec")}, kind="PodList")
    read = read_dump(data, Origin("d", "d.json", 0))
    assert read is not None
    found, _ = settle(read[1], read[0])

    assert [(r.api_version, r.kind, r.name) for r in found] == [("v1", "Pod", "a")]


def test_what_is_no_list_is_left_to_others() -> None:
    """Broken JSON, another object, items of a wrong shape: the reader of manifests says what is wrong."""
    origin = Origin("d", "d.json", 0)

    assert read_dump(b'{"items": [', origin) is None
    assert read_dump(b'{"apiVersion": "v1", "kind": "Secret", "items": []}', origin) is None
    assert read_dump(_dump({"metadata": 3}), origin) is None
    assert read_dump(b'{"items": [' + b"[" * 100_000, origin) is None


def test_values_of_secrets_stay_sealed() -> None:
    """The values of Secrets in a dump are in no representation of what was read."""
    read = read_dump(_dump(_object("Secret", "db", data={"k": "bm90LXNob3du"})), Origin("d", "d.json", 0))
    assert read is not None

    assert "not-shown" not in repr(read)
    assert "bm90LXNob3du" not in repr(read[0][0].body)
