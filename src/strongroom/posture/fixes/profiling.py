"""The programs of a control plane stop serving profiles of themselves: a flag of each that an object starts."""

from __future__ import annotations

from collections.abc import Sequence

from strongroom.model.controlplane import Program
from strongroom.model.finding import Finding
from strongroom.model.origin import Origin
from strongroom.model.resource import Resource
from strongroom.posture.fixes.bench import Bench
from strongroom.posture.fixes.fix import Fix, Left, Mended, Outcome
from strongroom.posture.servers import is_off
from strongroom.sources.controlplane_edits import set_flag
from strongroom.sources.controlplane_servers import servers_of
from strongroom.sources.objects import objects_in

_FLAG = "profiling"


def mend(findings: Sequence[Finding], resource: Resource, bench: Bench) -> Outcome:
    """Set the flag wherever one object leaves it out."""
    del findings
    body = bench.body(resource)
    known = [one for one in objects_in(body, Origin("", "")) if not one.origin.field]
    servers = [server for one in known for server in servers_of(one)]
    if not servers or (resource.kind != "Pod" and resource.group != "kubeadm.k8s.io"):
        return Left("its flags are not those of a static pod or of kubeadm: set them where it is started")
    on = [one for one in servers if one.program is not Program.ETCD and not is_off(one.value(_FLAG))]
    for server in on:
        set_flag(body, server, _FLAG, "false")
    names = ", ".join(server.program.value for server in on)
    return Mended(
        f"let {names} serve no profiles, in {resource.id.show()}",
        unsafe="what takes profiles of it under /debug/pprof would find nothing",
        unseen=True,
    )


FIX = Fix(checks=("profiling-on",), mend=mend, together=True)
