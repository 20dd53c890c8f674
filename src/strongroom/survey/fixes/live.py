"""``strongroom fix cluster``: findings on objects of a running cluster, mended there.

The fixes are those of manifests, worked on the live objects. What a controller, Helm, Argo CD or Flux keeps as it is
would be brought back: it is left, and named with where to mend it. A change by which running programs are replaced by
new ones counts as unsafe.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC
from pathlib import Path

import strongroom
from strongroom.errors import UsageError
from strongroom.kube.connection import Asked
from strongroom.leaks.recognise import Recogniser, started
from strongroom.model.fix import FixPlan
from strongroom.model.plan import ObjectChange, Plan, PlanStep
from strongroom.plans.preview import preview
from strongroom.plans.saved import key_id
from strongroom.posture.fixes import FIXES, unneeded_rights
from strongroom.sources.cluster_options import NAME, is_cluster
from strongroom.survey.fixes.live_making import LiveMaking
from strongroom.survey.fixes.live_objects import LiveObjects
from strongroom.survey.fixes.offers import exposed
from strongroom.survey.fixes.wanted import Planned, Wanted
from strongroom.survey.frames import context
from strongroom.survey.procedures import procedure
from strongroom.survey.run import Request, answer, look


def is_live(request: Request) -> bool:
    """Tell whether a fix is to mend running clusters: where files are among the sources, those are mended."""
    return bool(request.sources) and all(map(is_cluster, request.sources))


def plan_live(request: Request, wanted: Wanted, recogniser: Recogniser | None = None) -> Planned:
    """Read a cluster, and plan what can be mended there.

    Raises:
        UsageError: several clusters, or options that go with files alone.
        PlanError: the plan would change what a container is given by a fix that must not.
        StrongroomError: the cluster cannot be read.
    """
    if len(request.sources) > 1:
        raise UsageError("one cluster is mended at a time", hint="name one cluster:CONTEXT")
    if wanted.to not in ("", "secret"):
        raise UsageError(f"--to {wanted.to} goes with files", hint="in a cluster, values move to Secrets")
    if request.cluster.as_user:
        raise UsageError("--as goes with looking alone", hint="--context names whose rights a fix is done with")
    recogniser = recogniser or started()
    known = look(request, recogniser=recogniser)
    report = answer(request, known, recogniser)
    name = request.sources[0].partition(":")[2] if request.sources[0] != NAME else ""
    with LiveObjects(Asked(context=name, kubeconfig=request.cluster.kubeconfig)) as objects:
        making = LiveMaking(known, request, wanted, objects)
        for fix in FIXES:
            making.mend(fix, report.findings)
        making.limit_roles(report.findings)
        making.mend(unneeded_rights.FIX, making.unlimited(report.findings))
        steps = making.steps()
        containers = making.refuse_loss()
    plan = Plan(
        tool=f"strongroom {strongroom.__version__}",
        created=known.facts.now.astimezone(UTC).isoformat(timespec="seconds"),
        key_id=key_id(request.key),
        summary=_summary(steps),
        steps=steps,
        notes=tuple(making.notes),
    )
    done = {f.fingerprint for one in (*making.mended, *making.offers.offered) for f in one.findings}
    undone = [one for one in report.findings if one.fingerprint not in done and making.is_wanted(one)]
    fix_plan = FixPlan(
        tool=plan.tool,
        sources=request.sources,
        created=plan.created,
        root=".",
        mended=tuple(making.mended),
        offered=tuple(making.offers.offered),
        left=tuple(making.offers.left(undone)),
        exposed=exposed(report.findings),
        plan=plan,
        views=tuple(preview(plan, Path(), context, procedure)),
        notes=plan.notes,
        to_do=tuple(making.to_do),
    )
    return Planned(fix_plan, report, known, containers, tuple(making.opened))


def _summary(steps: Sequence[PlanStep]) -> str:
    count = sum(isinstance(one.change, ObjectChange) for one in steps)
    return f"mend findings in {count} object{'' if count == 1 else 's'} of the cluster"
