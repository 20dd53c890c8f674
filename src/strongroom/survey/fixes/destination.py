"""Where values move to when nobody says: to what the sources use already."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from posixpath import dirname, join

from strongroom.errors import StrongroomError
from strongroom.files.sops.rules import Asked, find, rule_for
from strongroom.model.facts import Facts
from strongroom.model.finding import Finding, Practice
from strongroom.posture.fixes.external import Store, store_for
from strongroom.survey.fixes.sops import SUFFIX


def destination(facts: Facts, findings: Sequence[Finding], environment: Mapping[str, str]) -> tuple[str, str]:
    """Return ``sops``, ``external`` or ``secret``, and a sentence about why where it is not the last.

    SOPS, if a ``.sops.yaml`` says who can open a file beside every manifest with a value; else a store, if the sources
    use one by an ExternalSecret, and each namespace with a value has exactly one.
    """
    places = [one for one in findings if one.practice is Practice.PLAINTEXT and one.resource is not None]
    if not places:
        return "secret", ""
    if all(_ruled(folder, environment) for folder in {dirname(one.origin.path) for one in places}):
        return "sops", "values go to files that SOPS encrypts, as .sops.yaml asks (--to secret leaves them in plain)"
    spaces = {one.resource.namespace for one in places if one.resource is not None}
    stores = [store_for(facts, space) for space in sorted(spaces)]
    if any(True for _ in facts.of_kind("ExternalSecret")) and all(one.resource is not None for one in stores):
        return "external", f"values come from {_shown(stores)}, as others do (--to secret leaves them in the manifests)"
    return "secret", ""


def _ruled(folder: str, environment: Mapping[str, str]) -> bool:
    path = Path(join(folder, f"new{SUFFIX}"))
    try:
        config = find(path.parent, environment)
        return (
            config is not None
            and _is_ours(config, path.parent)
            and bool(rule_for(path, config, environment, Asked(format="yaml", manifest=True)))
        )
    except (StrongroomError, OSError):
        return False


def _is_ours(config: Path, folder: Path) -> bool:
    """Tell whether nobody else wrote a configuration: one that lies further up may be a stranger's, with his keys."""
    return config.stat().st_uid in {0, os.geteuid(), folder.stat().st_uid}


def _shown(stores: Sequence[Store]) -> str:
    return ", ".join(dict.fromkeys(one.show() for one in stores))
