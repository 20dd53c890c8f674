"""What containers get in the end: environment, files, words; and what is lost between two sets of objects."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from strongroom.inventory.effective import Elsewhere, Given, Value, effective, lost
from strongroom.model.origin import Origin
from strongroom.model.plaintext import Plaintext
from strongroom.model.resource import Resource
from strongroom.sources.objects import objects_in

HOLDERS = """
apiVersion: v1
kind: ConfigMap
metadata: {name: c, namespace: n}
data: {A: a, B: b, f.txt: text}
binaryData: {bin: aGk=}
---
apiVersion: v1
kind: Secret
metadata: {name: s, namespace: n}
data: {A: c2VjcmV0}
stringData: {P: pw}
"""


def resources(*manifests: str) -> list[Resource]:
    """Read objects."""
    bodies = [body for text in manifests for body in yaml.safe_load_all(text)]
    return [one for i, body in enumerate(bodies) for one in objects_in(body, Origin("in", "in.yaml", i))]


def pod(**container: Any) -> str:
    """Return a Pod with one container; ``volumes`` are the pod's."""
    volumes = container.pop("volumes", [])
    spec = {"containers": [{"name": "a", "image": "a:1", **container}], "volumes": volumes}
    return yaml.safe_dump(
        {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": "n"}, "spec": spec}
    )


def given(**container: Any) -> Given:
    """Return what the container of a Pod gets beside the holders."""
    (found,) = effective(resources(HOLDERS, pod(**container))).values()
    return found


def shown(value: Value) -> str:
    """Write a value for a test: what is elsewhere in angle brackets."""
    return "".join(p.reveal().decode() if isinstance(p, Plaintext) else f"<{p.kind} {p.name} {p.key}>" for p in value)


def test_environment() -> None:
    """Later sources win over earlier ones, variables over sources, and what is not known is told by its name."""
    env = given(
        envFrom=[
            {"configMapRef": {"name": "c"}},
            {"prefix": "X_", "secretRef": {"name": "s"}},
            {"secretRef": {"name": "s"}},
            {"secretRef": {"name": "unknown"}},
        ],
        env=[
            {"name": "B", "value": "own"},
            {"name": "K", "valueFrom": {"secretKeyRef": {"name": "s", "key": "P"}}},
            {"name": "M", "valueFrom": {"configMapKeyRef": {"name": "c", "key": "none"}}},
        ],
    ).env
    values = {name: shown(value) for name, value in env.items()}
    assert values["A"] == values["X_A"] == "secret"
    assert (values["B"], values["K"], values["X_P"], values["bin"]) == ("own", "pw", "pw", "hi")
    assert values["M"] == "<ConfigMap c none>"
    assert values["* of Secret unknown"] == "<Secret unknown *>"


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("$(K)", "pw"),
        ("--p=$(K)/$(K)", "--p=pw/pw"),
        ("$$(K)", "$(K)"),
        ("$(NONE) $K ${K}", "$(NONE) $K ${K}"),
        ("$(U)!", "<Secret unknown k>!"),
        ("", ""),
    ],
)
def test_expansion(word: str, value: str) -> None:
    """Words and literals have their variables filled in as the kubelet does it."""
    env = [
        {"name": "K", "valueFrom": {"secretKeyRef": {"name": "s", "key": "P"}}},
        {"name": "U", "valueFrom": {"secretKeyRef": {"name": "unknown", "key": "k"}}},
        {"name": "L", "value": word},
    ]
    found = given(args=[word], env=env)
    assert shown(found.words[0]) == value
    assert shown(found.env["L"]) == value


def test_files() -> None:
    """Mounted keys are at their paths: whole, chosen, renamed, by subPath, from several sources."""
    files = given(
        volumes=[
            {"name": "c", "configMap": {"name": "c", "items": [{"key": "f.txt", "path": "d/g.txt"}]}},
            {"name": "s", "secret": {"secretName": "s"}},
            {"name": "both", "projected": {"sources": [{"configMap": {"name": "c"}}, {"secret": {"name": "s"}}]}},
            {"name": "u", "secret": {"secretName": "unknown"}},
        ],
        volumeMounts=[
            {"name": "c", "mountPath": "/c"},
            {"name": "c", "mountPath": "/file", "subPath": "d/g.txt"},
            {"name": "c", "mountPath": "/folder", "subPath": "d"},
            {"name": "s", "mountPath": "/s"},
            {"name": "both", "mountPath": "/b"},
            {"name": "u", "mountPath": "/u"},
        ],
    ).files
    values = {path: shown(value) for path, value in files.items()}
    assert values["/c/d/g.txt"] == values["/file"] == values["/folder/g.txt"] == values["/b/f.txt"] == "text"
    assert (values["/s/A"], values["/s/P"], values["/b/P"]) == ("secret", "pw", "pw")
    assert values["/u/*"] == "<Secret unknown *>"
    assert "/c/A" not in values


def test_what_is_lost() -> None:
    """The same value by another way is no loss; another value, a missing file, other words and a missing container are."""
    before = pod(
        env=[{"name": "P", "value": "pw"}, {"name": "Q", "value": "q"}],
        args=["--p=pw"],
        volumes=[{"name": "c", "configMap": {"name": "c"}}],
        volumeMounts=[{"name": "c", "mountPath": "/c"}],
    )
    reference = {"name": "P", "valueFrom": {"secretKeyRef": {"name": "s", "key": "P"}}}
    same = pod(
        env=[reference, {"name": "Q", "value": "q"}, {"name": "NEW", "value": "1"}],
        args=["--p=$(P)"],
        volumes=[{"name": "c", "projected": {"sources": [{"configMap": {"name": "c"}}]}}],
        volumeMounts=[{"name": "c", "mountPath": "/c"}],
    )
    other = pod(env=[reference, {"name": "Q", "value": "other"}], args=["--p=no"])

    old = effective(resources(HOLDERS, before))
    assert [*lost(old, effective(resources(HOLDERS, same)))] == []
    found = {what for _, what in lost(old, effective(resources(HOLDERS, other)))}
    assert found == {
        "variable Q",
        "the command line of container a",
        *(f"file /c/{k}" for k in ("A", "B", "f.txt", "bin")),
    }
    assert {what for _, what in lost(old, {})} == {"container a"}


def test_two_of_one_name_are_not_known() -> None:
    """Where two manifests give one ConfigMap, what a container gets of it is not known, and so never the same."""
    twice = effective(
        resources(HOLDERS, HOLDERS, pod(env=[{"name": "P", "valueFrom": {"secretKeyRef": {"name": "s", "key": "P"}}}]))
    )
    (found,) = twice.values()
    assert found.env["P"] == (Elsewhere("Secret", "s", "P"),)
    assert "pw" not in repr(found)
