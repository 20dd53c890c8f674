"""Words that several formats of ``access`` share."""

from __future__ import annotations

from strongroom.model.access import Evidence, Node, Step
from strongroom.model.access_report import AccessReport, Exposure, Route
from strongroom.model.origin import show_path
from strongroom.report.sanitise import NAME_LIMIT, PATH_LIMIT, line
from strongroom.report.wording import plural


def named(node: Node) -> str:
    """Return a node as people write it, safe to show."""
    return line(node.show(), 2 * NAME_LIMIT)


def title(report: AccessReport, way: str) -> str:
    """Return what somebody does who takes a way; its id where the report has no page of it."""
    page = report.ways.get(way)
    return page.title if page is not None else way


def counted(one: Exposure) -> str:
    """Return who reaches a Secret: ``3 users, 2 groups, 9 service accounts``."""
    parts = [
        plural(number, word)
        for number, word in (
            (one.users, "user"),
            (one.groups, "group"),
            (one.accounts, "service account"),
            (one.nodes, "node"),
        )
        if number
    ]
    return ", ".join(parts) or "nobody"


def acts(number: int) -> str:
    """Return a number of steps: ``1 step``."""
    return plural(number, "step")


def control_plane_too(number: int, *, verbose: bool) -> str:
    """Return what is said of so many identities of the control plane, which are counted apart."""
    hidden = "" if verbose else " (--verbose lists them)"
    return f"; and {number:,} of the control plane itself{hidden}" if number else ""


def distances(one: Exposure) -> str:
    """Return how many identities need how many steps: ``1 step: 4, 2 steps: 11``."""
    near = [f"{acts(index)}: {number:,}" for index, number in enumerate(one.by_steps) if number]
    far = [f"more than {len(one.by_steps) - 1}: {one.farther:,}"] if one.farther else []
    return ", ".join([*near, *far])


def place(evidence: Evidence) -> str:
    """Return where a piece of evidence stands: ``file:line:column``, or the field where no line is known."""
    origin = evidence.origin
    if origin is None:
        return ""
    if origin.object or not origin.field or origin.line > 1:
        return line(origin.show(), PATH_LIMIT)
    return line(f"{origin.path or origin.source}: {show_path(origin.field)}", PATH_LIMIT)


def grounds(step: Step) -> list[tuple[str, str, str]]:
    """Return the evidence of a step: what it is, what it says, where it stands."""
    found = []
    for one in step.evidence:
        resource = one.resource.show() if one.resource is not None else ""
        said = " ".join(part for part in (resource, f"({one.note})" if resource and one.note else one.note) if part)
        found.append((line(one.role), line(said), place(one)))
    return found


def line_of(route: Route) -> str:
    """Return a path on one line: ``a -[way]-> b -[way]-> c``."""
    if not route.steps:
        return ""
    return named(route.steps[0].source) + "".join(f" -[{step.way}]-> {named(step.target)}" for step in route.steps)
