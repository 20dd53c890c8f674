"""What a value is, judged by the value itself and by what its name promises.

The order matters: what only stands for a value (nothing, a reference, ciphertext, a placeholder) is known by its
shape, whatever the name says; what is public or plain is decided after that. Everything else may be a secret; the
recognisers decide.

Password hashes (bcrypt, Argon2, SHA-512 crypt …) are `Nature.CIPHERTEXT`: they are made to be stored, and do not give
access.
"""

from __future__ import annotations

import itertools
import math
import re
from collections import Counter

from strongroom.leaks.names import Promise
from strongroom.leaks.words import PLACEHOLDER_WORDS, PLACEHOLDERS
from strongroom.leaks.wordset import wordset
from strongroom.model.place import Nature

LONGEST = 4096
"""Longer values are not judged by patterns: only structure (PEM, known tokens) says what they are."""

_TEMPLATE = re.compile(
    r"\$\([A-Za-z_][\w.-]*\)"  # Kubernetes dependent variables, Makefiles
    r"|\$\{[^}\n]{1,200}\}|\$\$?[A-Za-z_]\w*|\$[0-9@?*]"  # shell, Compose, Spring
    r"|\{\{.*?\}\}|\{%.*?%\}|\{\{|<%.*?%>"  # Go templates, Jinja, Argo Workflows, ERB
    r"|%\([a-z_]\w*\)s|@@?[A-Z][A-Z0-9_]+@@?|\$__file\{|\$\(.{1,300}\)|`[^`\n]{1,300}`|__[A-Z][A-Z0-9_]+__",
    re.DOTALL,
)
_REFERENCE = re.compile(
    r"(?:"
    r"(?:vault|bao|openbao|ref\+[a-z]+|op|gcpsm|awssm|awsssm|azkv|akv|secretmanager|secret|secrets|sops|berglas|doppler|infisical"
    r"|conjur|env|file|keyring|k8s|kube|ssm|akeyless|keeper|bws|chamber|keyvault|projected)"
    r":(?://)?[\w./@#?&=%+-]+"
    r"|>>?vault:.*"
    r"|arn:aws[\w-]*:(?:secretsmanager|ssm|kms|iam|s3|rds)[^\s]*"
    r"|projects/[\w-]+/(?:secrets|locations|serviceAccounts)/[^\s]*"
    r"|(?:https?://)?[\w-]+\.vault\.azure\.net(?:/[^\s]*)?"
    r"|!(?:vault|Ref|GetAtt|secret)\b.*"
    r"|(?:secretKeyRef|valueFrom|secretRef)\b.*"
    r"|<path:[^>]+>"  # argocd-vault-plugin
    r"|(?:tpl|include|lookup) .*"
    r"|resolve:[\w-]+:.*"
    r")",
    re.DOTALL,
)
_ENV_NAME = re.compile(r"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+")
_ANGLED = re.compile(
    r"<[^<>\n]{0,120}>|«[^»\n]{0,120}»|[⟪⟦⟨][^⟪⟦⟨\n]{0,120}[⟫⟧⟩]"
    r"|\[[A-Za-z][\w .-]{1,80}\]|\(\w[\w .-]{1,60}\)|\{[a-zA-Z][\w .-]{0,60}\}"
)
_MASKED = re.compile(r"([*xX.•#_?-])\1*|[xX*•.…]{3,}.{0,8}|.{0,8}[xX]{4,}.{0,4}|.{0,8}[*•]{3,}.{0,8}|.{0,40}\.\.\.|…")
_STAND_IN = re.compile(
    r"(?:your|my|the|some|an?|enter|insert|put|add|set|replace|change|use|fill)(?:[\s_-]+[A-Za-z0-9]+){1,6}"
    r"|[\w.@+ -]*[\s_-](?:here|goes[\s_-]?here|placeholder|example|to[\s_-]be[\s_-]\w+)",
    re.IGNORECASE,
)
_GENUINE = re.compile(r"[0-9]{4,}|[a-z][A-Z][a-z]*[0-9]|[0-9][a-z]+[0-9]")
_CIPHERTEXT = re.compile(
    r"ENC\[AES256_GCM,.*|ENC\(.*\)|ENC\[PKCS7,.*|\$ANSIBLE_VAULT;.*|k8s:enc:.*|vault:v[0-9]+:.*"
    r"|\{(?:cipher|aescbc|bcrypt|noop|pbkdf2|scrypt|argon2)\}.*|age-encryption\.org/.*"
    r"|-----BEGIN (?:AGE ENCRYPTED FILE|PGP MESSAGE|PKCS7|CMS)-----.*|!vault \|.*|kms:.*|awskms:.*|gcpkms:.*"
    r"|(?:[\w.@-]{1,64}:)?\$(?:2[abxy]?|argon2(?:id|i|d)|5|6|7|y|gy|scrypt|pbkdf2-[\w-]+|apr1|1)\$[^\s]{8,}|\{S?SHA(?:256|512)?\}[\w+/=]+"
    r"|pbkdf2:[\w:]+\$.*|SCRAM-SHA-(?:1|256)\$.*|scrypt:[0-9:]+\$.*|md5[0-9a-f]{32}"
    r"|(?:sha1|sha256|sha512|argon2):[\w$,=+/.-]{4,128}:?[0-9a-f]{20,}",
    re.DOTALL,
)
_PUBLIC = re.compile(
    r"\s*(?:-----BEGIN (?:(?:TRUSTED |X509 )?CERTIFICATE|(?:NEW )?CERTIFICATE REQUEST|(?:RSA )?PUBLIC KEY|X509 CRL"
    r"|PGP PUBLIC KEY BLOCK|PGP SIGNATURE|SSH2 PUBLIC KEY|DH PARAMETERS|EC PARAMETERS)-----"
    r"|(?:ssh-(?:rsa|dss|ed25519)|ecdsa-sha2-\S+|sk-\S+@openssh\.com) AAAA"
    r"|age1[02-9ac-hj-np-z]{58}\s*$|untrusted comment: \w+ public key)"
)
_PRIVATE_MARK = "PRIVATE KEY"
_BASE64_CERTIFICATE = "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS"
_BASE64_PUBLIC_KEY = "LS0tLS1CRUdJTiBQVUJMSUMgS0VZ"
_NUMBER = re.compile(r"[+-]?[0-9][0-9_,]*(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?%?|0[xX][0-9a-fA-F]{1,8}|0o?[0-7]+")
_AMOUNT = re.compile(
    r"[0-9]+(?:\.[0-9]+)?\s?(?:ns|us|µs|ms|s|sec|m|min|h|hr|d|w|y|[KMGTPE]i?B?|k|bytes?|seconds?|minutes?|hours?|days?)"
    r"|(?:[0-9]+(?:h|m|s|ms|d|w|y))+|P(?:\d+[YMWD])*(?:T(?:\d+[HMS])+)?|[@*0-9/,-]+(?: [@*0-9/,A-Z-]+){4,5}"
)
_VERSION = re.compile(r"v?[0-9]+(?:\.[0-9]+){1,3}(?:[-+][\w.+-]+)?|v[0-9]+(?:(?:alpha|beta)[0-9]+)?")
_DIGEST = re.compile(r"(?:sha(?:1|256|384|512)|md5)[:-][A-Za-z0-9+/=]{16,}|.*@sha256:[0-9a-f]{64}|SHA256:[\w+/]{43}=?")
_UUID = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")
_DATE = re.compile(r"\d{4}-\d\d-\d\d(?:[T ][\d:.]+(?:Z|[+-]\d\d:?\d\d)?)?")
_ADDRESS = re.compile(
    r"\d{1,3}(?:\.\d{1,3}){3}(?:[:/]\d{1,5})?|\[?[0-9a-f:]*::[0-9a-f:]*\]?(?:[:/]\d+)?|[\w.+-]+@[\w-]+(?:\.[\w-]+)+"
)
_HOST = re.compile(
    r"(?:\*\.)?[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)+\.?(?::\d{1,5})?(?:/\S*)?",
    re.IGNORECASE,
)
_LONGEST_HOST = 300
_HOST_ENDINGS = wordset(
    "com org net io dev local internal svc cluster app cloud example test lan home corp de uk eu fr co us ai sh"
    " me info edu gov"
)
_DNS_WORDS = re.compile(r"[a-z]+[0-9]{0,2}(?:[-.][a-z]+[0-9]{0,2})+")
_PATH = re.compile(
    r"(?:~|\.{1,2})?/[\w@%+=.,:~$-]*(?:/[\w@%+=.,:~$*-]*)*|(?:[A-Za-z]:|\.|\\)\\[\w .$-]+(?:\\[\w .$-]+)*"
)
_RELATIVE_PATH = re.compile(r"[\w.-]+(?:/[\w.{}*-]+)+")
_FILE_NAME = re.compile(
    r"[\w./-]+\.(?:ya?ml|json|txt|pem|crt|cer|key|p12|pfx|jks|env|conf|cfg|ini|toml|properties|xml|py|js|ts|sh|go|html?|md|csv|log|sock|tpl|sql)"
    r"|\.(?:htpasswd|pgpass|netrc|npmrc|pypirc|env|git-credentials)"
)
_CLASS = re.compile(r"[a-z][a-z0-9_]*(?:\.[a-z_][a-z0-9_]*){1,8}\.[A-Z]\w*(?:[$.]\w+)*")
"""A class in a package: ``org.springframework.security.crypto.bcrypt.BCryptPasswordEncoder``."""
_URL = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]{1,30}://[^\s]*")
_URL_SECRET = re.compile(
    r"://[^/\s@?#]{0,128}:[^/\s@]{1,256}@|[?&](?:[\w-]*(?:token|key|secret|passw(?:or)?d|pwd|sig|signature|auth|code))=[^&\s]{6,}",
    re.IGNORECASE,
)
_SWITCH_WORDS = wordset(
    """
    true false yes no on off enabled disabled enable disable always never none default auto optional required
    ldap oidc oauth oauth2 saml basic bearer jwt token tokens kubernetes k8s vault aws gcp azure file env md5
    sha256 sha512 scram-sha-256 trust hs256 rs256 es256 plain tls mtls kerberos negotiate session cookie header
    body query form post get client_credentials authorization_code password credentials secret service-account
    serviceaccount iam local memory redis opaque bcrypt argon2 generated internal external custom anonymous
    """
)
_SWITCHES_ONLY = _SWITCH_WORDS - {"password", "secret", "redis", "default", "local", "anonymous", "internal", "custom"}


def nature_of(value: str, promised: Promise | None = None, *, custom: bool = False) -> Nature:
    """Say what a value is; `Nature.SECRET` where nothing says otherwise.

    Args:
        value: the whole value.
        promised: what its name promises (`names.promise`); a promised password may be a number, a promised token a
        UUID.
        custom: the value stands in a field of a custom resource or of chart values, where names of objects and of
        keys are
            common: ``db-credentials`` is then a name.
    """
    text = value.strip()
    if not text:
        return Nature.PLACEHOLDER
    if len(text) > LONGEST:
        return _of_long(text)
    for test, nature in _SHAPES:
        if test(text):
            return nature
    if _is_address(text, promised):
        return Nature.PLAIN
    if is_placeholder(text):
        return Nature.PLACEHOLDER
    if _is_plain(text, promised):
        return Nature.PLAIN
    if _is_name(text, promised, custom):
        return Nature.REFERENCE
    return Nature.SECRET


def _of_long(text: str) -> Nature:
    if _CIPHERTEXT.match(text):
        return Nature.CIPHERTEXT
    return Nature.PUBLIC if is_public(text) else Nature.SECRET


def is_public(text: str) -> bool:
    """Tell whether a text is a certificate, a public key or a bundle of them, and nothing private."""
    if _PUBLIC.match(text):
        return _PRIVATE_MARK not in text
    if text.startswith("#") and "-----BEGIN CERTIFICATE-----" in text:
        return _PRIVATE_MARK not in text
    return text.startswith((_BASE64_CERTIFICATE, _BASE64_PUBLIC_KEY)) or _is_public_jwks(text)


def _is_public_jwks(text: str) -> bool:
    return text[:1] == "{" and '"kty"' in text and not re.search(r'"(?:d|p|q|k)"\s*:', text)


def is_ciphertext(text: str) -> bool:
    """Tell whether a text is encrypted, or a password hash."""
    return _CIPHERTEXT.fullmatch(text) is not None


def is_reference(text: str) -> bool:
    """Tell whether a text names the place of a value, or has it filled in by a template."""
    if _TEMPLATE.search(text):
        return not _genuine_beside(text)
    if _ENV_NAME.fullmatch(text):
        return not is_placeholder(text)  # INSERT_TOKEN_HERE
    return _REFERENCE.fullmatch(text) is not None or _is_path(text)


def _genuine_beside(text: str) -> bool:
    """`$` and a backtick occur in good passwords: what looks like a template there is none."""
    if any(mark in text for mark in _BRACKETS):
        return _BRACKETED.search(text) is None and _is_jumbled(text)
    rest = _TEMPLATE.sub(" ", text)
    if not re.search(r"\s", text) and (_is_jumbled(rest) or not all(map(_is_variable, _VARIABLE.findall(text)))):
        return True
    return not text.startswith("$") and len(rest.replace(" ", "")) >= 2 and not re.search(r"[\s/:]", text)


_BRACKETS = ("{{", "${", "$(", "{%", "<%", "%(")
_BRACKETED = re.compile(
    r"\{\{.*\}\}|\$\{[^}\n]{1,200}\}|\$\([^)\n]{1,300}\)|\{%.*%\}|<%.*%>|%\([a-z_]\w*\)s|\{\{\s|[{$(%]\Z", re.DOTALL
)
_VARIABLE = re.compile(r"\$\$?([A-Za-z_]\w*)")


_WORDY_RUN = 2.5
"""Letters of one case, or digits, in a row, on average: names have more, what was drawn by lot has less than two."""


def _is_variable(name: str) -> bool:
    """Tell whether somebody would call a variable so: in one case, or of words: ``DB_HOST``, ``dbPassword``."""
    runs = _RUN.findall(name)
    return name.isupper() or name.islower() or sum(map(len, runs)) >= _WORDY_RUN * len(runs)


def _is_jumbled(text: str, fewest: int = 3, longest: float = _WORDY_RUN) -> bool:
    """Tell whether small letters, capitals and digits follow each other as if drawn by lot."""
    runs = _RUN.findall(text)
    if len(runs) < fewest or text.isupper() or text.islower():
        return False
    return sum(map(len, runs)) < longest * len(runs)


def is_placeholder(text: str) -> bool:
    """Tell whether a text says that a value is still to be put there."""
    low = text.lower().strip("\"'`<>[]{}()!.:;,*#- ")
    if low in PLACEHOLDERS or low.rstrip("0123456789") in PLACEHOLDERS or not low or "EXAMPLE" in text:
        return True
    if _ANGLED.fullmatch(text) or _MASKED.fullmatch(text):
        return True
    if len(text) <= 120 and _STAND_IN.fullmatch(low) and not _GENUINE.search(text):
        return True
    if len(text) <= 80 and not _GENUINE.search(text):
        return any(word in PLACEHOLDER_WORDS for word in re.split(r"[\W_0-9]+", low))
    return "<" in text and bool(re.search(r"<(?:your|my|insert|the|replace)?[-_ A-Za-z]{3,40}>", text))


def is_made_up(text: str) -> bool:
    """Tell whether a text that should be generated was typed: two runs as ``abcd`` or ``5678`` in sixteen or more.

    In a generated text of 32 hexadecimal digits that happens less than once in fifty thousand.
    """
    if len(text) < _MIN_RANDOM:
        return False
    rising = "".join("1" if ord(b) - ord(a) == 1 else "0" for a, b in itertools.pairwise(text.lower()))
    return len(_RISING.findall(rising)) >= _MADE_UP_RUNS


_RISING = re.compile(r"1{3,}")
_MADE_UP_RUNS = 2

_SHAPES = (
    (is_ciphertext, Nature.CIPHERTEXT),
    (is_public, Nature.PUBLIC),
    (is_reference, Nature.REFERENCE),
)


def _is_path(text: str) -> bool:
    if _FILE_NAME.fullmatch(text):
        return True
    if len(text) > 300:
        return False
    if _ADDRESS.fullmatch(text):
        return False
    if _PATH.fullmatch(text):
        parts = re.split(r"[/\\]", text)
        return "=" not in text[-2:] and not any(looks_random(part) or _is_jumbled(part, 5, 1.9) for part in parts)
    # `secret/data/app`, `team/app/token`: a path in a store. Base64 has slashes as well.
    return bool(_RELATIVE_PATH.fullmatch(text)) and all(_is_wordy(part) for part in text.split("/"))


def _is_wordy(part: str) -> bool:
    return (
        len(part) < 40
        and not looks_random(part)
        and bool(re.fullmatch(r"[a-z0-9{}*_.-]*|[A-Z][a-z0-9_-]*|[A-Z0-9_]+", part))
    )


def _is_address(text: str, promised: Promise | None) -> bool:
    """URLs without credentials, hosts, networks, e-mail addresses."""
    if _URL.fullmatch(text):
        return not _URL_SECRET.search(text)
    return _ADDRESS.fullmatch(text) is not None or _is_host(text, known_only=promised is Promise.PASSWORD)


def _is_plain(text: str, promised: Promise | None) -> bool:
    if text.lower() in (_SWITCHES_ONLY if promised is Promise.PASSWORD else _SWITCH_WORDS):
        return True
    if _CLASS.fullmatch(text):
        return True
    if _NUMBER.fullmatch(text):
        return promised is not Promise.PASSWORD or len(text) < 4
    if _UUID.fullmatch(text):
        return promised is None or promised in (Promise.CREDENTIAL, Promise.CONNECTION)
    if promised is not Promise.PASSWORD and (_AMOUNT.fullmatch(text) or _VERSION.fullmatch(text)):
        return True
    return _DIGEST.fullmatch(text) is not None or _DATE.fullmatch(text) is not None


def _is_host(text: str, *, known_only: bool) -> bool:
    if len(text) > _LONGEST_HOST or not _HOST.fullmatch(text) or looks_random(text):
        return False
    labels = re.split(r"[:/]", text, maxsplit=1)[0].rstrip(".").lower().split(".")
    if labels[-1] in _HOST_ENDINGS or text.rpartition(":")[2].isdigit():
        return True
    return not known_only and len(labels) >= 3 and labels[-1].isalpha()


def _is_name(text: str, promised: Promise | None, custom: bool) -> bool:
    if not _DNS_WORDS.fullmatch(text):
        return False
    return custom or promised is not Promise.PASSWORD


def entropy(text: str) -> float:
    """Return the Shannon entropy of a text in bits per character."""
    size = len(text)
    return -sum(n / size * math.log2(n / size) for n in Counter(text).values()) if size else 0.0


_RANDOM_SHAPE = re.compile(r"[A-Za-z0-9+/=_.~!@#$%^&*()\[\]{}|:;,?<>\\'\"-]+")
_HEX = re.compile(r"[0-9a-f]+|[0-9A-F]+")
_RUN = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[0-9]+")
_MIN_RANDOM = 16
_MAX_RANDOM = 8192


def looks_random(text: str) -> bool:
    """Tell whether a text looks generated: sixteen characters or more, well mixed, and not made of words."""
    if not _MIN_RANDOM <= len(text) <= _MAX_RANDOM or not _RANDOM_SHAPE.fullmatch(text) or _is_words(text):
        return False
    return entropy(text) >= (3.0 if _HEX.fullmatch(text) else 3.4)


def _is_words(text: str) -> bool:
    """Words have long runs of one case, and vowels: ``kube-state-metrics``, ``X509CertificateChain``."""
    runs = _RUN.findall(text)
    letters = [run for run in runs if run.isalpha()]
    if not letters:
        return True
    spoken = sum(len(run) for run in letters if len(run) >= 3 and _is_spoken(run.lower()))
    return spoken >= 0.75 * sum(len(run) for run in letters) and len(runs) - len(letters) <= len(letters)


def _is_spoken(run: str) -> bool:
    vowels = sum(run.count(vowel) for vowel in "aeiouy")
    return len(run) < 16 and (0.2 <= vowels / len(run) <= 0.7 or len(run) == 3)
