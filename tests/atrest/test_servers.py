"""What API servers say of their configuration, in the words of a real one, and after a real reload."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from tests.support.controlplane.access import eventually
from tests.support.controlplane.apiserver import Options
from tests.support.controlplane.fixtures import StartCluster
from tests.support.controlplane.kms import encryption_configuration

from strongroom.atrest.servers import KmsSeen, Loaded, Server, config_hash, kms_healthy, loaded, loaded_of
from strongroom.errors import UnreachableError

_KEY = "YWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWE="

_METRICS = """\
# TYPE apiserver_encryption_config_controller_automatic_reload_last_timestamp_seconds gauge
apiserver_encryption_config_controller_automatic_reload_last_timestamp_seconds{apiserver_id_hash="sha256:73",status="failure"} 1.79526807e+09
apiserver_encryption_config_controller_automatic_reload_last_timestamp_seconds{apiserver_id_hash="sha256:73",status="success"} 1.795268139e+09
apiserver_encryption_config_controller_automatic_reloads_total{apiserver_id_hash="sha256:73",status="failure"} 17
apiserver_encryption_config_controller_automatic_reloads_total{apiserver_id_hash="sha256:73",status="success"} 1
apiserver_encryption_config_controller_last_config_info{apiserver_id_hash="sha256:73",hash="sha256:c5"} 1
apiserver_envelope_encryption_key_id_hash_last_timestamp_seconds{apiserver_id_hash="sha256:73",key_id_hash="sha256:be",provider_name="va\\"ult",transformation_type="to_storage"} 1.795267300e+09
apiserver_envelope_encryption_key_id_hash_status_last_timestamp_seconds{apiserver_id_hash="sha256:73",key_id_hash="sha256:be",provider_name="va\\"ult"} 1.795268018e+09
apiserver_envelope_encryption_key_id_hash_status_last_timestamp_seconds{apiserver_id_hash="sha256:73",key_id_hash="sha256:00",provider_name="va\\"ult"} 1.795268017e+09
apiserver_envelope_encryption_key_id_hash_total{apiserver_id_hash="sha256:73",key_id_hash="sha256:be",provider_name="va\\"ult",transformation_type="to_storage"} 3
apiserver_request_total{code="200"} 7
process_start_time_seconds 1.79526729757e+09
"""


def test_the_metrics_of_a_server() -> None:
    """Hash, last good reload, failures, start, and what the server saw of KMS keys, from the text of its metrics."""
    found = loaded_of(_METRICS)

    assert found == Loaded(
        "sha256:c5",
        1795268139.0,
        17,
        1795267297.57,
        (
            KmsSeen('va"ult', "sha256:00", "status", 1795268017.0),
            KmsSeen('va"ult', "sha256:be", "status", 1795268018.0),
            KmsSeen('va"ult', "sha256:be", "to_storage", 1795267300.0),
        ),
        "sha256:73",
    )
    assert found.kms_now('va"ult') == "sha256:be"
    assert found.kms_now("other") == ""


@pytest.mark.parametrize("number", ["+Inf", "NaN", "1e309", "x"])
def test_numbers_that_are_none(number: str) -> None:
    """A counter or a time that is no finite number is left out, and the rest is read."""
    name = "apiserver_encryption_config_controller_automatic_reloads_total"
    text = f'{name}{{status="failure"}} {number}\n{name}{{status="failure"}} 2\nprocess_start_time_seconds {number}\n'
    found = loaded_of(text)
    assert (found.reloads_failed, found.started) == (2, 0.0)


def test_lines_made_to_hang() -> None:
    """Labels that are none, however long, cost no more than reading them; a line longer than any is left out."""
    name = "apiserver_envelope_encryption_key_id_hash_last_timestamp_seconds"
    labels = "a" * 60_000, 'a="' * 20_000, "}" * 60_000, ',a="\\"' * 9_000, "a" * 5_000_000
    assert all(not seen.provider for seen in loaded_of("".join(f"{name}{{{one}}} 1\n" for one in labels)).kms)


def test_a_server_without_a_configuration() -> None:
    """No hash means no configuration; two at once mean that it is not known which."""
    two = _METRICS.replace('hash="sha256:c5"} 1\n', 'hash="sha256:c5"} 1\n', 1) + (
        'apiserver_encryption_config_controller_last_config_info{apiserver_id_hash="sha256:73",hash="sha256:d6"} 1\n'
    )

    assert loaded_of("process_start_time_seconds 5\n") == Loaded("", 0.0, 0, 5.0)
    assert loaded_of(two).config_hash == ""
    assert loaded_of("process_start_time_seconds nonsense\n\0{}").started == 0.0


def test_two_real_servers(start_cluster: StartCluster, tmp_path: Path) -> None:
    """Each API server is asked by its own address, and tells the hash of the file that it started with, or none."""
    provider: dict[str, object] = {"secretbox": {"keys": [{"name": "k", "secret": _KEY}]}}
    config = encryption_configuration(tmp_path / "e.json", provider)
    cluster = start_cluster(Options(encryption_config=config), Options())
    kubeconfig = str(cluster.access.kubeconfig())
    first, second = (Server(s.access.url, s.access.url, "", kubeconfig) for s in cluster.api_servers)

    with_file, without = asyncio.run(loaded(first, {})), asyncio.run(loaded(second, {}))

    assert with_file.config_hash == config_hash(config.read_bytes())
    assert without.config_hash == ""
    assert with_file.started > 1.7e9
    assert asyncio.run(kms_healthy(first, {})) is None
    cluster.api_servers[1].stop()
    with pytest.raises(UnreachableError):
        asyncio.run(loaded(second, {}))


@pytest.mark.verify
def test_a_real_reload(start_cluster: StartCluster, tmp_path: Path) -> None:
    """A file that changes is taken within about a minute, and its hash told; one that is cut off is counted as failed."""
    provider: dict[str, object] = {"secretbox": {"keys": [{"name": "k", "secret": _KEY}]}}
    config = encryption_configuration(tmp_path / "e.json", provider)
    cluster = start_cluster(Options(encryption_config=config, reload_encryption=True))
    server = Server("a", kubeconfig=str(cluster.access.kubeconfig()))
    before = asyncio.run(loaded(server, {}))
    whole = config.read_bytes()

    config.write_bytes(whole[:40])
    eventually(lambda: asyncio.run(loaded(server, {})).reloads_failed > 0, "a failed reload", 180)
    failed = asyncio.run(loaded(server, {}))
    config.write_bytes(whole + b"\n")
    eventually(lambda: asyncio.run(loaded(server, {})).at > 0, "a reload", 180)
    after = asyncio.run(loaded(server, {}))

    assert failed.config_hash == before.config_hash == config_hash(whole)
    assert after.config_hash == config_hash(whole + b"\n")
    assert after.started == before.started
