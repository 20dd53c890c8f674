"""Values from literals, files, folders and env files, as kubectl reads them."""

from __future__ import annotations

import base64
import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from strongroom.errors import LimitError, StrongroomError, UsageError
from strongroom.files.secret import inputs
from strongroom.files.secret.names import check_key, check_label, check_label_key, check_name, check_namespace
from strongroom.model.plaintext import Plaintext
from strongroom.model.settings import Settings

VALUE = "hunter2-that-no-message-repeats"


def env(data: bytes, **environment: str) -> list[tuple[str, bytes]]:
    """Return the pairs of the text of an env file."""
    return [(key, value.reveal()) for key, value in inputs.env_values(Plaintext(data), "f.env", environment)]


def test_literal() -> None:
    """A literal is cut at its first equals sign, and an empty value is one."""
    assert [(key, value.reveal()) for key, value in map(inputs.literal, ["a=b=c", "a="])] == [("a", b"b=c"), ("a", b"")]
    for text in ("=b", VALUE, "", f"{VALUE}+/=", f"{VALUE} {VALUE}=", f"..{VALUE}="):
        with pytest.raises(UsageError) as raised:
            inputs.literal(text)
        assert VALUE not in str(raised.value) + raised.value.hint


def test_bytes_that_are_no_text() -> None:
    """Python has such bytes of a command line and of the environment as surrogates; the value has the bytes."""
    outside = os.fsdecode(b"a\xffb")
    assert inputs.literal(f"k={outside}")[1].reveal() == b"a\xffb"
    assert env(b"OUT", OUT=outside) == [("OUT", b"a\xffb")]


def test_env_file() -> None:
    """Lines are cut at the first equals sign and kept as they are behind it; a key alone is taken from outside."""
    text = b'\xef\xbb\xbf# comment\n\n  A=1 \nB="q"\r\nC=x=y\nOUT\nE=\n'
    expected = [("A", b"1 "), ("B", b'"q"'), ("C", b"x=y"), ("OUT", b"from"), ("E", b"")]
    assert env(text, OUT="from") == expected


@pytest.mark.parametrize(
    "text", [b"MISSING", b"1A=b", b"=b", b"a b=c", f"{VALUE} {VALUE}".encode(), b"A=\xff" + VALUE.encode()]
)
def test_env_file_refused(text: bytes) -> None:
    """A line without a key, or that is not UTF-8, is refused by its number and without its text."""
    with pytest.raises(UsageError, match=r"line 2 of f\.env") as raised:
        env(b"A=1\n" + text)
    assert VALUE not in str(raised.value) + raised.value.hint


_LINES = st.lists(
    st.tuples(
        st.sampled_from(["", " ", "\t", "\u00a0", "\x85", "\x1f", "#", "export "]),
        st.text(alphabet="aB_.-1 ", max_size=3),
        st.sampled_from(["=", "==", " = "]),
        st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\n"), max_size=6),
        st.sampled_from(["\n", "\r\n", "\n\n"]),
    ).map("".join),
    max_size=3,
)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(_LINES)
def test_env_file_as_kubectl_reads_it(program: Callable[[str], Path], tmp_path: Path, lines: list[str]) -> None:
    """The real kubectl takes the same values from any env file, or refuses it where we do."""
    file = tmp_path / "f.env"
    file.write_bytes("".join(lines).encode())
    words = ("create", "secret", "generic", "x", f"--from-env-file={file}", "--dry-run=client", "-o", "json")
    done = subprocess.run((str(program("kubectl")), *words), capture_output=True, check=False)
    theirs = json.loads(done.stdout).get("data", {}) if done.returncode == 0 else None
    try:
        found = inputs.gather(inputs.from_env_file(file, {}))
    except StrongroomError:
        ours = None
    else:
        ours = {key: base64.b64encode(value.reveal()).decode() for key, value in found.items()}
    assert ours == theirs


def test_files(tmp_path: Path) -> None:
    """A file has its name or another as its key; of a folder, files count, and neither links nor folders."""
    (tmp_path / "one").write_bytes(b"1\n")
    (tmp_path / "two").write_bytes(b"\x00\xff")
    (tmp_path / "sub").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "one")
    assert [(k, v.reveal()) for k, v in inputs.from_file(f"{tmp_path}/one")] == [("one", b"1\n")]
    assert [(k, v.reveal()) for k, v in inputs.from_file(f"k={tmp_path}/one")] == [("k", b"1\n")]
    assert [(k, v.reveal()) for k, v in inputs.from_file(f"{tmp_path}/one", "named")] == [("named", b"1\n")]
    assert [(k, v.reveal()) for k, v in inputs.from_file(str(tmp_path))] == [("one", b"1\n"), ("two", b"\x00\xff")]


@pytest.mark.parametrize("text", ["=one", "k=", "a=b=c", "k={}", "{}/sub", "{}/nowhere", "k={}/nowhere"])
def test_files_refused(text: str, tmp_path: Path) -> None:
    """What is neither a file nor a folder with files, and a key for a folder, are refused."""
    (tmp_path / "sub").mkdir()
    (tmp_path / "one").write_text("1")
    with pytest.raises(UsageError):
        inputs.from_file(text.format(tmp_path))


def test_size(tmp_path: Path) -> None:
    """All values together may have 1 MiB, as for the API server, and no byte more."""
    half = Plaintext(bytes(inputs.MOST_BYTES // 2))
    assert len(inputs.gather([("a", half), ("b", half)])) == 2
    with pytest.raises(LimitError):
        inputs.gather([("a", half), ("b", half), ("c", Plaintext(b"x"))])
    with (tmp_path / "big").open("wb") as stream:
        os.truncate(stream.fileno(), 1 << 40)
    with pytest.raises(LimitError):
        inputs.read(tmp_path / "big")


def test_a_key_comes_once() -> None:
    """A key that is given twice is refused, whatever the values are."""
    with pytest.raises(UsageError, match="a is given twice"):
        inputs.gather([("a", Plaintext("1")), ("a", Plaintext("1"))])


@pytest.mark.parametrize("key", ["a", "A.b-c_9", ".x", "-", "_", "...x"[2:], "a" * 253])
def test_keys(key: str) -> None:
    """What the API server takes for a key is one."""
    check_key(key)


@pytest.mark.parametrize("key", ["", ".", "..", "..x", "a b", "ä", "a/b", "a=b", "a\n", "a" * 254])
def test_keys_refused(key: str) -> None:
    """What the API server takes for no key is none."""
    with pytest.raises(UsageError):
        check_key(key)


def test_names() -> None:
    """A name is a DNS subdomain, and as the convention of the project wants it."""
    convention = Settings().name_pattern
    for name in ("a", "a-b", "0a", "a" * 253):
        check_name(name, convention)
    check_name("a.b", ".*")
    for name, pattern in (("A", ".*"), ("-a", ".*"), ("a.", ".*"), ("a" * 254, ".*"), ("a_b", ".*"), ("", ".*")):
        with pytest.raises(UsageError):
            check_name(name, pattern)
    with pytest.raises(UsageError, match="name-pattern"):
        check_name("db", "[a-z]+-secret")
    with pytest.raises(UsageError, match="name-pattern"):
        check_name("a.b", convention)


def test_namespaces_and_labels() -> None:
    """A namespace is a DNS label, and a label has at most 63 characters that Kubernetes takes."""
    check_namespace("a-1")
    check_label("", "x")
    check_label("Team_1.x", "x")
    for name in ("a.b", "A", "", "a" * 64):
        with pytest.raises(UsageError):
            check_namespace(name)
    for key in ("a", "Team_1.x", "example.com/a", "a" * 63):
        check_label_key(key)
    for key in ("", "a b", "/a", "a/", "a/b/c", "A.com/a", "a" * 64, "a" * 254 + "/a", "-a"):
        with pytest.raises(UsageError):
            check_label_key(key)
    for value in ("-a", "a b", "a" * 64, "ä"):
        with pytest.raises(StrongroomError):
            check_label(value, "x")
