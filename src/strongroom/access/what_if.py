"""Objects as they would be: one taken away, a right given."""

from __future__ import annotations

import difflib
import hashlib
import shlex
from collections.abc import Iterable, Sequence

from strongroom.access.rbac_facts import rbac_of
from strongroom.access.who_can_question import question
from strongroom.errors import UsageError
from strongroom.inventory.rbac import GROUP
from strongroom.model.facts import Facts
from strongroom.model.origin import Origin
from strongroom.model.resource import Resource

SOURCE = "what if"
"""The source of objects that are only supposed."""

_NAMED = 3
_WORDS = 3


def without(resources: Sequence[Resource], names: Iterable[str]) -> list[Resource]:
    """Return objects without some of them, each named as ``rolebinding/NAMESPACE/NAME`` or ``clusterrolebinding/NAME``.

    Raises:
        UsageError: there is no such object; the nearest names are the hint.
    """
    left = list(resources)
    for name in names:
        kept = [resource for resource in left if _shown(resource) != _normal(name)]
        if len(kept) == len(left):
            known = {_shown(resource) for resource in resources}
            near = difflib.get_close_matches(_normal(name), known, n=_NAMED)
            hint = f"did you mean {', '.join(near)}?" if near else "name it rolebinding/NAMESPACE/NAME"
            raise UsageError(f"the sources hold no {name}", hint=hint)
        left = kept
    return left


def _normal(name: str) -> str:
    kind, _, rest = name.partition("/")
    return f"{kind.lower()}/{rest}"


def _shown(resource: Resource) -> str:
    namespace = resource.namespace or ("" if resource.kind.startswith("Cluster") else "default")
    return "/".join(part for part in (resource.kind.lower(), namespace, resource.name) if part)


def allowing(text: str, facts: Facts) -> list[Resource]:
    """Return the role and binding of a right: ``SUBJECT VERB[,VERB] RESOURCE[/NAME] [-n NAMESPACE]``.

    The subject is ``serviceaccount/NAMESPACE/NAME``, ``user/NAME`` or ``group/NAME``. Without a namespace it is a right
    in all of them.

    Raises:
        UsageError: it is not of this form, or names no verb or type that there is.
    """
    words, namespace = _words(text)
    if len(words) != _WORDS:
        raise UsageError(f"{text!r} is no right", hint="SUBJECT VERB RESOURCE [-n NAMESPACE]")
    asked = [
        question(verb, words[2], (namespace,) if namespace else (), "", facts, rbac_of(facts))
        for verb in words[1].split(",")
    ]
    rule = {
        "apiGroups": [asked[0].group],
        "resources": [asked[0].resource],
        "verbs": [one.verb for one in asked],
        **({"resourceNames": [asked[0].name]} if asked[0].name else {}),
    }
    prefix, name = ("" if namespace else "Cluster"), f"what-if-{hashlib.sha256(text.encode()).hexdigest()[:12]}"
    reference = {"apiGroup": GROUP, "kind": f"{prefix}Role", "name": name}
    return [
        _supposed(f"{prefix}Role", name, namespace, {"rules": [rule]}),
        _supposed(f"{prefix}RoleBinding", name, namespace, {"roleRef": reference, "subjects": [_subject(words[0])]}),
    ]


def _words(text: str) -> tuple[list[str], str]:
    try:
        words = shlex.split(text)
    except ValueError:
        words = []
    for option in ("-n", "--namespace"):
        if option in words[:-1]:
            place = words.index(option)
            return words[:place] + words[place + 2 :], words[place + 1]
    return words, ""


def _subject(text: str) -> dict[str, str]:
    kind, _, rest = text.partition("/")
    namespace, _, name = rest.partition("/")
    if kind.lower() in ("serviceaccount", "sa") and namespace and name and "/" not in name:
        return {"kind": "ServiceAccount", "namespace": namespace, "name": name}
    if kind.lower() in ("user", "group") and rest:
        return {"apiGroup": GROUP, "kind": kind.capitalize(), "name": rest}
    raise UsageError(f"{text} is no subject", hint="one of serviceaccount/NAMESPACE/NAME, user/NAME, group/NAME")


def _supposed(kind: str, name: str, namespace: str, body: dict[str, object]) -> Resource:
    version = f"{GROUP}/v1"
    metadata = {"name": name, **({"namespace": namespace} if namespace else {})}
    whole = {"apiVersion": version, "kind": kind, "metadata": metadata, **body}
    return Resource(version, kind, namespace, name, {}, {}, whole, Origin(SOURCE, "", object="is supposed"))
