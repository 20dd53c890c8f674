"""An age plugin of a few lines, ``age-plugin-tiny`` (https://c2sp.org/age-plugin), and keys for it.

It says "touch", asks for a PIN, and pads the file key with a digest of the key that its identity and recipient share.
As a program it is run by its path, so that it imports nothing of ours.
"""

from __future__ import annotations

import base64
import hashlib
import os
import sys
from pathlib import Path

PIN = "1234"
_LETTERS = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_COLUMNS = 64


def install(folder: Path) -> None:
    """Put the plugin into a folder of the path."""
    program = folder / "age-plugin-tiny"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -I -S "{Path(__file__).resolve()}" "$@"\n')
    program.chmod(0o755)


def new_key() -> tuple[str, str]:
    """An identity and its recipient."""
    key = os.urandom(32)
    return bech32("age-plugin-tiny-", key).upper(), bech32("age1tiny", key)


def bech32(prefix: str, data: bytes) -> str:
    """Encode as BIP 173 does, without its bound on the length."""
    bits = "".join(f"{byte:08b}" for byte in data)
    bits += "0" * (-len(bits) % 5)
    words = [int(bits[place : place + 5], 2) for place in range(0, len(bits), 5)]
    expanded = [ord(c) >> 5 for c in prefix] + [0] + [ord(c) & 31 for c in prefix]
    checksum = _polymod([*expanded, *words, 0, 0, 0, 0, 0, 0]) ^ 1
    words += [checksum >> 5 * (5 - place) & 31 for place in range(6)]
    return prefix + "1" + "".join(_LETTERS[word] for word in words)


def _polymod(words: list[int]) -> int:
    value = 1
    for word in words:
        top = value >> 25
        value = (value & 0x1FFFFFF) << 5 ^ word
        for bit, generator in enumerate((0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)):
            value ^= generator if top >> bit & 1 else 0
    return value


def _key_of(text: str) -> bytes:
    words = [_LETTERS.index(letter) for letter in text.lower().rpartition("1")[2]][:-6]
    bits = "".join(f"{word:05b}" for word in words)
    return int(bits[:256], 2).to_bytes(32, "big")


def _encoded(data: bytes) -> str:
    return base64.b64encode(data).decode().rstrip("=")


def _decoded(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4))


def _send(command: str, *arguments: str, body: bytes = b"") -> None:
    text = _encoded(body)
    lines = [text[place : place + _COLUMNS] for place in range(0, len(text), _COLUMNS)]
    if len(text) % _COLUMNS == 0:
        lines.append("")
    sys.stdout.write(" ".join(("->", command, *arguments)) + "\n" + "\n".join(lines) + "\n")
    sys.stdout.flush()


def _receive() -> tuple[list[str], bytes]:
    words = sys.stdin.readline().split()[1:]
    text = ""
    while True:
        line = sys.stdin.readline().rstrip("\n")
        text += line
        if len(line) < _COLUMNS:
            return words, _decoded(text)


def _phase() -> list[tuple[list[str], bytes]]:
    commands: list[tuple[list[str], bytes]] = []
    while True:
        command = _receive()
        if command[0] == ["done"]:
            return commands
        commands.append(command)


def _padded(file_key: bytes, key: bytes) -> bytes:
    pad = hashlib.sha256(b"pad" + key).digest()
    return bytes(left ^ right for left, right in zip(file_key, pad, strict=False))


def _tag(key: bytes) -> str:
    return _encoded(hashlib.sha256(key).digest()[:4])


def _wrap(commands: list[tuple[list[str], bytes]]) -> None:
    keys = [_key_of(words[1]) for words, _ in commands if words[0] == "add-recipient"]
    files = [body for words, body in commands if words[0] == "wrap-file-key"]
    for number, file_key in enumerate(files):
        for key in keys:
            _send("recipient-stanza", str(number), "tiny", _tag(key), body=_padded(file_key, key))
            _receive()


def _unwrap(commands: list[tuple[list[str], bytes]]) -> None:
    keys = {_tag(key): key for words, _ in commands if words[0] == "add-identity" for key in [_key_of(words[1])]}
    for words, body in commands:
        if words[0] == "recipient-stanza" and words[2] == "tiny" and words[3] in keys:
            _send("msg", body=b"touch the tiny key")
            _receive()
            _send("request-secret", body=b"PIN of the tiny key")
            answer, pin = _receive()
            if answer[0] != "ok" or pin.decode() != PIN:
                _send("error", "identity", "0", body=b"wrong PIN")
            else:
                _send("file-key", words[1], body=_padded(body, keys[words[3]]))
            _receive()


def main(mode: str) -> None:
    """Speak the protocol on standard input and output."""
    commands = _phase()
    if mode == "--age-plugin=recipient-v1":
        _wrap(commands)
    else:
        _unwrap(commands)
    _send("done")


if __name__ == "__main__":
    main(sys.argv[1])
