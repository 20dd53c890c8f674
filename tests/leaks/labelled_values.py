"""The labelled cases under ``cases/`` as objects, and what recognition says of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import yaml

from strongroom.leaks.candidates import of_dockerfile, of_resource, of_values
from strongroom.leaks.recognise import Recogniser
from strongroom.model.origin import Origin
from strongroom.model.place import Candidate, Context, Sighting
from strongroom.model.resource import Resource
from strongroom.sources.objects import objects_in

FOLDER = Path(__file__).parent / "cases"
KEY = b"\x07" * 32
ORIGIN = Origin("test", "case.yaml", 0)


class Case(msgspec.Struct, rename={"is_": "is"}):
    """One line of a file of cases.

    Attributes:
        is_: the nature that is expected; ``nothing`` where no secret may be seen.
        several: further secrets may be seen in the same value.
    """

    is_: str
    why: str
    name: str = ""
    value: str = ""
    words: list[str] | None = None
    body: Any = None
    text: str | None = None
    sure: str | None = None
    rule: str | None = None
    weak: str | None = None
    several: bool = False
    context: str = ""

    def label(self) -> str:
        """Name the case without its value."""
        return f"{self.context}-{self.name or 'text'}-{self.why}"


class CaseFile(msgspec.Struct):
    """One file of cases."""

    context: str
    cases: list[Case]


def all_cases() -> list[Case]:
    """Return every case of every file."""
    found: list[Case] = []
    for path in sorted(FOLDER.glob("*.yaml")):
        file = msgspec.convert(yaml.safe_load(path.read_text("utf-8")), CaseFile)
        for case in file.cases:
            case.context = file.context
            found.append(case)
    return found


def resource(body: dict[str, Any]) -> Resource:
    """Return the one object of a body, as sources read it."""
    (found,) = objects_in(body, ORIGIN)
    return found


def manifest(kind: str, api_version: str = "v1", **fields: Any) -> Resource:
    """Return an object with some fields."""
    return resource({"apiVersion": api_version, "kind": kind, "metadata": {"name": "case"}, **fields})


def candidates_of(case: Case) -> list[Candidate]:
    """Return the candidates of the object or file that a case stands for."""
    context = Context(case.context)
    if context is Context.IMAGE_BUILD:
        return list(of_dockerfile(case.text or "", Origin("test", "Dockerfile")))
    if context in (Context.HELM_VALUES, Context.PIPELINE):
        return list(of_values(case.body or {case.name: case.value}, ORIGIN, context))
    return list(of_resource(_resource_of(case, context)))


def _resource_of(case: Case, context: Context) -> Resource:
    if context is Context.SECRET:
        return manifest("Secret", stringData={case.name: case.value})
    if context is Context.CONFIG_MAP:
        return manifest("ConfigMap", data={case.name: case.value})
    if context is Context.CUSTOM:
        return manifest("Shop", "shop.example/v1", spec={"settings": {case.name: case.value}})
    if context is Context.METADATA:
        return resource(
            {
                "apiVersion": "v1",
                "kind": "Service",
                "metadata": {"name": "case", "annotations": {case.name: case.value}},
            }
        )
    container: dict[str, Any] = {"name": "app", "image": "shop/app:1"}
    if context is Context.ENV:
        container["env"] = [{"name": case.name, "value": case.value}]
    else:
        container["command"] = case.words
    return manifest("Pod", spec={"containers": [container]})


def sightings_of(recogniser: Recogniser, case: Case) -> list[Sighting]:
    """Return what recognition says of a case."""
    return list(recogniser.recognise(candidates_of(case), KEY))
