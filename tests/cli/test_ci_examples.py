"""The examples of pipelines and hooks in the documentation are valid, and name what exists."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from strongroom.cli.root import root

ROOT = Path(__file__).parents[2]
PAGES = ("ci.md", "hooks.md", "known-values.md", "migrating.md")


def blocks(page: str, language: str) -> list[str]:
    """Return the code blocks of a page in a language."""
    text = (ROOT / "docs" / page).read_text("utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def commands() -> Iterator[str]:
    """Yield every call of our program in the pages."""
    for page in PAGES:
        for block in [*blocks(page, "text"), *blocks(page, "yaml")]:
            for line in block.splitlines():
                found = re.search(r"(?:^|[\s=]|xargs -0 -r )(strongroom (?:scan|git|audit)\b[^#]*)", line)
                if found:
                    yield found[1].strip()


def test_github_actions() -> None:
    """The workflow has triggers, the least permissions, and steps that each do one thing."""
    (workflow,) = (yaml.safe_load(block) for block in blocks("ci.md", "yaml") if "runs-on" in block)

    # YAML 1.1 reads "on" as true
    assert set(workflow[True]) == {"pull_request", "push"}
    assert workflow["permissions"]["contents"] == "read"
    (job,) = workflow["jobs"].values()
    assert all(("run" in step) != ("uses" in step) for step in job["steps"])
    assert job["steps"][0]["with"]["fetch-depth"] == 0


def test_gitlab_ci() -> None:
    """The pipeline has a job in a stage that exists, with the whole history."""
    (pipeline,) = (yaml.safe_load(block) for block in blocks("ci.md", "yaml") if "stages:" in block)
    job: dict[str, Any] = pipeline["strongroom"]

    assert job["stage"] in pipeline["stages"]
    assert job["variables"]["GIT_DEPTH"] == "0"
    assert all(isinstance(line, str) for line in [*job["before_script"], *job["script"]])


def test_pre_commit() -> None:
    """The hooks of the example are those of the manifest."""
    (config,) = (yaml.safe_load(block) for block in blocks("hooks.md", "yaml") if "repos:" in block)
    manifest = {hook["id"] for hook in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())}

    assert {hook["id"] for repo in config["repos"] for hook in repo["hooks"]} == manifest


@pytest.mark.parametrize("command", sorted(set(commands())))
def test_commands_exist(command: str) -> None:
    """Each call of our program in these pages is one that it takes."""
    words = shlex.split(command)[1:]
    context: click.Context = click.Context(root, info_name="strongroom")
    group: click.Command = root
    while isinstance(group, click.Group):
        found = group.get_command(context, words[0])
        assert found is not None
        group, words = found, words[1:]

    group.make_context(group.name, words, parent=context)


def test_there_are_commands() -> None:
    """The pages do show calls: an empty list would prove nothing."""
    assert len(set(commands())) > 10
