"""Where values move to when nobody says: what the sources use already."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.posture.fixes.mending import VALUE

from strongroom.survey.fixes.planning import Planned, Wanted, plan_fixes
from strongroom.survey.run import Request

KEY = bytes(range(32))
RECIPIENT = "age1g85eqexlqfm4cytgx4n9p6a8mwth6nfsfx3l4pdr8ygk30t0ed3q5v9vd3"

SECRET = f"""\
apiVersion: v1
kind: Secret
metadata: {{name: db, namespace: shop}}
stringData:
  password: {VALUE}
"""
STORE = """\
apiVersion: external-secrets.io/v1
kind: ClusterSecretStore
metadata: {name: NAME}
spec:
  provider: {vault: {server: https://vault.example.org, auth: {kubernetes: {mountPath: kubernetes, role: r}}}}
  conditions: [{namespaces: [shop]}]
"""
USER = """\
apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata: {name: search, namespace: shop}
spec:
  refreshInterval: 1h
  secretStoreRef: {kind: ClusterSecretStore, name: vault}
  target: {name: search}
  data: [{secretKey: key, remoteRef: {key: shop/search, property: key}}]
"""
ONE, TWO = STORE.replace("NAME", "vault"), STORE.replace("NAME", "other")
RULES = f"creation_rules:\n  - path_regex: PATH\n    encrypted_regex: ^(data|stringData)$\n    age: {RECIPIENT}\n"


def _planned(root: Path, files: dict[str, str], to: str = "") -> Planned:
    for name, text in {"s.yaml": SECRET, **files}.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    (root / ".git").mkdir(exist_ok=True)
    return plan_fixes(Request(sources=(str(root),), key=KEY), Wanted(root=str(root), to=to))


@pytest.mark.parametrize(
    ("files", "kind"),
    [
        ({"e.yaml": USER, "store.yaml": ONE}, "ExternalSecret"),
        ({"store.yaml": ONE}, "nothing"),  # nobody uses it: it may be there for something else
        ({"e.yaml": USER, "store.yaml": f"{ONE}---\n{TWO}"}, "nothing"),
        ({"e.yaml": USER, "store.yaml": ONE.replace("[shop]", "[other]")}, "nothing"),
        ({"e.yaml": USER, "store.yaml": ONE, ".sops.yaml": RULES.replace("PATH", ".*")}, "sops"),
        ({".sops.yaml": RULES.replace("PATH", "^other/.*")}, "nothing"),
    ],
    ids=["a store", "a store without use", "two stores", "a store that is shut", "rules", "rules for other files"],
)
def test_what_is_used_already(tmp_path: Path, files: dict[str, str], kind: str) -> None:
    """SOPS where a rule speaks of the files; else the store, if it is one and in use; else the manifests."""
    fix = _planned(tmp_path, files).fix
    titles = [one.title for one in fix.mended]
    assert (
        titles
        == {
            "ExternalSecret": ["take from a store: Secret shop/db"],
            "sops": [f"encrypt {tmp_path}/s.yaml by SOPS"],
            "nothing": [],
        }[kind]
    )
    assert [note for note in fix.notes if note.startswith("values ")] == list(fix.notes)
    assert bool(fix.notes) == (kind != "nothing")


def test_what_somebody_says_counts(tmp_path: Path) -> None:
    """Where a destination is named, it is taken, and nothing is said about why."""
    fix = _planned(tmp_path, {"e.yaml": USER, "store.yaml": ONE}, "secret").fix
    assert (fix.mended, fix.notes) == ((), ())
