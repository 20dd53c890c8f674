"""What a user wants of a fixing run, and the plan that it comes to."""

from __future__ import annotations

import msgspec
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from strongroom.model.fix import FixPlan
from strongroom.model.report import Report
from strongroom.model.resource import Resource
from strongroom.survey.run import Known


class Wanted(msgspec.Struct, frozen=True):
    """What a user wants of a fixing run.

    Attributes:
        ids: checks, or beginnings of the fingerprints of findings; empty for everything.
        unsafe: fixes that could change how a program behaves, too.
        whole: the sources show everything that runs: what nothing in them relies on is not relied on.
        root: the folder that the plan is for; empty for the current one, or the one that holds all the sources.
        reads_files: variables whose programs are said to read the file that ``NAME_FILE`` names.
        to: where values move to: ``secret`` manifests, ``sops`` files, ``sealed`` Secrets, ``external`` stores;
            empty for what the sources use already.
        recipients: age recipients of SOPS files where no ``.sops.yaml`` says.
        sealing_key: the public half of the key of a Sealed Secrets controller.
    """

    ids: frozenset[str] = frozenset()
    unsafe: bool = False
    root: str = ""
    reads_files: frozenset[str] = frozenset()
    to: str = "secret"
    recipients: tuple[str, ...] = ()
    whole: bool = False
    sealing_key: RSAPublicKey | None = None


class Planned(msgspec.Struct, frozen=True):
    """A plan, and what it was made of: the report and the facts before; ``opened`` is what it encrypts, in plain."""

    fix: FixPlan
    before: Report
    known: Known
    containers: int
    opened: tuple[Resource, ...] = ()

    def __repr__(self) -> str:
        return f"Planned({len(self.fix.plan.steps)} steps)"
