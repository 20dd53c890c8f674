"""The plugin as a process: rotated, read again, killed, ended under load."""

from __future__ import annotations

import base64
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from tests.serve.kms_plugin.conftest import StartPlugin
from tests.support.controlplane.access import eventually
from tests.support.softhsm import SoftHSM
from tests.support.strongroom_kms import NOW, folder_of_its_own

from strongroom.errors import KeyUseError
from strongroom.keys.kek.local_file import create
from strongroom.keys.kmsv2.client import Client
from strongroom.keys.kmsv2.method import REQUEST_BYTES
from strongroom.model.plaintext import Plaintext

SEED = Plaintext(b"a seed of a data key, 32 bytes..")


def test_a_new_version_is_used_while_it_runs(start_plugin: StartPlugin) -> None:
    """A version that is added to the key becomes the one that encrypts, and what older ones encrypted stays readable."""
    plugin = start_plugin(options=["--look-interval", "0.2"])
    with plugin.client() as client:
        old = client.encrypt(SEED)
        added = plugin.rotate()
        eventually(lambda: client.status().key_id == added, "the new version is the one that encrypts")
        new = client.encrypt(SEED)

        assert old.key_id != added
        assert new.key_id == added
        assert client.decrypt(old.ciphertext, old.key_id) == client.decrypt(new.ciphertext, new.key_id) == SEED


def test_keys_are_exchanged_by_a_signal(start_plugin: StartPlugin) -> None:
    """After SIGHUP the first key of the file encrypts, the one before decrypts; a broken file leaves both as they are."""
    with closing(folder_of_its_own()) as folder:
        first, second = folder.path / "first", folder.path / "second"
        ids = [create(path, NOW).id for path in (first, second)]
        configuration = folder.path / "plugin.yaml"
        configuration.write_text(f"key: local-file:{first}\n")
        plugin = start_plugin(options=["--config", str(configuration), "--look-interval", "0.2"])
        with plugin.client() as client:
            old = client.encrypt(SEED)
            configuration.write_text(f"key: local-file:{second}\nalso: [local-file:{first}]\n")
            plugin.reload()
            eventually(lambda: client.status().key_id == ids[1], "the other key is the one that encrypts")
            configuration.write_text("key: [\n")
            plugin.reload()
            eventually(lambda: plugin.events("keys stay as they were") != [], "the broken file is complained about")

            assert old.key_id == ids[0]
            assert client.encrypt(SEED).key_id == ids[1]
            assert client.decrypt(old.ciphertext, old.key_id) == SEED


def test_a_key_that_cannot_encrypt_is_not_taken(start_plugin: StartPlugin) -> None:
    """Another key in the file that is not there, or does not work, leaves the plugin with the one that does."""
    with closing(folder_of_its_own()) as folder:
        first = folder.path / "first"
        made = create(first, NOW).id
        configuration = folder.path / "plugin.yaml"
        configuration.write_text(f"key: local-file:{first}\n")
        plugin = start_plugin(options=["--config", str(configuration), "--look-interval", "0.2"])
        with plugin.client() as client:
            configuration.write_text(f"key: local-file:{folder.path}/mistyped\nalso: [local-file:{first}]\n")
            plugin.reload()
            eventually(lambda: plugin.events("keys stay as they were") != [], "the key is complained about")

            assert client.status() == ("v2", "ok", made)
            assert client.encrypt(SEED).key_id == made
            assert plugin.events("keys were read again") == []


def test_an_hsm_survives_that_its_keys_are_read_again(start_plugin: StartPlugin) -> None:
    """After SIGHUP the same token is used anew, also once what was used before has been closed."""
    with closing(SoftHSM()) as hsm:
        hsm.key("kek", 1)
        options = ["--timeout", "0.5", "--look-interval", "0.2"]
        plugin = start_plugin([hsm.uri("kek")], options, hsm.environment)
        with plugin.client() as client:
            made = client.encrypt(SEED)
            plugin.reload()
            eventually(lambda: plugin.events("keys were read again") != [], "the keys are read again")
            eventually(lambda: plugin.events("keys were closed") != [], "those before are closed")

            assert client.decrypt(made.ciphertext, made.key_id) == SEED
            assert client.encrypt(SEED).key_id == made.key_id == client.status().key_id


def test_a_message_that_is_too_large_is_refused(start_plugin: StartPlugin) -> None:
    """A request far above what an API server sends is refused before it is read, and the plugin goes on."""
    plugin = start_plugin()
    with plugin.client() as client:
        with pytest.raises(KeyUseError, match="resource exhausted"):
            client.encrypt(Plaintext(b"x" * (REQUEST_BYTES + 1)))

        assert client.status().healthz == "ok"


def test_a_killed_plugin_starts_again(start_plugin: StartPlugin) -> None:
    """What a plugin that was killed leaves behind is no obstacle, and its successor decrypts what it encrypted."""
    plugin = start_plugin()
    with plugin.client() as client:
        made = client.encrypt(SEED)
        plugin.process.kill()
        assert plugin.socket.is_socket()
        plugin.launch()

        assert client.decrypt(made.ciphertext, made.key_id) == SEED  # it waits until the successor is there


def test_nothing_is_lost_at_the_end(start_plugin: StartPlugin, program: Callable[[str], Path]) -> None:
    """While the plugin is ended by SIGTERM and started again, twice, no call of an API server under load fails."""
    plugin = start_plugin()
    words = [str(program("kms-load")), str(plugin.socket), "decrypt", "4", "8", "400", "30"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as load:
        for _ in range(2):
            time.sleep(0.7)
            plugin.process.stop()
            assert not plugin.socket.exists()
            plugin.run()
        result = json.loads(load.communicate(timeout=30)[0])

    assert (result["failures"], result["firstFailure"]) == (0, "")
    assert result["requests"] > 800
    assert len(plugin.events("ended")) == 2


def test_a_successor_takes_the_socket_over(start_plugin: StartPlugin, program: Callable[[str], Path]) -> None:
    """With --replace a second plugin stands ready before the first is ended: no call fails within the usual timeout."""
    first = start_plugin()
    words = [str(program("kms-load")), str(first.socket), "decrypt", "6", "8", "200", "3"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as load:
        time.sleep(0.5)
        second = start_plugin(first.keys, ["--replace"], None, first.socket)
        first.process.stop()
        result = json.loads(load.communicate(timeout=30)[0])

    assert (result["failures"], result["firstFailure"]) == (0, "")
    assert 'requests_total{code="OK",method="Decrypt"} 0.0' not in second.http("/metrics")[1]
    assert first.socket.is_socket()


def test_two_do_not_share_a_socket(start_plugin: StartPlugin) -> None:
    """A second plugin on the socket of a running one refuses to start, and the first goes on."""
    plugin = start_plugin()
    words = ["serve", "kms-plugin", "--socket", str(plugin.socket), "--key", plugin.keys[0]]
    done = subprocess.run([sys.executable, "-m", "strongroom", *words], capture_output=True, text=True, check=False)
    with plugin.client() as client:
        assert client.status().healthz == "ok"
    assert done.returncode == 2
    assert "a program listens on" in done.stderr


def test_what_it_says_about_itself(start_plugin: StartPlugin) -> None:
    """Health, liveness and metrics are served, and the log says that a key in a file is for development."""
    plugin = start_plugin()
    with plugin.client() as client:
        client.decrypt(client.encrypt(SEED).ciphertext, client.status().key_id)
        with pytest.raises(KeyUseError):
            client.decrypt(b"x" * 40, "local-file:unknown", uid="from-the-api-server")

    assert plugin.http("/healthz") == (200, "ok\n")
    assert plugin.http("/livez") == (200, "ok\n")
    text = plugin.http("/metrics")[1]
    assert 'strongroom_kms_requests_total{code="OK",method="Decrypt"} 1.0' in text
    assert 'strongroom_kms_requests_total{code="NOT_FOUND",method="Decrypt"} 1.0' in text
    assert "strongroom_kms_key_healthy 1.0" in text
    assert plugin.events("not for production")
    (refused,) = plugin.events("request refused")
    assert (refused["method"], refused["code"], refused["uid"]) == ("Decrypt", "NOT_FOUND", "from-the-api-server")
    everything = plugin.process.log.read_text() + text
    key = base64.b64decode(json.loads(plugin.key_file.read_text())["keys"][0]["key"])
    for hidden in (SEED.reveal(), key):
        forms = (hidden.decode("latin-1"), hidden.hex(), base64.b64encode(hidden).decode()[:-4])
        assert [form for form in forms if form in everything] == []


def test_a_key_that_is_gone_makes_it_unhealthy(start_plugin: StartPlugin) -> None:
    """Without its key file Status says why it cannot encrypt, reading goes on, and health returns with the file."""
    plugin = start_plugin(options=["--look-interval", "0.2"])
    aside = plugin.key_file.with_suffix(".aside")
    with plugin.client() as client:
        made = client.encrypt(SEED)
        plugin.key_file.rename(aside)
        eventually(lambda: client.status().healthz != "ok", "Status tells that the key is gone")

        assert "cannot be read" in client.status().healthz
        assert client.status().key_id == made.key_id
        assert plugin.http("/healthz")[0] == 503
        assert client.decrypt(made.ciphertext, made.key_id) == SEED

        aside.rename(plugin.key_file)
        eventually(lambda: client.status().healthz == "ok", "Status tells that the key is back")


def test_systemd_hears_of_it(start_plugin: StartPlugin) -> None:
    """A unit of Type=notify is told when the socket is there, and when the plugin begins to end."""
    with closing(folder_of_its_own()) as folder, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(folder.path / "notify"))
        listener.settimeout(30)
        plugin = start_plugin(environment={"NOTIFY_SOCKET": str(folder.path / "notify")})
        assert listener.recv(100) == b"READY=1"
        assert plugin.socket.is_socket()
        plugin.process.stop()
        assert listener.recv(100) == b"STOPPING=1"


def test_a_second_signal_is_not_needed(start_plugin: StartPlugin) -> None:
    """SIGTERM ends it with exit code 0 within the time of a request, also with a connection open."""
    plugin = start_plugin(options=["--timeout", "1"])
    with Client(plugin.socket) as client:
        client.status()
        begin = time.monotonic()
        os.kill(plugin.process.pid, signal.SIGTERM)
        eventually(lambda: not plugin.process.running, "it has ended")

    assert time.monotonic() - begin < 20
    assert plugin.events("ended")
