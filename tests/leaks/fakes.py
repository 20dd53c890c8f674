"""Made-up credentials in the forms that providers publish, made from a seed: none was ever issued, none stands in a file.

The same name and number always give the same text, so that a case is the same on every machine, and no scanner of a
hosting service finds a token in this repository.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import re
import string
import textwrap
from collections.abc import Callable, Iterator

ALNUM = string.ascii_letters + string.digits
HEX = "0123456789abcdef"
_UPPER = string.ascii_uppercase + string.digits
_BASE32 = string.ascii_uppercase + "234567"
_BASE64 = ALNUM + "+/"
_URL = ALNUM + "-_"
_WORDS = (  # noqa: SIM905 - a list of thirty is longer
    "gannet harbour thistle locker pebble lantern cobalt meadow quarry saddle timber walnut copper falcon marble "
    "otter plover rudder sorrel tundra vellum willow zephyr bracken cinder dapple ember fennel gorse heather"
).split()


class _Random:
    """A stream of choices from a seed, the same in every version of Python."""

    def __init__(self, seed: str) -> None:
        self._numbers = self._stream(seed)

    @staticmethod
    def _stream(seed: str) -> Iterator[int]:
        block = 0
        while True:
            yield from hashlib.sha256(f"{seed}/{block}".encode()).digest()
            block += 1

    def number(self, below: int) -> int:
        return (next(self._numbers) << 8 | next(self._numbers)) % below

    def of(self, alphabet: str, size: int) -> str:
        return "".join(alphabet[self.number(len(alphabet))] for _ in range(size))

    def expand(self, pattern: str) -> str:
        """Replace each ``{a36}`` of a pattern: the letter names an alphabet, the number a length."""
        return re.sub(r"\{(\w)(\d+)\}", lambda m: self.of(_ALPHABETS[m[1]], int(m[2])), pattern)


_ALPHABETS = {
    "a": ALNUM,
    "h": HEX,
    "H": HEX.upper(),
    "u": _UPPER,
    "U": string.ascii_uppercase,
    "l": string.ascii_lowercase + string.digits,
    "L": string.ascii_letters,
    "d": string.digits,
    "D": "123456789",
    "b": _BASE64,
    "w": _URL,
    "3": _BASE32,
    "2": "qpzry9x8gf2tvdw0s3jn54khce6mua7l".upper(),
}

_FORMS = {
    "adafruit": "aio_{a28}",
    "age": "AGE-SECRET-" + "KEY-1{258}",
    "airtable": "pat{a14}.{h64}",
    "anthropic": "sk-ant-" + "api03-{w93}AA",
    "artifactory": "AKCp{a69}",
    "artifactory-reference": "cmVmdGtu{a56}",
    "aws-id": "AKIA{316}",
    "aws-session-id": "ASIA{316}",
    "aws-secret": "{b40}",
    "azure-secret": "{a3}8Q~{w34}",
    "azure-storage": "{b86}==",
    "clickhouse": "4b1d{a38}",
    "cloudflare": "{a40}",
    "codecov": "{h8}-{h4}-4{h3}-a{h3}-{h12}",
    "databricks": "dapi{h32}",
    "datadog": "{h32}",
    "digitalocean": "dop_" + "v1_{h64}",
    "discord-hook": "https://discord.com/api/webhooks/{D1}{d17}/{w68}",
    "dockerhub": "dckr_" + "pat_{w27}",
    "doppler": "dp.pt.{a43}",
    "dynatrace": "dt0c01.{u24}.{u64}",
    "github": "ghp" + "_{a36}",
    "github-app": "ghs" + "_{a36}",
    "github-fine": "github" + "_pat_{a22}_{a59}",
    "gitlab": "glpat" + "-{a20}",
    "gitlab-runner": "glrt" + "-{a20}",
    "gitlab-deploy": "gldt" + "-{a20}",
    "google-api": "AIza" + "{w35}",
    "google-oauth": "GOCSPX" + "-{w28}",
    "grafana": "glsa" + "_{a32}_{h8}",
    "grafana-cloud": "glc" + "_eyJvIjoi{a60}=",
    "heroku": "{h8}-{h4}-4{h3}-9{h3}-{h12}",
    "hex16": "{h16}",
    "hex24": "{h24}",
    "hex32": "{h32}",
    "hex40": "{h40}",
    "hex64": "{h64}",
    "hex128": "{h128}",
    "huggingface": "hf" + "_{L34}",
    "jfrog": "{a73}",
    "linear": "lin_" + "api_{a40}",
    "mailchimp": "{h32}-us{D1}",
    "mailgun": "key-{h32}",
    "newrelic": "NRAK-{u27}",
    "npm": "npm" + "_{a36}",
    "okta": "00{w40}",
    "openai": "sk-proj-" + "{a20}T3BlbkFJ{a20}",
    "postman": "PMAK-{h24}-{h34}",
    "pulumi": "pul-{h40}",
    "pypi": "pypi-" + "AgEIcHlwaS5vcmc{w90}",
    "rand16": "{a16}",
    "rand20": "{a20}",
    "rand24": "{a24}",
    "rand32": "{a32}",
    "rand40": "{a40}",
    "rand48": "{a48}",
    "rand64": "{a64}",
    "rubygems": "rubygems_{h48}",
    "sendgrid": "SG.{w22}.{w43}",
    "sentry": "sntrys_" + "eyJpYXQiO{a10}LCJyZWdpb25fdXJs{a10}_{a43}",
    "shopify": "shpat" + "_{h32}",
    "slack-bot": "xoxb" + "-{D1}{d11}-{D1}{d11}-{a24}",
    "slack-hook": "https://hooks.slack." + "com/services/T{u8}/B{u10}/{a24}",
    "snyk": "{h8}-{h4}-4{h3}-b{h3}-{h12}",
    "sonar": "squ_{h40}",
    "square": "EAAA{w60}",
    "stripe": "sk_" + "live_{a24}",
    "stripe-hook": "whsec_{a32}",
    "tailscale": "tskey-" + "auth-k{a10}CNTRL-{a32}",
    "teams-hook": "https://acme.webhook.office.com/webhookb2/{h8}-{h4}-4{h3}-a{h3}-{h12}@{h8}-{h4}-4{h3}-8{h3}-{h12}/IncomingWebhook/{h32}/{h8}-{h4}-4{h3}-9{h3}-{h12}",
    "telegram": "{D1}{d9}:AA{w33}",
    "terraform-cloud": "{a14}.atlasv1.{w67}",
    "twilio": "SK{h32}",
    "uuid": "{h8}-{h4}-4{h3}-8{h3}-{h12}",
    "vault": "hvs.{a95}",
    "vault-batch": "hvb.{a140}",
    "vercel": "vcp_{a56}",
    "wireguard": "{b42}A=",
}


def fake(kind: str, number: int = 1) -> str:
    """Return a made-up credential.

    Raises:
        KeyError: there is no such kind.
    """
    random = _Random(f"{kind}:{number}")
    if kind in _MAKERS:
        return _MAKERS[kind](random)
    return random.expand(_FORMS[kind])


def _password(random: _Random) -> str:
    """A password as a person makes one: two words, a sign, digits."""
    first, second = (_WORDS[random.number(len(_WORDS))].capitalize() for _ in range(2))
    return f"{first}{'!#%+-*'[random.number(6)]}{second}{random.number(90) + 10}"


def _phrase(random: _Random) -> str:
    return "-".join(_WORDS[random.number(len(_WORDS))] for _ in range(4))


def _pin(random: _Random) -> str:
    return random.expand("{D1}{d7}")


def _strong(random: _Random) -> str:
    return (
        random.expand("{a7}")
        + "!%"[random.number(2)]
        + random.expand("{a9}")
        + "&+"[random.number(2)]
        + random.of(ALNUM, 5)
    )


def _lower(random: _Random) -> str:
    return random.expand("{l12}") + str(random.number(10))


def _pem(label: str) -> Callable[[_Random], str]:
    def make(random: _Random) -> str:
        body = "\n".join(textwrap.wrap(random.of(_BASE64, 64 * 6 + 20) + "==", 64))
        return f"-----BEGIN {label}-----\n{body}\n-----END {label}-----\n"

    return make


def _jwt(random: _Random) -> str:
    head = _unpadded(json.dumps({"alg": "HS256", "typ": "JWT"}).encode())
    body = _unpadded(
        json.dumps({"sub": random.of(HEX, 12), "iat": 1700000000 + random.number(60000), "role": "admin"}).encode()
    )
    return f"{head}.{body}.{random.of(_URL, 43)}"


def _unpadded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _service_account(random: _Random) -> str:
    return json.dumps(
        {
            "type": "service_account",
            "project_id": "shop-" + random.of("0123456789", 6),
            "private_key_id": random.of(HEX, 40),
            "private_key": _pem("PRIVATE KEY")(random),
            "client_email": "shop@shop.iam.gserviceaccount.com",
        }
    )


_MAKERS: dict[str, Callable[[_Random], str]] = {
    "password": _password,
    "phrase": _phrase,
    "pin": _pin,
    "strong": _strong,
    "lower": _lower,
    "rsa": _pem("RSA PRIVATE" + " KEY"),
    "pkcs8": _pem("PRIVATE" + " KEY"),
    "ec": _pem("EC PRIVATE" + " KEY"),
    "openssh": _pem("OPENSSH PRIVATE" + " KEY"),
    "pgp": _pem("PGP PRIVATE" + " KEY BLOCK"),
    "certificate": _pem("CERTIFICATE"),
    "public-key": _pem("PUBLIC KEY"),
    "csr": _pem("CERTIFICATE REQUEST"),
    "jwt": _jwt,
    "gcp": _service_account,
}


def _helm(text: str) -> str:
    """What ``data.release`` of a release Secret holds: base64 of base64 of gzip (helm.sh/helm/v3/pkg/storage/driver)."""
    packed = gzip.compress(text.encode(), mtime=0)
    return base64.b64encode(base64.b64encode(packed)).decode()


ENCODINGS: dict[str, Callable[[str], str]] = {
    "b64": lambda text: base64.b64encode(text.encode()).decode(),
    "wrap": lambda text: "\n".join(textwrap.wrap(base64.b64encode(text.encode()).decode(), 64)),
    "wrap76": lambda text: "\n".join(textwrap.wrap(base64.b64encode(text.encode()).decode(), 76)),
    "url": lambda text: base64.urlsafe_b64encode(text.encode()).decode(),
    "hex": lambda text: text.encode().hex(),
    "json": lambda text: json.dumps(text)[1:-1],
    "gz64": lambda text: base64.b64encode(gzip.compress(text.encode(), mtime=0)).decode(),
    "sha256": lambda text: hashlib.sha256(text.encode()).hexdigest(),
    "helm": _helm,
}
"""What a marker may do to a value before it stands in a file."""
