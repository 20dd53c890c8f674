"""A value whose name promises a secret: ``DB_PASSWORD``, ``api-key``, ``clientSecret``."""

from __future__ import annotations

from strongroom.leaks.judgement import Judgement, judge_password, judge_token
from strongroom.leaks.names import Promise, promise, words_of
from strongroom.leaks.nature import is_public, looks_random
from strongroom.leaks.recognisers.contract import Mark
from strongroom.model.finding import Confidence
from strongroom.model.place import Context, Nature

NAMES_COMMON = frozenset((Context.CUSTOM, Context.HELM_VALUES, Context.PIPELINE, Context.METADATA))
"""Where a field that is called ``secret`` or ``password`` often holds the name of a Secret or of a key in one."""

LONGEST = 512
"""A longer value is a file or a list: what is in it has names of its own."""

_MIN_UNNAMED = 32
_WHAT = {
    ("api", "key"): "API key",
    ("apikey",): "API key",
    ("secret", "access", "key"): "secret access key",
    ("private", "key"): "private key",
    ("encryption", "key"): "encryption key",
    ("signing", "key"): "signing key",
    ("client", "secret"): "client secret",
    ("access", "token"): "access token",
    ("refresh", "token"): "refresh token",
    ("passphrase",): "passphrase",
}


def find(name: str, value: str, context: Context) -> Mark | None:
    """Return the mark for a whole value, where its name promises a secret; None where it promises nothing.

    The mark's nature says what the value is: the name of a password may come with a reference or a placeholder.
    """
    promised = promise(name)
    if promised is None or len(value) > LONGEST or "\n" in value.strip():
        return None
    custom = context in NAMES_COMMON
    if promised is Promise.PASSWORD:
        judged = judge_password(value, name, custom=custom)
    elif promised in (Promise.CREDENTIAL, Promise.CONNECTION):
        judged = _judge_vague(value, promised, custom=custom)
    else:
        judged = judge_token(value, promised, custom=custom)
    if judged.nature is Nature.SECRET and is_public(value):
        judged = Judgement(Nature.PUBLIC, Confidence.MEDIUM)
    return Mark(0, len(value), f"named-{promised.name.lower()}", what(name, promised), *judged[:2], weak=judged.weak)


def _judge_vague(value: str, promised: Promise, *, custom: bool) -> Judgement:
    """``auth`` and ``credentials`` stand for anything: only a generated value, or ``user:password``, is believable."""
    judged = judge_token(value, promised, custom=custom)
    if judged.nature is not Nature.SECRET or (looks_random(value) and not custom):
        return judged
    if looks_random(value) and len(value) >= _MIN_UNNAMED:
        return Judgement(Nature.SECRET, Confidence.MEDIUM)
    user, colon, password = value.partition(":")
    if colon and user and password and not any(c in value for c in " /,="):
        inner = judge_password(password, user=user)
        return inner._replace(confidence=min(inner.confidence, Confidence.MEDIUM))
    return Judgement(Nature.PLAIN, Confidence.MEDIUM)


def what(name: str, promised: Promise) -> str:
    """Say what a name promises as exactly as its words do."""
    words = words_of(name)
    for tail, said in _WHAT.items():
        if words[-len(tail) :] == tail:
            return said
    return promised.value
