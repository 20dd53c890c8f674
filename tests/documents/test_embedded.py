"""Values that are files: recognised beyond doubt or not at all, every leaf where it says."""

from __future__ import annotations

import configparser
import json
import tomllib
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from tests.documents.texts import bodies, leaves, yaml_files

from strongroom.documents.embedded import FORMATS, Embedded, Leaf, parse
from strongroom.documents.limits import Limits

Read = dict[tuple[str | int, ...], tuple[str, str]]


def read(name: str, text: str) -> tuple[str, Read]:
    """Return the format and, by path, each value with its source."""
    found = parse(name, text)
    assert found is not None
    return found.format, {leaf.path: (leaf.value, text[leaf.start : leaf.end]) for leaf in found.leaves}


def test_formats_are_listed() -> None:
    """The tuple holds the format of every module of the folder that declares one, under the module's name."""
    folder = Path(str(import_module("strongroom.documents.formats").__file__)).parent
    modules = {path.stem for path in folder.glob("*.py") if "FORMAT = " in path.read_text()}

    assert {each.id for each in FORMATS} == modules
    assert len(FORMATS) == len(modules)


PROPERTIES = "# c\n! c\na.b = v1\npass\\:word:s3\\u0041\\\n   cont\nempty=\n  spaced   =  x y \nu=\\ud83d\\ude00\ttab\\t\nlast=1\\\\"


def test_properties() -> None:
    """Separators, escapes, continuation lines and comments are those of java.util.Properties."""
    kind, found = read("application.properties", PROPERTIES)

    assert kind == "properties"
    assert found == {
        ("a.b",): ("v1", "v1"),
        ("pass:word",): ("s3Acont", "s3\\u0041\\\n   cont"),
        ("empty",): ("", ""),
        ("spaced",): ("x y ", "x y "),
        ("u",): ("😀\ttab\t", "\\ud83d\\ude00\ttab\\t"),
        ("last",): ("1\\", "1\\\\"),
    }


_NAMES = st.text("abcdefgXYZ_", min_size=1, max_size=6)
_LINES = st.text(st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp", "Zs")), max_size=8)
_MAPS = st.dictionaries(_NAMES, _LINES, min_size=1, max_size=4)
_TEXTS = st.text(
    st.one_of(st.sampled_from("\n\t \"'\\#=:$"), st.characters(exclude_categories=("Cs", "Cc"))), max_size=10
)


def _java_escaped(text: str) -> str:
    signs = {"\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r", "\f": "\\f"}
    return "".join(signs.get(sign, sign) for sign in text)


@given(st.dictionaries(_NAMES, _TEXTS, min_size=1, max_size=4))
def test_properties_of_any_value(values: dict[str, str]) -> None:
    """An escaped value is read back, and its source is the escaped value."""
    text = "".join(f"{key}={'' if not value else _lead(_java_escaped(value))}\n" for key, value in values.items())
    assume(all("\x85" not in value and "\u2028" not in value for value in values.values()))

    _, found = read("x.properties", text)

    assert found == {(key,): (value, _lead(_java_escaped(value))) for key, value in values.items()}


def _lead(escaped: str) -> str:
    return "\\" + escaped if escaped.startswith(" ") else escaped


DOTENV = "# c\nexport A=1 # c\nB=\"x\\ny\\\"z\"  # c\nC='q#\\'r\n s'\n\nD=\nE=a#b\n'F' = f f  \nG=\"\"\r\nH=last"


def test_dotenv() -> None:
    """Export, quotes that span lines, escapes and comments are those of python-dotenv."""
    kind, found = read("config/.env", DOTENV)

    assert kind == "dotenv"
    assert found == {
        ("A",): ("1", "1"),
        ("B",): ('x\ny"z', 'x\\ny\\"z'),
        ("C",): ("q#'r\n s", "q#\\'r\n s"),
        ("D",): ("", ""),
        ("E",): ("a#b", "a#b"),
        ("F",): ("f f", "f f"),
        ("G",): ("", ""),
        ("H",): ("last", "last"),
    }


@given(st.dictionaries(_NAMES, _TEXTS, min_size=1, max_size=4))
def test_dotenv_of_any_value(values: dict[str, str]) -> None:
    """A quoted value is read back, and its source is what stands between the quotes."""
    escaped = {key: value.replace("\\", "\\\\").replace('"', '\\"') for key, value in values.items()}
    assume(not any(value.endswith("\\") for value in escaped.values()))  # python-dotenv takes \\" for an escaped quote
    text = "".join(f'{key}="{value}"\n' for key, value in escaped.items())

    _, found = read("a.env", text)

    assert found == {(key,): (value, escaped[key]) for key, value in values.items()}


INI = "# c\n[first]\na = b\n  c\n  d\ne: f = g\n; c\n[second one]\nskip-networking\nempty =\npassword=x ; y\n"


def test_ini() -> None:
    """Sections, both separators, continued values and bare names."""
    kind, found = read("my.cnf", INI)

    assert kind == "ini"
    assert found == {
        ("first", "a"): ("b\nc\nd", "b\n  c\n  d"),
        ("first", "e"): ("f = g", "f = g"),
        ("second one", "empty"): ("", ""),
        ("second one", "password"): ("x ; y", "x ; y"),
    }


@given(st.dictionaries(_NAMES, _MAPS, min_size=1, max_size=3))
def test_ini_as_configparser(sections: dict[str, dict[str, str]]) -> None:
    """What configparser writes and reads, is read as the same, and every source is its value."""
    assume(
        "DEFAULT" not in sections
        and not any(value[:1] in {"#", ";"} for each in sections.values() for value in each.values())
    )
    parser = configparser.RawConfigParser()
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    lines = [
        line for name, each in sections.items() for line in (f"[{name}]", *(f"{k} = {v}" for k, v in each.items()))
    ]
    text = "\n".join(lines)
    parser.read_string(text)

    _, found = read("x.ini", text)

    wanted = {(section, key): value for section in parser.sections() for key, value in parser.items(section)}
    assert found == {path: (value, value) for path, value in wanted.items()}


TOML = (
    'title = """\nab\\\n   c"""\nraw = \'\'\'x\'y\'\'\'\n[a."b.c"]\nx = "q\\n\\u00e9"\ny = [1, "z", {k = \'v\', w.v = 0x1F}, # c\n [[]],]\n'
    "n = 1979-05-27 07:32:00 # c\nb = true\n[[c]]\nn = 1\n[[c]]\nn.m = ''\n[c.d]\ne = -inf\n[[c.f]]\ng = \"h\"\n"
)


def test_toml() -> None:
    """Tables, arrays of tables, dotted keys and every kind of string are found where they stand."""
    kind, found = read("config.toml", TOML)

    assert kind == "toml"
    assert found == {
        ("title",): ("abc", "ab\\\n   c"),
        ("raw",): ("x'y", "x'y"),
        ("a", "b.c", "x"): ("q\né", "q\\n\\u00e9"),
        ("a", "b.c", "y", 0): ("1", "1"),
        ("a", "b.c", "y", 1): ("z", "z"),
        ("a", "b.c", "y", 2, "k"): ("v", "v"),
        ("a", "b.c", "y", 2, "w", "v"): ("0x1F", "0x1F"),
        ("a", "b.c", "n"): ("1979-05-27 07:32:00", "1979-05-27 07:32:00"),
        ("c", 0, "n"): ("1", "1"),
        ("c", 1, "n", "m"): ("", ""),
        ("c", 1, "d", "e"): ("-inf", "-inf"),
        ("c", 1, "f", 0, "g"): ("h", "h"),
    }


def test_toml_with_windows_lines() -> None:
    """Carriage returns shift places, not values."""
    text = 'a = 1\r\nb = "x"\r\n[c]\r\nd = """\r\ny\r\nz"""\r\n'

    assert read("a.toml", text)[1] == {("a",): ("1", "1"), ("b",): ("x", "x"), ("c", "d"): ("y\nz", "y\r\nz")}


_TOML_STRINGS = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=8)


@given(
    st.dictionaries(_TOML_STRINGS, st.one_of(_TOML_STRINGS, st.integers(0, 99), st.lists(_TOML_STRINGS)), min_size=1)
)
def test_toml_of_any_value(values: dict[str, Any]) -> None:
    """The source of any string between quotes, read again, is the string."""
    text = "".join(
        f"{json.dumps(key, ensure_ascii=False)} = {json.dumps(value, ensure_ascii=False)}\n"
        for key, value in values.items()
    )
    assume("\x7f" not in text)
    if parse("a.toml", text) is None:
        assert not any(leaf for leaf in leaves(values) if leaf[1] not in ([], {}))
        return

    for path, (value, source) in read("a.toml", text)[1].items():
        quoted = f'"{source}"' if isinstance(_at(values, path), str) else source
        assert str(tomllib.loads(f"v = {quoted}")["v"]) == value == str(_at(values, path))


def _at(tree: Any, path: tuple[str | int, ...]) -> Any:
    for step in path:
        tree = tree[step]
    return tree


@given(bodies, st.booleans())
def test_json_of_any_value(body: dict[str, Any], ascii_only: bool) -> None:
    """The source of any string or number of JSON, read again, is the value."""
    kind, found = read("config.json", json.dumps(body, ensure_ascii=ascii_only, indent=1))

    wanted = {
        path: value for path, value in leaves(body) if isinstance(value, (str, int)) and not isinstance(value, bool)
    }
    assert kind == "json"
    assert found.keys() == wanted.keys()
    for path, (value, source) in found.items():
        assert json.loads(f'"{source}"' if isinstance(wanted[path], str) else source) == wanted[path]
        assert value == str(wanted[path])


@given(yaml_files())
def test_yaml_of_any_value(text: str) -> None:
    """The leaves of a YAML file are its strings and numbers, and lie in it in the order of their places or aliases."""
    found = parse("values.yaml", text)

    assert found is None or found.format in {"yaml", "json"}
    for leaf in found.leaves if found else ():
        assert 0 <= leaf.start <= leaf.end <= len(text) + 1


def test_yaml() -> None:
    """Scalars of each style are given without quotes, headers and anchors; documents are told apart by their index."""
    kind, found = read(
        "k.yaml", "# é\na: |\n  foo\n  bar\nb: [&x 'it''s', 12, \"q\\\"z\", *x, true, null]\n---\nc: d\n"
    )

    assert kind == "yaml"
    assert found == {
        (0, "a"): ("foo\nbar\n", "foo\n  bar\n"),
        (0, "b", 0): ("it's", "it''s"),
        (0, "b", 1): ("12", "12"),
        (0, "b", 2): ('q"z', 'q\\"z'),
        (0, "b", 3): ("it's", "it''s"),
        (1, "c"): ("d", "d"),
    }


def test_credential_files() -> None:
    """A password file, a netrc and Docker's credentials are known by their names, a kubeconfig by its shape."""
    assert read(".pgpass", "# c\nh:5432:*:u:p\\:w\\\\\n") == (
        "pgpass",
        {
            (1, "host"): ("h", "h"),
            (1, "port"): ("5432", "5432"),
            (1, "database"): ("*", "*"),
            (1, "user"): ("u", "u"),
            (1, "password"): ("p:w\\", "p\\:w\\\\"),
        },
    )
    netrc = 'machine h\n login u # c\n password "p \\"w"\nmacdef init\ncd /x\n\ndefault login a password b#c'
    assert read("_netrc", netrc) == (
        "netrc",
        {
            ("h", "login"): ("u", "u"),
            ("h", "password"): ('p "w', 'p \\"w'),
            ("default", "login"): ("a", "a"),
            ("default", "password"): ("b#c", "b#c"),
        },
    )
    docker = '{"auths":{"r":{"auth":"eA=="}}}'
    assert read(".dockerconfigjson", docker) == ("json", {("auths", "r", "auth"): ("eA==", "eA==")})
    assert read("config", "apiVersion: v1\nkind: Config\nusers:\n- {user: {token: abc}}\n")[1][
        ("users", 0, "user", "token")
    ] == ("abc", "abc")


def test_shapes_without_a_name() -> None:
    """Without a telling name, a text of nothing but assignments, sections or JSON is still known."""
    assert read("data", "A=1\nexport B_C=x\n")[0] == "dotenv"
    assert read("data", "a.b=1\nc.d = x\n")[0] == "properties"
    assert read("data", "[default]\naws_key = x\n")[0] == "ini"
    assert read("data", ' {"a": "b"}')[0] == "json"


NOTHING = [
    ("README.md", "hello: world this is prose\nwith two lines\n"),
    ("notes.yaml", "just some words\n"),
    ("run.sh", "#!/bin/sh\nPASSWORD=x\nexec app\n"),
    ("entry", "A=1\nif [ $A ]; then\n  B=2\nfi\n"),
    ("nginx.conf", "server {\n  listen 80;\n}\n"),
    ("haproxy.cfg", "global\n  daemon\n"),
    ("values.yaml", "{{ if .x }}\na: b\n{{ end }}\n"),
    ("t.json", '{"a": {{ .Values.x }}}'),
    ("a.properties", "some prose, not a pair\n"),
    ("a.properties", "{{- range }}\na=b\n{{- end }}\n"),
    ("a.env", "no equals here\n"),
    ("a.env", "A=1\nnot an assignment\n"),
    ("a.env", 'A="open\nB=2\n'),
    ("x.ini", "a=b without a section\n"),
    ("x.ini", "[s]\nthis is prose\n"),
    ("x.toml", "a = \n"),
    ("x.toml", "[table\n"),
    ("bad.yaml", "a: [\n"),
    ("two.yaml", "a: 1\n--- text\nb: 2\n"),
    ("pgpass", "h:5432:d:u\n"),
    ("netrc", "password before machine\n"),
    ("x", "one = line"),
    ("x", ""),
    ("x.env", "A=1\0"),
    ("x.yaml", "  \n"),
]


@pytest.mark.parametrize(("name", "text"), NOTHING)
def test_nothing_is_guessed(name: str, text: str) -> None:
    """Prose, scripts, templates and broken files are no embedded files."""
    assert parse(name, text) is None


def test_size_is_limited() -> None:
    """A text above the limit is not looked into."""
    assert parse("a.env", "A=1\n", Limits(max_embedded_bytes=4)) == Embedded("dotenv", (Leaf(("A",), "1", 2, 3),))
    assert parse("a.env", "A=1\n", Limits(max_embedded_bytes=3)) is None


@given(st.sampled_from([each.suffixes[0] for each in FORMATS]), st.text("aA=:#[]{}\"'\\\n\r \t-.,/0", max_size=30))
def test_any_text_is_safe(suffix: str, text: str) -> None:
    """Whatever stands in a file, parsing ends with leaves inside the text or with nothing."""
    found = parse(f"x{suffix}", text)

    for leaf in found.leaves if found else ():
        assert 0 <= leaf.start <= leaf.end <= len(text) + 1
