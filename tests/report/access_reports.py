"""Answers about access for tests of their formats: ordinary ones, and one of hostile names."""

from __future__ import annotations

from strongroom.model.access import INCLUDES, MEMBER, Evidence, Node, Power, Step, power
from strongroom.model.access_report import AccessReport, Change, Exposure, Reached, ReviewRow, Route, WayPage
from strongroom.model.origin import Origin
from strongroom.model.resource import ResourceId
from strongroom.model.secret import SecretRef

HOSTILE = "\x1b[31m|`</td>\u202e=cmd\n\ud800"


def _route(name: str) -> Route:
    user, group = Node("User", "", name), Node("Group", "", "devs")
    reads, secret = power(Power.READ_SECRETS, "shop"), Node("Secret", "shop", f"db{name}")
    binding = ResourceId("rbac.authorization.k8s.io", "RoleBinding", "shop", name)
    placed = Origin("deploy", f"deploy/{name}.yaml", 0, 12, 3, field=("subjects",))
    unplaced = Origin("dump.json", "dump.json", 0, field=("items", 3, "rules", 0))
    return Route(
        (
            Step(user, group, MEMBER, (Evidence("membership", origin=Origin("g.csv", "g.csv", line=2), note=name),)),
            Step(
                group,
                reads,
                "secrets-get",
                (Evidence("binding", binding, placed), Evidence("role", binding, unplaced, "get secrets")),
                note=name,
            ),
            Step(reads, secret, INCLUDES, condition=name if name == HOSTILE else ""),
        )
    )


def report(question: str, name: str = "ann") -> AccessReport:
    """Return an answer to a question, with a name of somebody's choice wherever names stand."""
    route = _route(name)
    user, secret = route.steps[0].source, route.steps[-1].target
    reached = Reached(secret, route.length, route)
    exposure = Exposure(
        SecretRef("shop", f"db{name}"),
        users=1,
        groups=1,
        control_plane=14,
        by_steps=(0, 2),
        farther=1,
        means=(("secrets-get", 2),),
        everyone=name,
        reached_by=(Reached(user, 1, route),),
        origin=Origin("deploy", f"deploy/{name}.yaml", 0, 7),
    )
    row = ReviewRow(user, "shop", (f"db{name}",), 1, 1, ("secrets-get",), name, "2026-01-31T00:00:00+00:00", (name,), 2)
    return AccessReport(
        tool="strongroom 0.0",
        question=question,
        about=name if question != "review" else "",
        sources=(name,),
        created="2026-11-01T00:00:00+00:00",
        exposures=(exposure,) if question == "exposure" else (),
        reached=(reached,) if question == "reach" else (),
        routes=(route,) if question == "paths" else (),
        changes=(Change(user, (reached,), (secret,), (secret,)),) if question in ("diff", "what-if") else (),
        review=(row,) if question == "review" else (),
        graph=route.steps,
        ways={"secrets-get": WayPage("secrets-get", "reads the Secret", ("T1552.007",))},
        left_out=3,
        notes=(name,),
    )


QUESTIONS = ("exposure", "reach", "paths", "diff", "review", "what-if")
