"""What a whole file is, by what it holds."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from strongroom.documents.yaml import BadDocument, read
from strongroom.leaks.files.kinds import LARGEST, interesting
from strongroom.leaks.files.sops import fact_of_sops
from strongroom.leaks.judgement import judge_password, judge_token
from strongroom.leaks.names import Promise, promise
from strongroom.leaks.nature import is_ciphertext
from strongroom.leaks.recognisers import named, private_key, url_password
from strongroom.leaks.recognisers.contract import Mark
from strongroom.model.file import FileFact, FileKind
from strongroom.model.finding import Confidence
from strongroom.model.origin import Origin
from strongroom.model.place import Context, Nature
from strongroom.model.resource import as_dict, as_list, as_text

_SOPS_MARK = re.compile(r"^\s*\"?sops(?:_mac)?\"?\s*[:=]", re.MULTILINE)
_ASSIGNMENT = re.compile(
    r"^[ \t]*(?:export[ \t]+)?(?P<name>[A-Za-z_][\w.-]*)[ \t]*[=:][ \t]*(?P<value>[^\n]*)$", re.MULTILINE
)
_KEYSTORES = (
    (b"\xfe\xed\xfe\xed", "Java keystore"),
    (b"\xce\xce\xce\xce", "JCE keystore"),
    (b"\x03\xd9\xa2\x9a", "KeePass database"),
)
_DER_SEQUENCE = b"\x30\x82"


class Seen(msgspec.Struct, frozen=True):
    """What was seen in a file: whether a credential, in which words, and where in the text."""

    holds: bool
    detail: str
    offset: int = 0


def facts_of_file(path: str, data: bytes, origin: Origin) -> Iterator[FileFact]:
    """Yield the facts of one file; nothing where it only has the name of a credential file, but nothing of its form.

    Args:
        path: the file's path; its name says what it may be.
        data: its contents; at most `LARGEST` bytes are looked at.
        origin: the file.
    """
    kind = interesting(path)
    if kind is FileKind.DOCKERFILE or len(data) > LARGEST:
        return
    if kind is FileKind.KEYSTORE:
        yield from _of_keystore(data, origin)
        return
    text = data.decode("utf-8", "replace").removeprefix("\ufeff")
    if _SOPS_MARK.search(text):
        yield from _of_sops(path, data, text, origin)
    elif kind is not None and kind in _READERS:
        seen = _READERS[kind](text)
        if seen is not None:
            yield FileFact(kind, _at(origin, text, seen.offset), seen.holds, seen.detail)


def _at(origin: Origin, text: str, offset: int) -> Origin:
    before = text[:offset]
    line, column = before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1
    return msgspec.structs.replace(origin, line=line, column=column)


def _of_keystore(data: bytes, origin: Origin) -> Iterator[FileFact]:
    for magic, detail in _KEYSTORES:
        if data.startswith(magic):
            yield FileFact(FileKind.KEYSTORE, origin, True, detail)
            return
    if data.startswith(_DER_SEQUENCE):
        yield FileFact(FileKind.KEYSTORE, origin, True, "PKCS #12 keystore")


def _of_sops(path: str, data: bytes, text: str, origin: Origin) -> Iterator[FileFact]:
    if path.lower().endswith((".env", ".ini")):
        yield _sops_lines(text, origin)
        return
    for document in read(data):
        if not isinstance(document, BadDocument):
            place = msgspec.structs.replace(origin, document=document.index, line=document.line)
            fact = fact_of_sops(document.body, place)
            if fact is not None:
                yield fact


def _sops_lines(text: str, origin: Origin) -> FileFact:
    """A dotenv or INI file that SOPS encrypted: its metadata are lines too."""
    left = [
        _at(origin, text, match.start("value"))
        for match in _ASSIGNMENT.finditer(text)
        if not match["name"].startswith(("sops_", "sops"))
        and not match["name"].endswith("_unencrypted")
        and match["value"].strip()
        and not is_ciphertext(match["value"].strip().strip("\"'"))
        and "[sops]" not in text[: match.start()]
    ]
    return FileFact(FileKind.SOPS, origin, bool(left), "lines in plain text" if left else "encrypted", tuple(left))


def _private_key(text: str) -> Seen | None:
    for mark in private_key.RECOGNISER.find(text, ""):
        if mark.nature is Nature.SECRET:
            return Seen(True, "private key without a passphrase", mark.start)
        if mark.nature is Nature.CIPHERTEXT:
            return Seen(False, "private key, encrypted", mark.start)
    if text.startswith("PuTTY-User-Key-File-"):
        encrypted = "\nEncryption: none" not in text.replace("\r", "")
        return Seen(not encrypted, "PuTTY private key" + (", encrypted" if encrypted else ""))
    match = re.search(r"AGE-SECRET-KEY-1[0-9A-Z]{40,}", text)
    return Seen(True, "age identity", match.start()) if match else None


def _kubeconfig(text: str) -> Seen | None:
    for document in read(text.encode("utf-8", "replace")):
        body = None if isinstance(document, BadDocument) else document.body
        if isinstance(body, dict) and isinstance(body.get("users"), list):
            return _kubeconfig_users(body, text)
    return None


def _kubeconfig_users(body: dict[str, Any], text: str) -> Seen:
    for entry in as_list(body.get("users")):
        user = as_dict(as_dict(entry).get("user"))
        for key, detail in (("client-key-data", "client key"), ("token", "token"), ("password", "password")):
            value = as_text(user.get(key))
            if value and _is_believable(key, value):
                return Seen(True, f"{detail} of a user", max(text.find(f"{key}:"), text.find(f'"{key}"'), 0))
    return Seen(False, "no credential inside")


def _is_believable(key: str, value: str) -> bool:
    if key == "client-key-data":
        return value.startswith("LS0tLS1C") and len(value) > 100
    judged = judge_password(value) if key == "password" else judge_token(value, Promise.TOKEN)
    return judged.nature is Nature.SECRET and judged.confidence > Confidence.LOW


def _dotenv(text: str) -> Seen | None:
    lines = 0
    for match in _ASSIGNMENT.finditer(text):
        lines += 1
        if _is_secret_setting(match["name"], match["value"]):
            return Seen(True, f"{match['name']} has a value", match.start())
    return Seen(False, "no credential inside") if lines else None


def _is_secret_setting(name: str, written: str) -> bool:
    value = re.sub(r"\s+#.*$", "", written.strip())
    value = value[1:-1] if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'" else value
    if not value:
        return False
    if any(_is_sure(mark) for mark in url_password.RECOGNISER.find(value, name)):
        return True
    return _is_sure(named.find(name, value, Context.FILE))


def _is_sure(mark: Mark | None) -> bool:
    return mark is not None and mark.nature is Nature.SECRET and mark.confidence > Confidence.LOW


def _json(text: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return None


def _docker_config(text: str) -> Seen | None:
    body = as_dict(_json(text))
    registries = as_dict(body.get("auths")) or {key: value for key, value in body.items() if "auth" in as_dict(value)}
    if not registries:
        return None
    for entry in registries.values():
        for key in ("auth", "password", "identitytoken"):
            if as_text(as_dict(entry).get(key)):
                return Seen(True, "credentials of a registry", max(text.find(f'"{key}"'), 0))
    return Seen(False, "registries without credentials")


def _terraform_state(text: str) -> Seen | None:
    body = as_dict(_json(text))
    if "terraform_version" not in body and "lineage" not in body:
        return None
    for resource in as_list(body.get("resources")):
        for instance in as_list(as_dict(resource).get("instances")):
            found = _sensitive(as_dict(instance).get("attributes"), 0)
            if found:
                return Seen(True, f"value of {found}", max(text.find(f'"{found}"'), 0))
    for name, output in as_dict(body.get("outputs")).items():
        if as_dict(output).get("sensitive") is True and as_dict(output).get("value"):
            return Seen(True, f"sensitive output {name}", max(text.find(f'"{name}"'), 0))
    return Seen(False, "no credential inside")


def _sensitive(value: Any, depth: int) -> str:
    """Return the name of the first attribute that holds a credential."""
    if depth > 12:
        return ""
    if isinstance(value, list):
        return next((found for child in value if (found := _sensitive(child, depth + 1))), "")
    for key, child in as_dict(value).items():
        if isinstance(child, str) and child and promise(key) is not None:
            if "PRIVATE KEY-----" in child or _is_sure(named.find(key, child, Context.FILE)):
                return key
        elif isinstance(child, (dict, list)) and (found := _sensitive(child, depth + 1)):
            return found
    return ""


def _service_account(text: str) -> Seen | None:
    body = as_dict(_json(text))
    if body.get("type") == "service_account":
        marks = private_key.RECOGNISER.find(as_text(body.get("private_key")), "")
        holds = any(mark.nature is Nature.SECRET for mark in marks)
        return Seen(holds, "private key of a Google Cloud service account", max(text.find('"private_key"'), 0))
    if body.get("type") == "authorized_user" and as_text(body.get("refresh_token")):
        return Seen(True, "refresh token of a Google Cloud user", max(text.find('"refresh_token"'), 0))
    if as_text(body.get("clientSecret")) and as_text(body.get("tenantId")):
        holds = _is_secret_setting("clientSecret", body["clientSecret"])
        return Seen(holds, "client secret of an Azure service principal", text.find('"clientSecret"'))
    return None


def _cloud_credentials(text: str) -> Seen | None:
    if re.fullmatch(r"\s*(?:hv[sb]\.|s\.)[\w.-]{20,}\s*", text):
        return Seen(True, "Vault token")
    match = re.search(r"\b(?:AKIA|ASIA)[A-Z2-7]{16}\b", text)
    if match and "EXAMPLE" not in match[0]:
        return Seen(True, "AWS access key", match.start())
    return _dotenv(text) or _quoted_settings(text)


def _quoted_settings(text: str) -> Seen | None:
    for match in re.finditer(r"[\"'](?P<name>[\w.-]{3,60})[\"']\s*:\s*[\"'](?P<value>[^\"'\n]{6,4096})[\"']", text):
        if _is_secret_setting(match["name"], match["value"]):
            return Seen(True, f"{match['name']} has a value", match.start())
    return None


def _password_file(text: str) -> Seen | None:
    for pattern, detail in _PASSWORD_LINES:
        for match in pattern.finditer(text):
            if detail == _HASHES:
                return Seen(True, detail, match.start())
            judged = judge_password(match["password"].strip().strip("\"'"))
            if judged.nature is Nature.SECRET:
                return Seen(True, detail, match.start())
    return Seen(False, "no credential inside") if text.strip() else None


_HASHES = "password hashes"
_PASSWORD_LINES = tuple(
    (re.compile(pattern, re.MULTILINE), detail)
    for pattern, detail in (
        (r"^(?!#)[^:\n]+:(?:\d+|\*):[^:\n]+:[^:\n]+:(?P<password>[^\n]+)$", "passwords of PostgreSQL"),
        (r"\bmachine\s+\S+\s+login\s+\S+\s+password\s+(?P<password>\S+)", "passwords of hosts"),
        (r"^https?://[^:\s/]+:(?P<password>[^@\s]+)@", "passwords of Git hosts"),
        (r"(?:^|:)_(?:authToken|password|auth)\s*=\s*(?P<password>\S+)", "token of a package registry"),
        (r"^\s*(?:password|npmAuthToken)\s*[=:]\s*(?P<password>\S+)", "password"),
        (r"^[\w.@-]+:(?:\$(?:2[aby]|apr1|5|6)\$|\{SHA\})(?P<password>\S+)$", _HASHES),
        (r'^[ \t]*"(?:[^"\n]|"")+"[ \t]+"(?P<password>(?:[^"\n]|"")+)"', "passwords of PgBouncer"),
        (r'^[ \t]*"(?:[^"\n]|"")+"[ \t]+"(?P<password>md5[0-9a-f]{32}|SCRAM-SHA-256\$[^"\n]+)"', _HASHES),
    )
)

_READERS: dict[FileKind, Callable[[str], Seen | None]] = {
    FileKind.PRIVATE_KEY: _private_key,
    FileKind.KUBECONFIG: _kubeconfig,
    FileKind.DOTENV: _dotenv,
    FileKind.DOCKER_CONFIG: _docker_config,
    FileKind.TERRAFORM_STATE: _terraform_state,
    FileKind.SERVICE_ACCOUNT_JSON: _service_account,
    FileKind.CLOUD_CREDENTIALS: _cloud_credentials,
    FileKind.PASSWORD_FILE: _password_file,
}
