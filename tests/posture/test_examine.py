"""From hits to findings: each statement once, every identity its own, and a broken check never hides the rest."""

from __future__ import annotations

from pathlib import Path

from strongroom.survey.run import Request, survey

KEY = bytes(range(32))
SECRET = "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {password: Hx7kq82Pzz}\n"


def _report(folder: Path) -> list[tuple[int, str]]:
    report = survey(Request((str(folder),), KEY, select=frozenset({"plain-secret-manifest"}), render=False))
    return [(finding.origin.line, finding.fingerprint) for finding in report.findings]


def test_repeated_objects_have_their_own_identities(tmp_path: Path) -> None:
    """The same object written three times is three findings with three fingerprints, the first that of one alone."""
    (tmp_path / "a.yaml").write_text(SECRET)
    ((_, alone),) = _report(tmp_path)
    (tmp_path / "a.yaml").write_text("---\n".join([SECRET] * 3))
    found = _report(tmp_path)

    assert [line for line, _ in found] == [4, 9, 14]
    assert len({fingerprint for _, fingerprint in found}) == 3
    assert found[0][1] == alone


def test_identity_survives_moved_lines(tmp_path: Path) -> None:
    """Lines above, and other documents before, do not change what a finding is."""
    (tmp_path / "a.yaml").write_text(SECRET)
    ((_, before),) = _report(tmp_path)
    (tmp_path / "a.yaml").write_text(
        f"# a comment\n\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: x}}\n---\n{SECRET}"
    )

    assert _report(tmp_path) == [(10, before)]
