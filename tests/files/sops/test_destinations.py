"""Where ``destination_rules`` of ``.sops.yaml`` publish a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from strongroom.errors import UsageError
from strongroom.files.sops.rules import destination_for
from strongroom.files.sops.selection import Selection

R = [
    "age12fdec3hwapyf9zf8gjju2tuanzn2p0h8jv9vjuvv6srwtm4e8aasnj6uwq",
    "age1nwrph8udv2xjfxcv26cgx3n3pchzjjtjycdr9kelkdpwmqce3gkq7yqw0y",
    "age1w6s0kjw9n7nvvcvp6z4vrgahlwv655ndh7u5vljgvct7gftplacs33am04",
]


def _publishing(tmp_path: Path, text: str, name: str = "a.yaml") -> Any:
    (tmp_path / ".sops.yaml").write_text(text)
    return destination_for(Path(name), tmp_path / ".sops.yaml")


def test_destinations(tmp_path: Path) -> None:
    """A file goes where the first matching destination rule says, encrypted anew where that names keys."""
    text = f"""\
destination_rules:
  - {{path_regex: ^s3/, s3_bucket: b, s3_prefix: p, omit_extensions: true}}
  - {{path_regex: ^gcs/, gcs_bucket: g, recreation_rule: {{age: {R[1]}, encrypted_regex: x}}}}
  - {{vault_path: v/, vault_address: "https://v", vault_kv_mount_name: m, vault_kv_version: 1}}
"""
    s3, gcs, vault = (_publishing(tmp_path, text, name) for name in ("s3/a.yaml", "gcs/a.yaml", "a.yaml"))

    assert (s3.kind, s3.options, s3.omit_extensions) == ("s3", {"bucket": "b", "prefix": "p"}, True)
    assert gcs.recreation.groups[0][0].name == R[1]
    assert gcs.recreation.selection == Selection(encrypted_regex="x")
    assert s3.recreation is None
    assert vault.options == {"path": "v/", "address": "https://v", "kv_mount_name": "m", "kv_version": "1"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{}", "no destination rule"),
        ("destination_rules: [{path_regex: '^x', s3_bucket: b}]", "no destination rule"),
        ("destination_rules: [{}]", "no place"),
        ("destination_rules: [{s3_bucket: b, gcs_bucket: g}]", "several places"),
        ("destination_rules: [{path_regex: '(', s3_bucket: b}]", "path_regex of destination rule 1"),
    ],
)
def test_destinations_refused(text: str, message: str, tmp_path: Path) -> None:
    """A destination that is not clear is refused."""
    with pytest.raises(UsageError, match=message):
        _publishing(tmp_path, text)
