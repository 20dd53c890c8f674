"""What every HTML page of Strongroom is made with: templates, and a policy that allows its own code and nothing else.

Content Security Policy: https://www.w3.org/TR/CSP3/.
"""

from __future__ import annotations

import base64
import hashlib
from importlib import resources

import jinja2
from markupsafe import Markup

from strongroom.report.wording import plural


def environment() -> jinja2.Environment:
    """Return the environment of the templates: everything is escaped, and an unknown name is an error."""
    made = jinja2.Environment(
        loader=jinja2.PackageLoader("strongroom.report", "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["plural"] = plural
    made.filters["thousands"] = "{:,}".format
    return made


def source(path: str) -> Markup:
    """Return a style sheet or a script of the package, ``templates/style.css``, as it has to stand in the page."""
    return Markup(resources.files("strongroom.report").joinpath(path).read_text(encoding="utf-8"))  # noqa: S704


def policy(styles: tuple[str, ...], scripts: tuple[str, ...]) -> str:
    """Return the policy that allows exactly these style sheets and scripts, and pictures that are part of the file."""
    return (
        f"default-src 'none'; style-src {_hashes(styles)}; script-src {_hashes(scripts)}; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


def _hashes(texts: tuple[str, ...]) -> str:
    digests = (base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii") for text in texts)
    return " ".join(f"'sha256-{digest}'" for digest in digests)
