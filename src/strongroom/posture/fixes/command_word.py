"""Secret values in command lines move to a Secret; Kubernetes puts them in when it starts the container.

``$(NAME)`` in command and args is replaced by the variable of that name, whether a shell is there or not
(https://kubernetes.io/docs/tasks/inject-data-application/define-command-argument-container/). The program is started
with the same words as before.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from strongroom.documents.wanted import Replaced
from strongroom.model.finding import Finding
from strongroom.model.resource import Resource, as_dict, as_list, as_text, dig
from strongroom.posture.fixes.bench import Bench
from strongroom.posture.fixes.fix import Fix, Left, Mended, Outcome
from strongroom.posture.fixes.new_secret import OF_A_NEW_SECRET
from strongroom.posture.fixes.shapes import put_behind
from strongroom.posture.fixes.values import expands

_NOT_NAME = re.compile(r"[^A-Z0-9]+")
_STILL = "{} still gets the value in its list of processes, as its command line asks: read it from a file where it can"


def mend(findings: Sequence[Finding], resource: Resource, bench: Bench) -> Outcome:
    """Move the value of one finding."""
    finding = findings[0]
    field = finding.origin.field[len(resource.origin.field) :]
    place = next((cut for cut in range(len(field)) if field[cut] in ("command", "args")), None)
    if place is None or place + 2 != len(field):
        return Left("the value stands in a command that Kubernetes does not fill in")
    container = dig(bench.body(resource), field[:place])
    whole = bench.text(resource, field)
    if whole is None or not isinstance(container, dict) or "image" not in container:
        return Left("the value stands in a command that Kubernetes does not fill in")
    part = (finding.origin.inner_start, finding.origin.inner_end)
    value = whole[part[0] : part[1]] if part[1] > part[0] else whole
    if expands(value):
        return Left("the value has signs that Kubernetes itself changes in a command line")
    words = container[str(field[place])]
    if value not in whole or (not isinstance(words[field[-1]], Replaced) and words[field[-1]] != whole):
        return Left("the word was changed by another fix")
    name = _variable(finding, resource, container, bench)
    reference = bench.secret_for(resource, f"{resource.name}-env", name, field, part if value != whole else (0, 0))
    given = {"name": name, "valueFrom": {"secretKeyRef": {"name": reference.name, "key": reference.key}}}
    put_behind(container, ("name", "image", "command", "args", "env"), "env", [*as_list(container.get("env")), given])
    if value == whole:
        words[field[-1]] = f"$({name})"
    else:
        before = words[field[-1]].parts if isinstance(words[field[-1]], Replaced) else ()
        words[field[-1]] = Replaced(tuple(sorted((*before, (*part, f"$({name})")))))
    title = f"fill the command line of {resource.id.show()} from Secret {reference.name} by variable {name}"
    return Mended(title, notes=(_STILL.format(resource.id.show()),))


def _variable(finding: Finding, resource: Resource, container: dict[str, object], bench: Bench) -> str:
    """Return a name that no variable of the container has, and that no program is likely to read."""
    origin = finding.origin
    known = (one.name for one in bench.sightings(resource) if one.origin.field == origin.field)
    wished = f"ARG_{_NOT_NAME.sub('_', next(known, '').upper()).strip('_') or 'VALUE'}"
    taken = {as_text(as_dict(entry).get("name")) for entry in as_list(container.get("env"))}
    free, number = wished, 1
    while free in taken:
        number += 1
        free = f"{wished}_{number}"
    return free


FIX = Fix(checks=("secret-in-command",), mend=mend, instead=(*OF_A_NEW_SECRET, "secret-in-env"))
