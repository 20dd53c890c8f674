"""What Strongroom recognises itself, beside the library's rules: one file per kind, listed here."""

from __future__ import annotations

from strongroom.leaks.recognisers import (
    connection_string,
    docker_auth,
    http_authorization,
    jwt,
    kubeconfig,
    password_file,
    private_key,
    url_password,
)
from strongroom.leaks.recognisers.contract import Recogniser

RECOGNISERS: tuple[Recogniser, ...] = (
    connection_string.RECOGNISER,
    docker_auth.RECOGNISER,
    http_authorization.RECOGNISER,
    jwt.RECOGNISER,
    kubeconfig.RECOGNISER,
    password_file.RECOGNISER,
    private_key.RECOGNISER,
    url_password.RECOGNISER,
)
"""Every recogniser by structure; ``named`` looks at names instead and is asked separately."""
