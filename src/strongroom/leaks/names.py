"""What the name of a field promises about its value.

A name is split into words (``_``, ``-``, ``.``, ``/``, spaces and camelCase) and read as English compounds are: the
last word is the thing, those before it describe it. ``db_password`` is a password; ``password_file`` is a file,
``token_ttl`` a duration, ``secretName`` a name.
"""

from __future__ import annotations

import enum
import functools
import re

from strongroom.leaks.wordset import wordset


class Promise(enum.Enum):
    """What kind of secret a name speaks of; the value is the word for people."""

    PASSWORD = "password"  # noqa: S105
    TOKEN = "token"  # noqa: S105
    KEY = "secret key"
    SECRET = "secret"  # noqa: S105
    CREDENTIAL = "credential"
    CONNECTION = "connection string"


MAX_NAME = 200
"""Longer names are not looked at: they are no names that a person gave."""

HINT = re.compile(
    r"pass|pwd|\bpw\b|_pw|secret|token|key|cred|auth|dsn|conn|cookie|bearer|salt|mnemonic|(?:^|[_-])pat(?:$|[_-])",
    re.IGNORECASE,
)
"""A cheap test: a name without any of these promises nothing."""

_LONG_WORD = 16
_SEPARATED = re.compile(r"[^A-Za-z0-9+]+")
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_ENDING = re.compile(
    r"(?P<describing>[a-z]*?)(?P<thing>passwords?|passwd|passphrase|passcode|apikey|accesskey|secretkey|privatekey|secret|token)$"
)

_PASSWORDS = wordset(
    """
    password passwd pwd passphrase passcode pw pass passwort requirepass masterauth rootpass adminpass userpass dbpass
    keypass storepass smtppass restuserkey
    """
)
_ANYWHERE = frozenset(("password", "passwd", "passphrase"))
_TOKENS = frozenset(("token", "bearer", "jwt", "pat"))
_KEYS = frozenset(("apikey", "accesskey", "secretkey", "privatekey"))
_CREDENTIALS = frozenset(("credential", "credentials", "cred", "creds", "auth", "authorization"))
_CONNECTIONS = frozenset(("dsn", "connectionstring", "connstr", "connectionuri", "connectionurl"))

_CONNECTION_PAIRS = (("connection", "string"), ("conn", "str"))
_SECRET_PAIRS = (("erlang", "cookie"), ("key", "base"))
"""RabbitMQ: whoever has the cookie may run code on the node (rabbitmq.com/docs/clustering). Rails: SECRET_KEY_BASE."""

# What makes a "key" a secret one: the word before it.
_SECRET_KEYS = wordset(
    """
    api access secret private encryption decryption signing sign master shared account auth authkey license
    licence ssh deploy storage webhook session jwt hmac aes root rsa signature integration security cookie crypt
    write admin service registration authorization app application
    """
)
_PUBLIC_KEYS = frozenset(("app", "application"))  # only an API key by context; left to what the value looks like

# Trailing words that do not change what a thing is.
_TRAILING = wordset(
    """
    value plain plaintext text raw old new current previous default prod production dev development staging
    stage test qa in out live local base64 b64 encoded string str env var primary secondary main internal
    external
    """
)

# Last words that make it something about a secret, not the secret.
_ABOUT = wordset(
    """
    file files filename path paths dir directory folder name names ref refs reference references url uri urls
    endpoint host policy policies length len min max minimum maximum size ttl expiry expiration expires expire
    lifetime age duration timeout interval period rotation rotate enabled enable disabled disable required
    require allowed type types kind store stores stored provider providers manager engine backend backends mount
    id ids identifier hash hashed algorithm algo format encoding regex pattern prefix suffix template header
    headers field fields column label labels annotation annotations selector namespace version versions count
    limit limits index method methods mode scheme strategy plugin plugins class issuer audience realm scope
    scopes review reviews request requests service server cookie_name location source sources input output
    prompt hint help description title message error errors status state result check checker checks validation
    validator validators validate reset change changed changes update updated created date time command cmd
    script helper generator generation rule rules role roles user users username group groups owner domain
    region zone bucket table topic queue cluster context config configuration settings options option option
    args flags flag attempts retries strength complexity history number num num_bytes bytes bits ring rings set
    sets list map keys secrets tokens passwords management operator controller injector agent csi driver volume
    volumes key keyname property properties attribute variable vars sha sha1 sha256 sha512 md5 checksum digest
    fingerprint thumbprint cert certificate certificates ca crt pem pub public alias usage uses cache cached
    renewal renew deadline grace skew leeway port ports protocol signer chars characters charset symbols digits
    """
)
# Words that make it a digest of a secret: Helm's `checksum/secret`.
_DIGESTS = frozenset(("checksum", "hash", "hashed", "sha256", "sha512", "md5", "digest", "fingerprint"))
# First words that make it a switch.
_SWITCHES = frozenset(
    ("use", "enable", "disable", "has", "is", "require", "allow", "generate", "skip", "no", "needs", "existing")
)
_NOT_SECRET_KEYS = frozenset(
    ("public", "pub", "primary", "sort", "foreign", "partition", "cache", "routing", "row", "hash", "map")
)


@functools.lru_cache(maxsize=8192)
def words_of(name: str) -> tuple[str, ...]:
    """Split a name into lower-case words: ``DB_password`` and ``dbPassword`` both give ``db``, ``password``."""
    return tuple(word.lower() for word in _WORD.findall(name[:MAX_NAME]))


@functools.lru_cache(maxsize=8192)
def promise(name: str) -> Promise | None:
    """Tell what a name promises; None where it speaks of no secret, or of something about one (``password_file``)."""
    if not name or len(name) > MAX_NAME or not HINT.search(name) or is_generated(name):
        return None
    words = words_of(name)
    if words[-2:] in _CONNECTION_PAIRS:
        return Promise.CONNECTION
    words = _significant(words)
    if words[-2:] in _SECRET_PAIRS:
        return Promise.SECRET
    if not words or words[0] in _SWITCHES or any(word in _DIGESTS for word in words):
        return None
    if "htpasswd" in words:
        return Promise.CREDENTIAL
    last = words[-1]
    if last == "key":
        return _key(words)
    if found := _thing(last):
        return found
    if last in _ABOUT:
        return None
    # `MYSQL_PASSWORD_ROOT`, `password.admin`: a password all the same. Other words are often part of a product's name.
    if any(word in _ANYWHERE for word in words) and not any(word in _ABOUT for word in words):
        return Promise.PASSWORD
    return None


@functools.lru_cache(maxsize=8192)
def is_generated(name: str) -> bool:
    """Tell whether a name is none: a text that was cut at a sign of its own may leave half of a secret as a name."""
    longest = max(map(len, _SEPARATED.split(name)), default=0)
    return longest >= _LONG_WORD and sum(char.isdigit() for char in name) >= 3


def _significant(words: tuple[str, ...]) -> tuple[str, ...]:
    end = len(words)
    while end > 1 and (words[end - 1].isdigit() or words[end - 1] in _TRAILING):
        end -= 1
    return words[:end]


def _key(words: tuple[str, ...]) -> Promise | None:
    before = words[-2] if len(words) > 1 else ""
    return Promise.KEY if before in _SECRET_KEYS and before not in _PUBLIC_KEYS else None


def _thing(last: str) -> Promise | None:
    if last in _PASSWORDS:
        return Promise.PASSWORD
    if last == "secret":
        return Promise.SECRET
    if last in _TOKENS:
        return Promise.TOKEN
    if last in _KEYS:
        return Promise.KEY
    if last in _CREDENTIALS:
        return Promise.CREDENTIAL
    if last in _CONNECTIONS:
        return Promise.CONNECTION
    ending = _ENDING.fullmatch(last)
    if ending is None or ending["describing"] in _NOT_SECRET_KEYS or ending["describing"] in _SWITCHES:
        return None
    thing = ending["thing"]
    if thing.startswith("pass"):
        return Promise.PASSWORD
    return {"token": Promise.TOKEN, "secret": Promise.SECRET}.get(thing, Promise.KEY)


_PLAIN_WORDS = wordset(
    """
    user username login host hostname server address port database db dbname schema region zone endpoint email
    mail url uri scheme protocol type name project namespace insecure tls ssl sslmode driver engine environment
    bucket account tenant subscription org organization domain issuer id version config_version enabled
    groups
    """
)


@functools.lru_cache(maxsize=8192)
def promises_plain(name: str) -> bool:
    """Tell whether a name speaks of a setting: ``username``, ``DB_HOST``, ``client-id``."""
    words = _significant(words_of(name))
    return bool(words) and (words[-1] in _PLAIN_WORDS or words[-1].endswith(("name", "user"))) and promise(name) is None
