"""Read the sources for questions about access: objects alone, without a look at what values are."""

from __future__ import annotations

from typing import BinaryIO

from strongroom.errors import SourceError
from strongroom.sources.collect import Options, collect
from strongroom.sources.reading import Reading
from strongroom.survey.run import Request


def read_objects(request: Request, stdin: BinaryIO | None = None) -> Reading:
    """Return what the sources of a request hold.

    Raises:
        StrongroomError: a source cannot be read at all.
        SourceError: there is no Kubernetes object in them.
    """
    options = Options(
        gitignore=request.gitignore,
        render=request.render,
        limits=request.limits,
        cluster=request.cluster,
        etcd=request.etcd,
        progress=request.progress,
        dumps=True,
    )
    reading = collect(request.sources, options, stdin)
    if not reading.resources:
        named = ", ".join(request.sources)
        raise SourceError(f"no Kubernetes object in {named}", hint="name the folder that holds the manifests")
    return reading
