"""The line behind a finding shows no value."""

from __future__ import annotations

import pytest

from strongroom.model.origin import FieldPath, Origin
from strongroom.survey.frames import MASK, frame


def _frame(
    text: str,
    field: FieldPath = ("data", "x"),
    *,
    sensitive: bool = False,
    inner: tuple[int, int] = (0, 0),
    column: int = 1,
) -> str:
    return frame(text, Origin("s", "p", 0, 1, column, 1, column, field, "", *inner), sensitive=sensitive)


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("  password: hunter2", f"  password: {MASK}"),
        ('  "password": "hunter2",', f'  "password": {MASK}'),
        ("  - name: DB_PASSWORD", "  - name: DB_PASSWORD"),
        ("    secretName: tls", "    secretName: tls"),
        ("  config: |", "  config: |"),
        ("  env:", "  env:"),
        ("  env: # hunter2", "  env:"),
        ("  value: {a: hunter2}", f"  value: {MASK}"),
        ("hunter2 hunter2", ""),
        ('  - "--password=hunter2"', ""),
        ("x" * 500, ""),
    ],
)
def test_masked(line: str, shown: str) -> None:
    """Only names, modes and switches of the API are shown; everything else is masked or left out."""
    assert _frame(line) == shown


def test_rules_are_shown() -> None:
    """RBAC rules hold no values and are shown whole."""
    assert _frame('    verbs: ["get", "list"]', ("rules", 0, "verbs")) == '    verbs: ["get", "list"]'
    assert _frame('  - "*"', ("rules", 0, "verbs", 0)) == '  - "*"'


def test_a_recognised_value_under_a_harmless_key() -> None:
    """Where a value was recognised, no key makes it harmless."""
    assert _frame("  key: hunter2", sensitive=True) == f"  key: {MASK}"
    assert _frame("  name: hunter2", ("rules", 0), sensitive=True) == f"  name: {MASK}"


def test_inside_an_embedded_file() -> None:
    """What stands before the value in its line is shown only where it is a plain name."""
    line = "    spring.datasource.password=hunter2"
    assert _frame(line, inner=(5, 12), column=line.index("hunter2") + 1) == f"    spring.datasource.password={MASK}"
    line = "    first=hunter1 second=hunter2"
    assert _frame(line, inner=(5, 12), column=line.index("hunter2") + 1) == MASK
