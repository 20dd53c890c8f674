"""What a plan would take from containers, and which of its fixes would."""

from __future__ import annotations

from pathlib import Path

import pytest

from strongroom.model.finding import Finding
from strongroom.model.fix import Mending
from strongroom.survey.fixes.losses import LossError, Losses
from strongroom.survey.fixes.planning import Wanted, plan_fixes
from strongroom.survey.run import Known, Request, look, survey

KEY = bytes(range(32))
JOB = """\
apiVersion: batch/v1
kind: Job
metadata: {name: once, namespace: shop}
spec:
  template:
    spec:
      restartPolicy: Never
      containers:
      - name: a
        image: a:1
        env: [{name: TOKEN, value: ktNPT0ND3YWZznDFpGlnEAVrtvqjRxWC}]
"""


def _read(folder: Path, text: str) -> tuple[Known, Finding]:
    (folder / "job.yaml").write_text(text)
    request = Request(sources=(str(folder),), key=KEY)
    finding = next(one for one in survey(request).findings if one.id == "secret-in-env-literal")
    return look(request), finding


def test_who_is_to_blame(tmp_path: Path) -> None:
    """A container that would get another value stops the plan, and names the fixes of its document alone."""
    before, finding = _read(tmp_path, JOB)
    other = Request(sources=(str(tmp_path),), key=KEY)
    (tmp_path / "job.yaml").write_text(JOB.replace("ktNP", "othr"))
    after = look(other).facts.resources
    losses = Losses(before.facts)
    mending = Mending("take it from a Secret", (finding,))
    losses.keep(mending, [(finding.origin.path, finding.origin.document)])
    losses.keep(Mending("elsewhere", (finding,)), [("other.yaml", 0)])

    with pytest.raises(LossError, match=r"Job shop/once is given \(variable TOKEN\)") as caught:
        losses.refuse([mending], after)
    assert caught.value.blamed == {finding.fingerprint}
    assert losses.refuse([Mending("unsafe", (finding,), unsafe="it may")], after) == 1
    assert losses.refuse([mending], before.facts.resources) == 1


def test_what_cannot_be_changed_where_it_exists(tmp_path: Path) -> None:
    """A Job whose containers change has to be deleted by hand first; one that stays as it is has not."""
    other = JOB.replace("once", "other").replace("TOKEN", "LEVEL").replace("ktNPT0ND3YWZznDFpGlnEAVrtvqjRxWC", "info")
    (tmp_path / "job.yaml").write_text(f"{JOB}---\n{other}")
    fix = plan_fixes(Request(sources=(str(tmp_path),), key=KEY), Wanted(root=str(tmp_path))).fix
    assert [one for one in fix.to_do if "Job" in one] == [
        "delete Job shop/once where it exists: applying a changed Job is refused"
    ]
