"""Files of Secrets are no longer readable by every user in the container."""

from __future__ import annotations

from collections.abc import Sequence

from strongroom.documents.wanted import Octal
from strongroom.model.finding import Finding
from strongroom.model.resource import Resource, as_dict, dig
from strongroom.model.workload import Workload
from strongroom.posture.fixes.bench import Bench
from strongroom.posture.fixes.fix import Fix, Left, Mended, Outcome
from strongroom.posture.fixes.shapes import put_behind

_OTHERS = 0o007
_DEFAULT = 0o644
_NOT_SECRETS = 0o440
"""What a file of a Secret is for: its owner and the pod's fsGroup read it."""

_UNSAFE = "a program that runs as neither root nor a member of the pod's fsGroup could not read the file any more"


def mend(findings: Sequence[Finding], resource: Resource, bench: Bench) -> Outcome:
    """Take the rights of others from one mode."""
    field = findings[0].origin.field[len(resource.origin.field) :]
    body = bench.body(resource)
    if field[-1] in ("defaultMode", "mode"):
        holder = dig(body, field[:-1])
    else:  # the mode that counts when none is written
        projected = field[:-3] if len(field) > 3 and field[-3] == "sources" else field
        holder, field = dig(body, projected), (*projected, "defaultMode")
    if not isinstance(holder, dict):
        return Left("the volume is not as it was read")
    step = str(field[-1])
    mode = holder.get(step, _DEFAULT)
    if not isinstance(mode, int):
        return Left("the mode is no number")
    new = Octal(mode & ~_OTHERS & _NOT_SECRETS | 0o400)
    put_behind(holder, ("name", "secretName", "sources", "items", "key", "path"), step, new)
    workload = next(
        (w for w in bench.facts.workloads if w.resource is resource and field[: len(w.field)] == w.field), None
    )
    kept = workload is not None and _readable(workload)
    return Mended(f"mount a Secret of {resource.id.show()} as 0{new:o}", "" if kept else _UNSAFE)


def _readable(workload: Workload) -> bool:
    """Tell whether every container reads files of mode 0440: by fsGroup, or as root.

    The kubelet gives the files of a Secret the group fsGroup
    (https://kubernetes.io/docs/tasks/configure-pod-container/security-context/).
    """
    pod = as_dict(workload.spec.get("securityContext"))
    if isinstance(pod.get("fsGroup"), int):
        return True
    users = [
        as_dict(container.body.get("securityContext")).get("runAsUser", pod.get("runAsUser"))
        for container in workload.containers
    ]
    return bool(users) and all(user == 0 and not isinstance(user, bool) for user in users)


FIX = Fix(checks=("secret-volume-world-readable",), mend=mend)
