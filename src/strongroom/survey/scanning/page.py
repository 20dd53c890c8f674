"""What is said of leaks beside each one: the page behind the findings, and what to do next."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from strongroom.model.finding import Finding
from strongroom.model.leak import PREFIX, Leak
from strongroom.model.report import CheckPage
from strongroom.survey.scanning.hit import Hit

_MOST_PATHS = 20
_TAKE_OUT = "take it out of the file and stage the file again; rotate it if anybody else has seen it"

TEXT = """{title}.

## What it finds

A value that is recognised as a secret in a file, in what is about to be committed, or in any version that the history
of a repository still holds: by its own form, or by the field of a Kubernetes object or of a file of settings that it
stands in. Rule: `{rule}`.

## Why it is bad

Whoever can read the file has the value, and so has everybody who ever cloned the repository. Deleting the line leaves
it in the history.

## Instead

Replace the value where it is issued. Then keep the new one in a Secret that comes from an external store or from an
encrypted file. Purging the history afterwards does not undo the leak: clones, forks, caches and backups keep it.

## References

- [OWASP: secrets management](https://cheatsheetseries.owasp.org/cheatsheets/Secrets_Management_Cheat_Sheet.html)
- [GitHub: removing sensitive data from a repository](https://docs.github.com/en/authentication/keeping-your-account-and-data-secure/removing-sensitive-data-from-a-repository)
"""


def page_of(finding: Finding) -> CheckPage:
    """Return the page of a leak's rule."""
    return CheckPage(
        id=finding.id,
        title=finding.title,
        severity=finding.severity,
        confidence=finding.confidence,
        audience=finding.audience,
        practice=finding.practice,
        standards=finding.standards,
        text=TEXT.format(title=finding.title, rule=finding.rule),
    )


def text_of(id_: str) -> str:
    """Return the page of a leak's id, for ``explain``."""
    rule = id_.removeprefix(PREFIX)
    return f"# {id_}\n\n{TEXT.format(title='A secret value where it can be read', rule=rule)}"


def todo(leak: Leak, hits: Sequence[Hit], id_: str) -> tuple[str, ...]:
    """Return what to do about a leak, one step each: rotate, purge, or ignore.

    Args:
        leak: the facts.
        hits: its places.
        id_: the finding's id.
    """
    steps = [rotate(leak)] if leak.live or not leak.pending else [_TAKE_OUT]
    if leak.first is not None:
        steps.append(_purge(leak, hits))
    steps.append(
        f"ignore, where it is no secret: a comment `strongroom: ignore[{id_}] REASON` in its line, or a baseline"
    )
    return tuple(steps)


def rotate(leak: Leak) -> str:
    """Return the first step: make the value worthless."""
    if not leak.live:
        return "rotate: replace the value where it is issued, and make the old one invalid there"
    used = f"; used by {', '.join(leak.consumers)}" if leak.consumers else ""
    return f"rotate now: it is in use as {', '.join(leak.live)}{used}"


def _purge(leak: Leak, hits: Sequence[Hit]) -> str:
    paths = list(dict.fromkeys(hit.origin.path for hit in hits))
    warning = "; this does not undo the leak, since clones, forks and caches keep it: rotate first"
    if leak.present or len(paths) > _MOST_PATHS:
        return (
            "purge: write the value into a file leaked.txt outside the repository, then "
            f"`git filter-repo --replace-text leaked.txt`{warning}"
        )
    named = " ".join(f"--path {shlex.quote(path)}" for path in paths)
    return f"purge: `git filter-repo --invert-paths {named}` removes the files from every commit{warning}"
