"""A repository that is deployed by itself is a way into the cluster: whoever may push to it, or hold a credential that
may, has Argo CD or Flux apply what he wrote.

## Needs

The right to push to the branch that is deployed. Kubernetes does not know who that is: the sources show only which
repository reaches what.

## Exploited

A commit that adds a pod which mounts the Secret.

## Closed

Branch protection with reviews, signed commits that the deployer verifies, and a deployer whose rights end at the
namespaces of the repository's application.

## References

- https://argo-cd.readthedocs.io/en/stable/user-guide/gpg-verification/
- https://fluxcd.io/flux/components/source/gitrepositories/#verification

Not demonstrated: the repository and the deployer decide.
"""

from __future__ import annotations

from collections.abc import Iterator

from strongroom.access.argo import GROUP, argo, is_this_cluster
from strongroom.access.operators import placed
from strongroom.access.way import Way
from strongroom.access.world import World
from strongroom.model.access import Evidence, Node, Power, Step, power
from strongroom.model.origin import FieldPath
from strongroom.model.resource import Resource, as_dict, as_list, as_text

_SOURCE_KINDS = ("GitRepository", "OCIRepository", "Bucket")
_MAY_PUSH = "if the credential may push"


def steps(world: World) -> Iterator[Step]:
    """Yield which repository reaches which namespace, or acts as which ServiceAccount."""
    yield from _of_argo(world)
    yield from _of_flux(world)


def _of_argo(world: World) -> Iterator[Step]:
    found = argo(world)
    for application in world.facts.of_kind("Application"):
        destination = as_dict(application.get("spec", "destination"))
        if application.group != GROUP or not is_this_cluster(destination):
            continue
        namespace = as_text(destination.get("namespace")) or "default"
        for url, field in _repositories(application):
            evidence = (Evidence("application", application.id, application.origin.at(field)),)
            yield Step(_repository(url), power(Power.NAMESPACE_ADMIN, namespace), WAY.id, evidence)
            if found.permits_all:
                yield Step(_repository(url), found.controller, WAY.id, (*evidence, *found.permits_all))


def _of_flux(world: World) -> Iterator[Step]:
    sources = {(s.kind, placed(s), s.name): s for s in world.facts.of_kind(*_SOURCE_KINDS)}
    for deployed in world.facts.of_kind("Kustomization"):
        ref = as_dict(deployed.get("spec", "sourceRef"))
        key = as_text(ref.get("kind")), as_text(ref.get("namespace")) or placed(deployed), as_text(ref.get("name"))
        source = sources.get(key)
        url = _url(source)
        if deployed.group == "kustomize.toolkit.fluxcd.io" and url and not deployed.get("spec", "kubeConfig"):
            account = as_text(deployed.get("spec", "serviceAccountName"))
            home = placed(deployed) if account else "flux-system"
            target = Node("ServiceAccount", home, account or "kustomize-controller")
            evidence = (Evidence("kustomization", deployed.id, deployed.origin.at(("spec", "sourceRef"))),)
            yield Step(_repository(url), target, WAY.id, evidence)
    for source in sources.values():
        name = as_text(source.get("spec", "secretRef", "name"))
        if name and (url := _url(source)):
            evidence = (Evidence("source", source.id, source.origin.at(("spec", "secretRef"))),)
            yield Step(Node("Secret", placed(source), name), _repository(url), WAY.id, evidence, _MAY_PUSH)


def _url(source: Resource | None) -> str:
    """Return the address of a source of Flux; a bucket has an endpoint and a name instead."""
    if source is None:
        return ""
    bucket = as_text(source.get("spec", "bucketName"))
    return as_text(source.get("spec", "url")) or (
        f"{as_text(source.get('spec', 'endpoint'))}/{bucket}" if bucket else ""
    )


def _repository(url: str) -> Node:
    """Return the node of a repository; a credential in its address is left out."""
    scheme, separator, rest = url.partition("://")
    address = (rest if separator else url).rpartition("@")[2].partition("?")[0]
    return Node("External", "", f"repository {scheme}{separator}{address}" if separator else f"repository {address}")


def _repositories(application: Resource) -> Iterator[tuple[str, FieldPath]]:
    """Yield the repositories of an Argo CD Application and the fields that name them."""
    url = as_text(application.get("spec", "source", "repoURL"))
    if url:
        yield url, ("spec", "source", "repoURL")
    for index, source in enumerate(as_list(application.get("spec", "sources"))):
        url = as_text(as_dict(source).get("repoURL"))
        if url:
            yield url, ("spec", "sources", index, "repoURL")


WAY = Way("git-repository", "is deployed from it", ("T1195",), steps, demonstrated=False)
