"""``strongroom secret create``: what kubectl would make, but never in plain."""

from __future__ import annotations

import base64
import json
import os
import pty
import re
import select
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.files.repository import Repository
from tests.support import sealing_keys

Program = Callable[[str], Path]
VALUE = "hunter2-that-no-message-repeats"


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """A folder with a key and a rule, and files to make Secrets of."""
    found = Repository(tmp_path)
    found.write("one", "1\n")
    found.write("two", b"\x00\xff")
    found.write("folder/a", "x")
    found.write("folder/b.txt", "y")
    found.write("folder/sub/c", "z")
    found.write("f.env", '# comment\nA=1\nB= two words \nC="q"=x\n\n  D=4\nHOME\n')
    found.write("config.json", '{"auths":{"r":{"auth":"YTpi"}}}')
    for name in ("tls", "other"):
        command = f"req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN={name} -days 9"
        found.run("openssl", *command.split(), "-keyout", f"{name}.key", "-out", f"{name}.crt")
    return found


def made(repository: Repository, *words: str, stdin: bytes = b"") -> dict[str, Any]:
    """Return the Secret that was made, as the real sops decrypts it."""
    done = repository.strongroom("secret", "create", *words, "-o", "-", stdin=stdin)
    assert b"ENC[" in done.out or b"data:" not in done.out
    plain = repository.sops("decrypt", "--input-type", "yaml", "--output-type", "yaml", "/dev/stdin", stdin=done.out)
    found: dict[str, Any] = yaml.safe_load(plain)
    return found


def refused(repository: Repository, *words: str, stdin: bytes = b"") -> str:
    """Return what is said where nothing is made."""
    before = sorted(path.name for path in repository.root.iterdir())
    done = repository.strongroom("secret", "create", *words, stdin=stdin, check=False)
    assert (done.code, done.out) == (2, b"")
    assert sorted(path.name for path in repository.root.iterdir()) == before
    assert VALUE not in done.err
    return done.err


AS_KUBECTL = (
    "generic x --from-literal=a=b --from-literal=c=d=e --from-literal=e=",
    "generic x --from-file=one --from-file=k=two",
    "generic x --from-file=folder",
    "generic x --from-env-file=f.env",
    "generic x --from-literal=a=b --type=example.com/thing",
    "generic x --from-file=ssh-privatekey=tls.key --type=kubernetes.io/ssh-auth",
    "generic x --from-literal=username=ann --from-literal=password=p --type=kubernetes.io/basic-auth -n shop",
    "tls x --cert=tls.crt --key=tls.key",
    "docker-registry x --docker-server=r.example --docker-username=ann --docker-password=<p&> --docker-email=a@b.example",
    "docker-registry x --docker-username=ann --docker-password=päss",
    "docker-registry x --from-file=.dockerconfigjson=config.json",
)


@pytest.mark.parametrize("words", AS_KUBECTL)
def test_the_same_as_kubectl(words: str, repository: Repository, program: Program) -> None:
    """The same words make the same data and type as the real kubectl makes of them."""
    out = repository.run(program("kubectl"), "create", "secret", *words.split(), "--dry-run=client", "-o", "yaml").out
    theirs = yaml.safe_load(out)
    ours = made(repository, *words.split())
    assert ours.get("data", {}) == theirs.get("data", {})
    assert ours["type"] == theirs.get("type", "Opaque")
    assert ours["metadata"]["name"] == theirs["metadata"]["name"]
    assert ours["metadata"].get("namespace") == theirs["metadata"].get("namespace")


AS_KUBECTL_REFUSES = (
    "generic x --from-literal=novalue",
    "generic x --from-literal==v",
    "generic x --from-file=nowhere",
    "generic x --from-file=a=b=c",
    "generic x --from-file=k=folder",
    "generic x --from-file==one",
    "generic x --from-env-file=tls.key",
    "generic x --from-env-file=folder",
    "generic x --from-literal=a=1 --from-literal=a=2",
    "generic x --from-literal=a/b=1",
    "generic x --from-literal=..=1",
    "tls x --cert=tls.crt --key=other.key",
    "tls x --cert=one --key=tls.key",
    "tls x --cert=tls.crt --key=one",
    "tls x --cert=nowhere --key=tls.key",
    "tls x --cert=tls.crt",
    "docker-registry x --docker-username=ann",
)


@pytest.mark.parametrize("words", AS_KUBECTL_REFUSES)
def test_refused_as_kubectl_refuses(words: str, repository: Repository, program: Program) -> None:
    """What the real kubectl refuses is refused, and no file is left."""
    command = ("create", "secret", *words.split(), "--dry-run=client", "-o", "yaml")
    assert repository.run(program("kubectl"), *command, check=False).code != 0
    refused(repository, *words.split())


@pytest.mark.parametrize(
    "words",
    [
        "db --from-literal=a=b --type=kubernetes.io/tls",
        "db --from-literal=a=b --type=kubernetes.io/basic-auth",
        "db --from-literal=a=b --type=kubernetes.io/ssh-auth",
        "db --from-literal=a=b --type=kubernetes.io/dockerconfigjson",
        "db --from-literal=a=b --type=kubernetes.io/service-account-token",
        "db --from-literal=a=b --type=bootstrap.kubernetes.io/token",
        "db --from-literal=.dockerconfigjson=text --type=kubernetes.io/dockerconfigjson",
        "tls db --cert=tls.crt --key=tls.key --type=Opaque",
        "Db --from-literal=a=b",
        "d_b --from-literal=a=b",
        "db",
        "db more words",
        "strange db --from-literal=a=b",
        "db --from-literal=a=b -n UP",
        "db --from-literal=a=b --label=x",
        "db --from-literal=a=b --label=a/b/c=x",
        "db --from-literal=a=b --owner=not/a/label",
        "db --from-literal=a=b --cert=tls.crt",
        "db --generate=a",
        "db --generate=a=password:3",
        "db --from-literal=a=b --seal --apply",
        "db --from-literal=a=b --dry-run",
        "db --from-literal=a=b --scope=strict",
        "db --from-literal=a=b --output=db.json",
    ],
)
def test_refused(words: str, repository: Repository) -> None:
    """What the API server would refuse, and what makes no sense, is refused, and no file is left."""
    refused(repository, *words.split())


def test_a_file_by_the_rule(repository: Repository) -> None:
    """Without more, an encrypted file is written next to where one stands, with marks of owner, version and time."""
    done = repository.strongroom("secret", "create", "db", "--owner", "pay", "--from-stdin", "p", stdin=VALUE.encode())
    assert (done.out, done.err) == (b"", "wrote db.sops.yaml\n")
    text = (repository.root / "db.sops.yaml").read_text()
    assert VALUE not in text
    found = yaml.safe_load(text)
    labels = {
        "app.kubernetes.io/managed-by": "strongroom",
        "strongroom.dev/owner": "pay",
        "strongroom.dev/version": "1",
    }
    assert found["metadata"]["labels"] == labels
    assert re.fullmatch(
        r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ", found["metadata"]["annotations"]["strongroom.dev/rotated-at"]
    )
    assert repository.sops("decrypt", "--extract", '["data"]["p"]', "db.sops.yaml") == base64.b64encode(VALUE.encode())


def test_what_is_there_is_kept(repository: Repository) -> None:
    """A file that is there is not overwritten; with --replace it is, and the version is one more."""
    words = ("secret", "create", "db", "--generate", "p=hex")
    repository.strongroom(*words)
    before = (repository.root / "db.sops.yaml").read_bytes()
    done = repository.strongroom(*words, check=False)
    assert (done.code, "is there already" in done.err) == (2, True)
    assert (repository.root / "db.sops.yaml").read_bytes() == before
    for version in ("2", "3"):
        repository.strongroom(*words, "--replace")
        found = yaml.safe_load((repository.root / "db.sops.yaml").read_text())
        assert found["metadata"]["labels"]["strongroom.dev/version"] == version


def test_a_rule_that_hides_nothing(repository: Repository) -> None:
    """A rule under which a value would stay in plain is an error, and nothing is written."""
    for rule in ("encrypted_regex: ^password$", "unencrypted_regex: ^data$"):
        text = f"creation_rules:\n- age: {repository.recipient}\n  {rule}\n"
        repository.write(".sops.yaml", text)
        assert "leaves data.a in plain" in refused(repository, "db", f"--from-literal=a={VALUE}")


def test_without_a_rule(repository: Repository) -> None:
    """Where nothing says who can open it, nothing is written; the way out is told."""
    (repository.root / ".sops.yaml").unlink()
    assert "strongroom file init" in refused(repository, "db", f"--from-literal=a={VALUE}")


def test_generated_values(repository: Repository) -> None:
    """Generators give each its own key, and pairs their two; a certificate makes a Secret of its type."""
    data = made(repository, "x", "--generate", "p=password:40", "--generate", "k=ssh-ed25519:me")["data"]
    assert set(data) == {"p", "k", "k.pub"}
    assert len(base64.b64decode(data["p"])) == 40
    secret = made(repository, "tls", "x", "--generate", "tls=tls:shop.example")
    assert (secret["type"], set(secret["data"])) == ("kubernetes.io/tls", {"tls.crt", "tls.key"})
    secret = made(repository, "bootstrap-token", "bootstrap-token-abc123")
    assert (secret["metadata"]["namespace"], secret["data"]["token-id"]) == ("kube-system", "YWJjMTIz")
    secret = made(repository, "service-account-token", "x", "--service-account", "robot")
    assert secret["metadata"]["annotations"]["kubernetes.io/service-account.name"] == "robot"
    assert "data" not in secret


def test_passwords_of_types(repository: Repository) -> None:
    """The password of a type comes from standard input or a generator, under the name of its option."""
    words = ("--docker-server", "r", "--docker-username", "ann", "--from-stdin", "docker-password")
    secret = made(repository, "docker-registry", "x", *words, stdin=b"p")
    config = json.loads(base64.b64decode(secret["data"][".dockerconfigjson"]))
    assert config == {"auths": {"r": {"username": "ann", "password": "p", "auth": "YW5uOnA="}}}
    secret = made(repository, "basic-auth", "x", "--username", "ann", "--generate", "password=hex:8")
    assert set(secret["data"]) == {"username", "password"}
    assert set(made(repository, "basic-auth", "x", "--from-literal=password=p")["data"]) == {"password"}
    assert "given twice" in refused(
        repository, "basic-auth", "x", "--username=ann", "--password=p", "--from-literal=password=p"
    )


def test_refused_before_anybody_is_asked(repository: Repository) -> None:
    """A file that is there, and a rule that is not, are told before a value is asked for."""
    repository.write("db.sops.yaml", "x")
    shown, code = typed(repository, ("secret", "create", "db", "--prompt", "password"))
    assert (code, "is there already" in shown, "password:" in shown) == (2, True, False)
    (repository.root / ".sops.yaml").unlink()
    shown, code = typed(repository, ("secret", "create", "new", "--prompt", "password"))
    assert (code, "strongroom file init" in shown, "password:" in shown) == (2, True, False)


def test_readable_in_an_editor(repository: Repository) -> None:
    """With --string-data text stands readable in the decrypted file, and bytes that are no text under data."""
    found = made(repository, "x", "--string-data", "--from-file=two", "--from-literal=a=b: c")
    assert (found["stringData"], found["data"]) == ({"a": "b: c"}, {"two": "AP8="})


def test_warnings(repository: Repository) -> None:
    """A value on the command line is accepted with a warning, and the end of a line in a value is told."""
    done = repository.strongroom("secret", "create", "a", f"--from-literal=a={VALUE}", "-o", "-")
    assert "warning: --from-literal" in done.err
    assert VALUE not in done.err + done.out.decode()
    done = repository.strongroom("secret", "create", "a", "--from-stdin", "p", "-o", "-", stdin=VALUE.encode() + b"\n")
    assert "the value of p ends with the end of its line" in done.err
    assert VALUE not in done.err


def test_naming_convention(repository: Repository) -> None:
    """A name that is not as strongroom.toml wants it is refused."""
    repository.write("strongroom.toml", "[conventions]\nname-pattern = '[a-z]+-secret'\n")
    assert "name-pattern" in refused(repository, "db", "--generate=a=hex")
    made(repository, "db-secret", "--generate=a=hex")


_CONTROLLED = """
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.executable, [sys.executable, "-m", "strongroom", *sys.argv[1:]])
"""


def typed(repository: Repository, words: tuple[str, ...], *answers: str) -> tuple[str, int]:
    """Run strongroom on a terminal of its own and answer its questions; return what the terminal shows."""
    master, slave = pty.openpty()
    started = subprocess.Popen(
        [sys.executable, "-c", _CONTROLLED, *words],
        cwd=repository.root,
        env=repository.environment,
        stdin=slave,
        stdout=slave,
        stderr=slave,
        start_new_session=True,
    )
    os.close(slave)
    shown, left = b"", list(answers)
    while select.select([master], [], [], 60)[0]:
        try:
            piece = os.read(master, 4096)
        except OSError:  # Linux answers so when the other side is closed
            break
        shown += piece
        if left and shown.rstrip(b" ").endswith(b":"):
            os.write(master, left.pop(0).encode() + b"\n")
            shown += b"\n"
    os.close(master)
    return shown.decode(), started.wait(60)


def test_asked_for(repository: Repository) -> None:
    """A value is asked for twice and not shown; two that differ make nothing."""
    words = ("secret", "create", "db", "--prompt", "password", "--owner", "pay")
    shown, code = typed(repository, words, VALUE, VALUE + "x")
    assert (code, "is something else" in shown, VALUE in shown) == (2, True, False)
    assert not (repository.root / "db.sops.yaml").exists()
    shown, code = typed(repository, words, VALUE, VALUE)
    assert (code, "wrote db.sops.yaml" in shown, VALUE in shown) == (0, True, False)
    found = repository.sops("decrypt", "--extract", '["data"]["password"]', "db.sops.yaml")
    assert base64.b64decode(found) == VALUE.encode()


def test_parts_are_asked_for(repository: Repository) -> None:
    """A password that a type needs and was not given is asked for unseen, a name seen."""
    shown, code = typed(repository, ("secret", "create", "basic-auth", "db", "-o", "db.yaml"), "ann", VALUE, VALUE)
    assert (code, VALUE in shown, "username" in shown) == (0, False, True)
    data = yaml.safe_load(repository.sops("decrypt", "db.yaml"))["data"]
    assert {key: base64.b64decode(value) for key, value in data.items()} == {
        "username": b"ann",
        "password": VALUE.encode(),
    }


def test_nobody_to_ask(repository: Repository) -> None:
    """Without a terminal nothing is asked, and the ways that need none are told."""
    command = [sys.executable, "-m", "strongroom", "secret", "create", "db", "--prompt", "p"]
    done = subprocess.run(
        command,
        cwd=repository.root,
        env=repository.environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        start_new_session=True,
        check=False,
    )
    assert done.returncode == 2
    assert b"--from-stdin p" in done.stderr


def test_editor(repository: Repository, tmp_path: Path) -> None:
    """Values are written in an editor, in a file in memory for its owner alone, of which nothing stays."""
    editor = tmp_path / "editor"
    editor.write_text(
        f'#!/bin/sh\nls -l "$1" > {tmp_path}/seen\necho "$1" >> {tmp_path}/seen\necho "p={VALUE}" >> "$1"\n'
    )
    editor.chmod(0o755)
    repository.environment["EDITOR"] = str(editor)
    assert made(repository, "x", "--edit")["data"] == {"p": base64.b64encode(VALUE.encode()).decode()}
    seen = (tmp_path / "seen").read_text().split()
    assert seen[0] == "-rw-------"
    assert not Path(seen[-1]).parent.exists()
    editor.write_text('#!/bin/sh\necho "not a line" >> "$1"\n')
    assert "does not begin with a key" in refused(repository, "x", "--edit")
    editor.write_text("#!/bin/sh\nexit 1\n")
    assert "failed" in refused(repository, "x", "--edit")


def test_what_came_meanwhile_is_kept(repository: Repository, tmp_path: Path) -> None:
    """A file that somebody else wrote while a person was in the editor stays."""
    editor = tmp_path / "editor"
    editor.write_text(f'#!/bin/sh\necho theirs > {repository.root}/x.sops.yaml\necho "p={VALUE}" >> "$1"\n')
    editor.chmod(0o755)
    repository.environment["EDITOR"] = str(editor)
    done = repository.strongroom("secret", "create", "x", "--edit", check=False)
    assert (done.code, "is there already" in done.err) == (2, True)
    assert (repository.root / "x.sops.yaml").read_text() == "theirs\n"


def test_sealed(repository: Repository, program: Program, tmp_path: Path) -> None:
    """A SealedSecret holds what the real kubeseal recovers with the private key: values, type, labels."""
    key, certificate = sealing_keys.pair(0).write(tmp_path, "sealing")
    words = ("secret", "create", "basic-auth", "db", "-n", "shop", "--seal", "--seal-cert", str(certificate))
    values = ("--from-literal=username=ann", "--from-stdin", "password")
    repository.strongroom(*words, *values, "--owner", "pay", stdin=VALUE.encode())
    text = (repository.root / "db.sealed.yaml").read_text()
    assert VALUE not in text
    assert yaml.safe_load(text)["kind"] == "SealedSecret"
    command = ("--recovery-unseal", "--recovery-private-key", key, "-o", "yaml")
    found = yaml.safe_load(repository.run(program("kubeseal"), *command, stdin=text.encode()).out)
    assert {name: base64.b64decode(value) for name, value in found["data"].items()} == {
        "username": b"ann",
        "password": VALUE.encode(),
    }
    assert found["type"] == "kubernetes.io/basic-auth"
    assert found["metadata"]["labels"]["strongroom.dev/owner"] == "pay"
    repository.strongroom(*words, *values, "--replace", stdin=VALUE.encode())
    again = yaml.safe_load((repository.root / "db.sealed.yaml").read_text())
    assert again["spec"]["template"]["metadata"]["labels"]["strongroom.dev/version"] == "2"
    assert again["spec"]["encryptedData"] == yaml.safe_load(text)["spec"]["encryptedData"]
