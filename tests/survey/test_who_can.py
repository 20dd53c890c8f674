"""From sources to the answer of ``strongroom access who-can``."""

from __future__ import annotations

from pathlib import Path

import pytest

from strongroom.errors import SourceError
from strongroom.model.settings import Settings
from strongroom.survey.run import Request
from strongroom.survey.who_can import Words, answer

_RBAC = """\
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: readers, namespace: shop}
roleRef: {kind: ClusterRole, name: reader}
subjects:
- kind: User
  name: alice
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: reader}
rules:
- apiGroups: [""]
  resources: [pods]
  verbs: [get]
- apiGroups: [""]
  resources: [secrets]
  verbs: [get]
"""


def _request(folder: Path, text: str) -> Request:
    (folder / "rbac.yaml").write_text(text)
    return Request(sources=(str(folder),), key=b"k" * 32, settings=Settings())


def test_the_lines_are_those_of_subject_and_rule(tmp_path: Path) -> None:
    """Evidence points to where a person has to look."""
    report = answer(_request(tmp_path, _RBAC), Words("get", "secrets"), {})
    (holder,) = [one for one in report.holders if not one.control_plane]
    (grounds,) = holder.grounds

    assert (grounds.binding.origin.line, grounds.role.origin.line) == (6, 16)


def test_notes_say_what_roles_do_not(tmp_path: Path) -> None:
    """Nodes read Secrets of their pods; and manifests without a binding of their own answer little."""
    config_map = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"

    assert answer(_request(tmp_path, _RBAC), Words("get", "pods"), {}).notes == ()
    assert answer(_request(tmp_path, config_map), Words("get", "secrets"), {}).notes == (
        "every node also reads the secrets of the pods that run on it, which no role says",
        "the sources hold no binding of their own",
    )


def test_sources_without_objects_are_no_answer(tmp_path: Path) -> None:
    """Nobody may do anything in an empty folder, which would mean nothing."""
    with pytest.raises(SourceError, match="no Kubernetes object"):
        answer(_request(tmp_path, "a: 1\n"), Words("get", "secrets"), {})


def test_an_unknown_namespace_is_told(tmp_path: Path) -> None:
    """A question about a namespace that the sources do not know is answered, and said to be one."""
    assert answer(_request(tmp_path, _RBAC), Words("get", "pods", ("shop",)), {}).notes == ()
    assert answer(_request(tmp_path, _RBAC), Words("get", "pods", ("shpo",)), {}).notes == (
        "the sources hold nothing of the namespace shpo",
    )
