"""``strongroom seal`` where a terminal, a server or a private key takes part."""

from __future__ import annotations

import http.server
import json
import os
import pty
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import yaml
from tests.support.sealing_keys import BEGIN, backup, pair

from strongroom.files.sealed import private_keys
from strongroom.files.sealed.opening import open_all, open_value
from strongroom.files.sealed.sealed import read_sealed
from strongroom.model.plaintext import Plaintext

NEW = pair(1, BEGIN + timedelta(days=30))
KEYS = private_keys.together([private_keys.read(Plaintext(backup(pair(0), NEW)), "b")])
SECRET = (
    "apiVersion: v1\nkind: Secret\nmetadata: {name: db, namespace: shop}\nstringData: {password: hunter2-hunter2}\n"
)


class Desk:
    """A folder in which commands run as a user would type them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = {**os.environ, "XDG_STATE_HOME": str(folder / ".state"), "KUBECONFIG": "/nonexistent"}
        (folder / "s.yaml").write_text(SECRET)
        pair(0).write(folder, "old")
        NEW.write(folder, "new")
        (folder / "keys.json").write_bytes(backup(pair(0), NEW))

    def command(self, *words: str) -> list[str]:
        """A call of the program."""
        return [sys.executable, "-m", "strongroom", "seal", *words]

    def run(self, *words: str, stdin: str = "", code: int = 0) -> str:
        """Run it; return what it prints."""
        done = subprocess.run(
            self.command(*words),
            cwd=self.folder,
            env=self.environment,
            input=stdin.encode(),
            capture_output=True,
            check=False,
        )
        printed = (done.stdout + done.stderr).decode()
        assert done.returncode == code, printed
        return printed

    def on_a_terminal(self, *words: str, typed: str = "") -> tuple[str, int]:
        """Run it on a terminal, where a person types; return what is shown and the exit code."""
        terminal, theirs = pty.openpty()
        process = subprocess.Popen(
            self.command(*words),
            cwd=self.folder,
            env=self.environment,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
        )
        os.close(theirs)
        shown = b""
        try:
            for line in typed.splitlines(keepends=True):
                asked = len(shown)
                while not shown[asked:].endswith(b": "):
                    shown += os.read(terminal, 4096)
                os.write(terminal, line.encode())
            while piece := os.read(terminal, 4096):
                shown += piece
        except OSError:  # Linux says so when the other side has ended
            pass
        os.close(terminal)
        return shown.decode(), process.wait()

    def values(self, name: str) -> dict[str, bytes]:
        """The values of a sealed file."""
        (sealed,) = read_sealed((self.folder / name).read_bytes(), name)
        return {key: one.value.reveal() for key, one in open_all(sealed, KEYS).items()}


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """Make a folder with a Secret, two sealing keys and their certificates."""
    return Desk(tmp_path)


def test_from_standard_input_to_standard_output(desk: Desk) -> None:
    """Without names it is a filter; a List of JSON comes out where several Secrets go in as one file."""
    printed = desk.run("--cert", "new.crt", stdin=SECRET)
    assert printed.startswith("---\napiVersion: bitnami.com/v1alpha1\n")
    printed = desk.run("-", "--cert", "new.crt", "--format", "json", stdin=f"{SECRET}---\n{SECRET.replace('db', 'x')}")
    assert [item["metadata"]["name"] for item in json.loads(printed)["items"]] == ["db", "x"]


def test_typed_unseen(desk: Desk) -> None:
    """On a terminal a raw value is asked for twice and not shown."""
    words = ("--raw", "--name", "db", "--namespace", "shop", "--cert", "new.crt", "-o", "value")
    shown, code = desk.on_a_terminal(*words, typed="hunter2-typed\nhunter2-typed\n")

    assert code == 0, shown
    assert "hunter2" not in shown
    opened = open_value((desk.folder / "value").read_text(), b"shop/db", KEYS)
    assert opened.value.reveal() == b"hunter2-typed"


def test_one_value_more(desk: Desk) -> None:
    """One value is put into a sealed file, named by --key or as kubectl names files."""
    desk.run("s.yaml", "--cert", "new.crt", "-o", "sealed.yaml")
    desk.run("--raw", "--merge-into", "sealed.yaml", "--key", "token", "--cert", "new.crt", stdin="t")
    (desk.folder / "file").write_bytes(b"\x00\xff")
    desk.run("--raw", "--merge-into", "sealed.yaml", "--from-file", "blob=file", "--cert", "new.crt")

    assert desk.values("sealed.yaml") == {"password": b"hunter2-hunter2", "token": b"t", "blob": b"\x00\xff"}
    assert "--key" in desk.run("--raw", "--merge-into", "sealed.yaml", "--cert", "new.crt", code=2)


def test_recovered_for_its_owner_only(desk: Desk) -> None:
    """Recovered Secrets are written where that is said, readable for their owner; a terminal is not shown them."""
    desk.run("s.yaml", "--cert", "old.crt", "-o", "sealed.yaml")
    words = ("recover", "sealed.yaml", "--recovery-private-key", "keys.json")
    desk.run(*words, "-o", "plain.yaml")
    path = desk.folder / "plain.yaml"

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert yaml.safe_load(path.read_text())["data"] == {"password": "aHVudGVyMi1odW50ZXIy"}
    shown, code = desk.on_a_terminal(*words, "-o", "-")
    assert (code, "aHVudGVy" in shown) == (2, False)
    shown, code = desk.on_a_terminal(*words, "-o", "-", "--reveal")
    assert (code, "aHVudGVy" in shown) == (0, True)


def test_templates_that_need_the_controller(desk: Desk) -> None:
    """A template with functions is left out of what is recovered, and that is said."""
    desk.run("s.yaml", "--cert", "old.crt", "-o", "sealed.yaml")
    path = desk.folder / "sealed.yaml"
    path.write_text(path.read_text() + "    data:\n      dsn: '{{ .password | b64enc }}'\n")
    printed = desk.run("recover", "sealed.yaml", "--recovery-private-key", "old.key", "-o", "plain.yaml", code=1)

    assert "dsn is left out" in printed
    assert list(yaml.safe_load((desk.folder / "plain.yaml").read_text())["data"]) == ["password"]


def test_renewed_as_a_plan(desk: Desk) -> None:
    """A renewal is shown, saved, done by the plan command, and gone back on."""
    desk.run("s.yaml", "--cert", "old.crt", "-o", "sealed.yaml")
    path = desk.folder / "sealed.yaml"
    before = path.read_bytes()
    words = ("renew", ".", "--recovery-private-key", "keys.json")
    assert "seal 1 value of sealed.yaml anew" in desk.run(*words, "--dry-run")
    assert "nobody is there to ask" in desk.run(*words, code=2)
    desk.run(*words, "--plan", "renew.json")
    assert path.read_bytes() == before

    def plan(*arguments: str) -> None:
        command = [sys.executable, "-m", "strongroom", "plan", *arguments]
        subprocess.run(command, cwd=desk.folder, env=desk.environment, check=True, capture_output=True)

    plan("apply", "renew.json", "--yes")
    assert "1 value in 1 object: 1 newest key" in desk.run("status", "--recovery-private-key", "keys.json")
    plan("undo", "renew.json", "--yes")
    assert path.read_bytes() == before
    printed = desk.run(*words, "--yes")
    undo = printed.split("strongroom ")[1].split(" goes back")[0].split()[1:]
    plan(*undo, "--yes")
    assert path.read_bytes() == before


def test_offline_validation(desk: Desk) -> None:
    """With exported keys, every value is opened without being shown; what cannot be opened is named."""
    desk.run("s.yaml", "--cert", "old.crt", "-o", "sealed.yaml")
    assert desk.run("validate", "sealed.yaml", "--recovery-private-key", "old.key").startswith("ok  sealed.yaml")
    printed = desk.run("validate", "sealed.yaml", "--recovery-private-key", "new.key", code=1)
    assert "no  sealed.yaml: SealedSecret shop/db: password: the sealing key does not open it" in printed
    text = (desk.folder / "sealed.yaml").read_text()
    assert "ok  standard input" in desk.run("validate", "-", "--recovery-private-key", "old.key", stdin=text)


class _Server(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        answers = {"/cert.pem": (200, NEW.certificate), "/large": (200, b"x" * (2 << 20))}
        status, body = answers.get(self.path, (302, b""))
        self.send_response(status)
        self.send_header("Location", "/cert.pem")
        self.end_headers()
        try:
            self.wfile.write(body)
        except ConnectionError:
            self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def server() -> Iterator[str]:
    """Serve a certificate on the loopback interface."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Server) as one:
        thread = threading.Thread(target=one.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{one.server_address[1]}"
        one.shutdown()
        thread.join()


def test_certificates_from_urls(desk: Desk, server: str) -> None:
    """A certificate may be at a URL; a redirection, an endless answer and a silent server are refused."""
    assert NEW.fingerprint in desk.run("certificate", "--cert", f"{server}/cert.pem")
    assert NEW.fingerprint in desk.run("certificate", "--cert", f"file://{desk.folder}/new.crt")
    assert "the server answers 302" in desk.run("certificate", "--cert", f"{server}/moved", code=2)
    assert "larger than a certificate" in desk.run("certificate", "--cert", f"{server}/large", code=2)
    assert "cannot be fetched" in desk.run("certificate", "--cert", "https://127.0.0.1:9/c", code=2)
    assert "neither a file nor a URL" in desk.run("certificate", "--cert", "ftp://127.0.0.1/c", code=2)


def test_a_bundle(desk: Desk) -> None:
    """Of a bundle the newest certificate counts, and it is said where that is not the first."""
    (desk.folder / "both.crt").write_bytes(pair(0).certificate + NEW.certificate)
    printed = desk.run("s.yaml", "--cert", "both.crt", "-o", "sealed.yaml")

    assert f"of 2 certificates the newest is taken, {NEW.fingerprint}" in printed
    assert "newest key" in desk.run("status", "sealed.yaml", "--recovery-private-key", "new.key")


def test_environment_of_kubeseal(desk: Desk) -> None:
    """The variables that ``kubeseal`` reads name the certificate here too."""
    desk.environment["SEALED_SECRETS_CERT"] = "new.crt"
    desk.run("s.yaml", "-o", "sealed.json")

    assert desk.values("sealed.json") == {"password": b"hunter2-hunter2"}


def test_state_that_cannot_be_written(desk: Desk) -> None:
    """Where nothing can be remembered the work is done all the same."""
    desk.environment["XDG_STATE_HOME"] = "/proc/nowhere"
    assert "not remembered" in desk.run("s.yaml", "--cert", "new.crt", "-o", "sealed.yaml")
    assert desk.values("sealed.yaml") == {"password": b"hunter2-hunter2"}
