"""Passphrases that people can type: words of the English list of BIP-0039, joined by hyphens.

2,048 words of three to eight letters, no two of which share their first four
(https://github.com/bitcoin/bips/blob/master/bip-0039/english.txt): 11 bits a word.
"""

from __future__ import annotations

import secrets
from importlib.resources import files

from strongroom.crypto.generators.generator import Generator, Part, count
from strongroom.model.plaintext import Plaintext

_LEAST, _MOST, _USUAL = 6, 64, 10  # 6 words are 66 bits, 10 are 110: as many as a passphrase of age has


def words() -> list[str]:
    """Return the list, in its order."""
    return files("strongroom.crypto.generators").joinpath("words.txt").read_text("ascii").split()


def make(argument: str) -> tuple[Part, ...]:
    """Return so many words, joined by hyphens."""
    number = count(argument, _USUAL, _LEAST, _MOST, "the number of words of a passphrase")
    listed = words()
    return (Part("", Plaintext("-".join(secrets.choice(listed) for _ in range(number)))),)


GENERATOR = Generator("passphrase", "words that people can type", "words, 10", make)
