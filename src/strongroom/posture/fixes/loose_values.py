"""Values in YAML that is no Kubernetes object: variables of pipelines, values of Helm charts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import msgspec

from strongroom.model.finding import Finding
from strongroom.model.resource import as_dict, as_list, as_text, dig
from strongroom.posture.fixes.bench import Bench
from strongroom.posture.fixes.fix import Left, Mended, Outcome

_OF_ACTIONS = "${{{{ secrets.{} }}}}"


class LooseFix(msgspec.Struct, frozen=True):
    """A fix of findings that are about no object; as `Fix` otherwise."""

    checks: tuple[str, ...]
    mend: Callable[[Sequence[Finding], Bench], Outcome]


def out_of_pipeline(findings: Sequence[Finding], bench: Bench) -> Outcome:
    """Take a variable out of the definition of a pipeline; the CI system gives it then."""
    origin = findings[0].origin
    if origin.inner or len(origin.field) < 2 or origin.field[-2] not in ("variables", "env"):
        return Left("it is no variable of its own: keep the value in the pipeline's own store, and rotate it")
    body, name = bench.plain(origin.path, origin.document), as_text(origin.field[-1])
    holder = dig(body, origin.field[:-1])
    if not isinstance(holder, dict) or name not in holder:
        return Left("it is not as it was read")
    if any(other != holder[name] for other in _given(body, name)):
        return Left("other jobs give it another value, and the CI system has one for all: give each a name of its own")
    if ".github/workflows/" in origin.path:
        if name.upper().startswith("GITHUB_"):
            return Left("Actions keeps names that begin with GITHUB_ to itself: give it another name")
        when = body.get("on", body.get("true"))  # YAML 1.1 takes the word for a boolean
        if "workflow_call" in (when, *as_list(when), *as_dict(when)):
            return Left("a workflow that others call is given no secret by itself: declare it in both")
        holder[name] = _OF_ACTIONS.format(name)
        where = f"make an Actions secret {name} with a new value"
    elif origin.path.rpartition("/")[2].endswith(".gitlab-ci.yml"):
        del holder[name]
        if not holder:
            return Left("it is the only variable: take the whole entry out")
        where = (
            f"make a masked CI/CD variable {name} with a new value, and protect it if its jobs run on protected "
            "branches only"
        )
    else:
        return Left("how this CI system is given a variable is not known here")
    return Mended(f"take variable {name} out of {origin.path}", to_do=(f"{where} ({origin.path})",))


def _given(body: Any, name: str) -> Iterator[Any]:
    """Yield the values that a pipeline gives a variable anywhere, but for what an earlier fix put there."""
    if isinstance(body, list):
        for child in body:
            yield from _given(child, name)
    elif isinstance(body, dict):
        for key, child in body.items():
            if key in ("variables", "env") and isinstance(child, dict) and name in child:
                yield from () if child[name] == _OF_ACTIONS.format(name) else (child[name],)
            yield from _given(child, name)


def out_of_values(findings: Sequence[Finding], bench: Bench) -> Outcome:
    """Leave a value of a chart empty; it is given when the chart is installed."""
    origin = findings[0].origin
    if origin.inner or not origin.field or origin.document < 0:
        return Left("it is a part of another value: the chart has to take the name of a Secret instead")
    body = bench.plain(origin.path, origin.document)
    holder, name = dig(body, origin.field[:-1]), origin.field[-1]
    if not isinstance(holder, dict) or not isinstance(holder.get(name), str):
        return Left("it is not as it was read")
    shown = ".".join(str(step) for step in origin.field)
    secret = holder.get("existingSecret")
    holder[str(name)] = ""
    if isinstance(secret, str):
        way = f"name a Secret in existingSecret beside {shown}"
    else:
        way = f"give {shown} a new value from a file outside Git or one that SOPS encrypted (helm --values)"
    until = "until then the chart is installed with an empty one"
    return Mended(f"leave {shown} of {origin.path} empty", to_do=(f"{way}; {until} ({origin.path})",))


LOOSE = (
    LooseFix(("secret-in-pipeline",), out_of_pipeline),
    LooseFix(("secret-in-helm-values",), out_of_values),
)
