"""Candidates: every value of an object or of a file that recognition is asked about. Pure generators."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from strongroom.leaks.candidates import terraform
from strongroom.leaks.candidates.objects import raws_of
from strongroom.leaks.candidates.raw import placed
from strongroom.leaks.candidates.texts import of_dockerfile, of_settings, of_text, of_values
from strongroom.model.origin import Origin
from strongroom.model.place import Candidate
from strongroom.model.resource import Resource

__all__ = ["of_dockerfile", "of_resource", "of_settings", "of_terraform_state", "of_text", "of_values"]


def of_resource(resource: Resource) -> Iterator[Candidate]:
    """Yield the candidates of a Kubernetes object.

    A value that is a file (a properties file in a ConfigMap, a script) comes as a whole and then, with ``inner`` or
    offsets in its origin, as its named parts.
    """
    return placed(raws_of(resource), resource.origin, resource.id)


def of_terraform_state(body: dict[str, Any], origin: Origin) -> Iterator[Candidate]:
    """Yield the candidates of a Terraform state: outputs, and the attributes of every instance."""
    return placed(terraform.raws_of(body), origin, None)
