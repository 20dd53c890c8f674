"""The documents of one file, read into a reading."""

from __future__ import annotations

from pathlib import Path

from strongroom.sources.collect import Options, collect

ENCRYPTED = """\
apiVersion: v1
kind: Secret
metadata: {name: shop}
stringData: {password: "ENC[AES256_GCM,data:Zk3n,iv:Q8vT,tag:1xW6,type:str]"}
sops: {version: 3.9.0, mac: "ENC[AES256_GCM,data:yB0p,iv:Lr5m,tag:Sd9c,type:str]"}
"""


def test_a_file_that_matters_twice_is_held_once(tmp_path: Path) -> None:
    """A file that matters by its name and is encrypted with SOPS as well is one whole file."""
    (tmp_path / "kubeconfig.yaml").write_text(ENCRYPTED)
    (tmp_path / "secret.yaml").write_text(ENCRYPTED)

    reading = collect((str(tmp_path),), Options(wanted=lambda path: path.endswith("kubeconfig.yaml")))

    assert [Path(file.origin.path).name for file in reading.whole_files] == ["kubeconfig.yaml", "secret.yaml"]
