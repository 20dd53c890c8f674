"""Fixes of values in pipelines, where one name may stand for several values or be kept by the CI system."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.posture.fixes.mending import VALUE, mended

OTHER = VALUE[::-1]
WORKFLOW = """\
name: ci
on: {on}
jobs:
  a:
    env:
      {name}: {one}
      REGION: eu
  b:
    env:
      {name}: {two}
"""
PLACE = ".github/workflows/ci.yml"


def _workflow(name: str = "DB_PASSWORD", one: str = VALUE, two: str = VALUE, on: str = "push") -> dict[str, str]:
    return {PLACE: WORKFLOW.format(name=name, one=one, two=two, on=on)}


def test_one_value_in_two_jobs(tmp_path: Path) -> None:
    """Both take the same secret of Actions."""
    result = mended(tmp_path, _workflow(), "secret-in-pipeline")
    assert result.files[PLACE].count("${{ secrets.DB_PASSWORD }}") == 2
    assert VALUE not in result.files[PLACE]


@pytest.mark.parametrize(
    ("files", "why"),
    [
        (_workflow(two=OTHER), "other jobs give it another value"),
        (_workflow(two="''"), "other jobs give it another value"),
        (_workflow(name="GITHUB_PASSWORD"), "begin with GITHUB_"),
        (_workflow(on="[push, workflow_call]"), "a workflow that others call"),
        (_workflow(on="{workflow_call: {}}"), "a workflow that others call"),
    ],
    ids=["another value", "no value", "a name that is kept", "called", "called, as a mapping"],
)
def test_what_one_secret_cannot_stand_for(tmp_path: Path, files: dict[str, str], why: str) -> None:
    """A variable is left where a secret of its name would give a job something else, or nothing."""
    result = mended(tmp_path, files, "secret-in-pipeline")
    assert result.files == files
    assert why in result.why("secret-in-pipeline")


def test_jobs_of_gitlab(tmp_path: Path) -> None:
    """A variable of the project goes before those of jobs, so that two values cannot become one."""
    jobs = "a:\n  variables: {{P_PASSWORD: {}, R: eu}}\nb:\n  variables: {{P_PASSWORD: {}, R: us}}\n"
    files = {".gitlab-ci.yml": jobs.format(VALUE, OTHER)}
    assert mended(tmp_path / "a", files, "secret-in-pipeline").files == files
    same = mended(tmp_path / "b", {".gitlab-ci.yml": jobs.format(VALUE, VALUE)}, "secret-in-pipeline")
    assert "P_PASSWORD" not in same.files[".gitlab-ci.yml"]
