"""Mends manifests in memory, for tests of fixes."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from strongroom.documents.edits import bodies
from strongroom.model.fix import FixPlan
from strongroom.model.plan import WriteFile
from strongroom.plans.files import spliced
from strongroom.survey.fixes.planning import Wanted, plan_fixes
from strongroom.survey.run import Request

KEY = bytes(range(32))
VALUE = "ktNPT0ND3YWZznDFpGlnEAVrtvqjRxWC"
"""Looks like a generated credential."""

ROLE = """\
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: reader, namespace: shop}
rules: [{apiGroups: [""], resources: [secrets], verbs: [get]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: reader, namespace: shop}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: reader}
subjects: [{kind: ServiceAccount, name: shared, namespace: shop}]
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: shared, namespace: shop}
"""
"""A Role that reads Secrets, bound to the account `shared`."""


class Result(NamedTuple):
    """A plan, and the files as it would leave them."""

    fix: FixPlan
    files: dict[str, str]

    def objects(self) -> dict[tuple[str, str], Any]:
        """Return the objects of all the files by kind and name."""
        found = {}
        for text in self.files.values():
            for body in [one for one in bodies(text.encode()).values() if "metadata" in one or "items" in one]:
                for one in body["items"] if body["kind"] == "List" else [body]:
                    found[one["kind"], one["metadata"]["name"]] = one
        return found

    def why(self, check: str) -> str:
        """Return why a finding of a check was left."""
        return next(one.why for one in self.fix.left if one.finding.id == check)


def mended(
    folder: Path, files: dict[str, str], *ids: str, unsafe: bool = False, reads_files: frozenset[str] = frozenset()
) -> Result:
    """Write files to a folder, plan the fixes of some checks, and return what would come of it."""
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, "utf-8")
    request = Request(sources=(str(folder),), key=KEY, pedantic=True)
    fix = plan_fixes(request, Wanted(frozenset(ids), unsafe, str(folder), reads_files)).fix
    after = {name: text.encode() for name, text in files.items()}
    for step in fix.plan.steps:
        assert isinstance(step.change, WriteFile)
        after[step.change.path] = spliced(after.get(step.change.path, b""), step.change.splices)
    return Result(fix, {name: data.decode() for name, data in after.items()})


def deployment(spec: str, name: str = "api") -> str:
    """Return a Deployment with a pod spec, which is written with no indentation."""
    indented = "".join(f"      {line}\n" for line in spec.strip("\n").splitlines())
    return f"""\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {name}
  namespace: shop
spec:
  selector:
    matchLabels: {{app: {name}}}
  template:
    metadata:
      labels: {{app: {name}}}
    spec:
{indented}"""


def pod_spec(result: Result, name: str = "api") -> Any:
    """Return the pod spec of a Deployment."""
    return result.objects()["Deployment", name]["spec"]["template"]["spec"]
