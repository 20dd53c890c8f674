"""Programs that are known to read a value from a file get it as a file.

The official images read the file that ``NAME_FILE`` names instead of ``NAME``
(https://github.com/docker-library/postgres, section "Docker Secrets" of its page, and those of the others).
"""

from __future__ import annotations

from collections.abc import Sequence
from posixpath import join
from typing import Any

from strongroom.documents.wanted import GONE
from strongroom.model.finding import Finding
from strongroom.model.resource import Resource, as_dict, as_list, as_text, dig
from strongroom.posture.fixes.bench import Bench
from strongroom.posture.fixes.decisions import PROGRAMS
from strongroom.posture.fixes.fix import Fix, Left, Mended, Outcome
from strongroom.posture.fixes.shapes import put_behind

_FOLDER = "/run/secrets"
_READS_FILES: dict[str, tuple[str, ...]] = {
    "postgres": ("POSTGRES_PASSWORD", "POSTGRES_USER", "POSTGRES_DB", "POSTGRES_INITDB_ARGS"),
    "mysql": ("MYSQL_ROOT_PASSWORD", "MYSQL_PASSWORD", "MYSQL_USER", "MYSQL_DATABASE"),
    "mariadb": (
        "MARIADB_ROOT_PASSWORD",
        "MARIADB_PASSWORD",
        "MARIADB_USER",
        "MARIADB_DATABASE",
        "MYSQL_ROOT_PASSWORD",
        "MYSQL_PASSWORD",
    ),
    "mongo": ("MONGO_INITDB_ROOT_PASSWORD", "MONGO_INITDB_ROOT_USERNAME"),
    "wordpress": ("WORDPRESS_DB_PASSWORD", "WORDPRESS_DB_USER", "WORDPRESS_DB_NAME", "WORDPRESS_DB_HOST"),
    "nextcloud": ("NEXTCLOUD_ADMIN_PASSWORD", "MYSQL_PASSWORD", "POSTGRES_PASSWORD", "REDIS_HOST_PASSWORD"),
    "ghost": (),
}
"""Variables that also exist with ``_FILE``, by the last part of the image's name in the official library."""

_OFFICIAL = (
    "",
    "library/",
    "docker.io/",
    "docker.io/library/",
    "index.docker.io/library/",
    "public.ecr.aws/docker/library/",
)
_UNSAFE = "what looks at the variable instead of the file, as a probe may, would miss it"


def mend(findings: Sequence[Finding], resource: Resource, bench: Bench) -> Outcome:
    """Mount one key and name its file in place of one variable."""
    field = findings[0].origin.field[len(resource.origin.field) :][:-2]
    body = bench.body(resource)
    entry, container = dig(body, field), dig(body, field[:-2])
    workload = next(
        (w for w in bench.facts.workloads if w.resource is resource and field[: len(w.field)] == w.field), None
    )
    if not isinstance(entry, dict) or not isinstance(container, dict) or workload is None:
        return Left("the container is not as it was read")
    name = as_text(entry.get("name"))
    reference = as_dict(dig(entry, ("valueFrom", "secretKeyRef")))
    if name not in bench.reads_files and not reads_file(as_text(container.get("image")), name):
        return Left(f"only its developers can make the program read {name} from a file")
    if any(as_text(as_dict(one).get("name")) == f"{name}_FILE" for one in as_list(container.get("env"))):
        return Left(f"{name}_FILE is set already")
    if _used_elsewhere(container, name):
        return Left(f"the container uses {name} in a command or a probe too")
    secret, key = as_text(reference.get("name")), as_text(reference.get("key"))
    folder = _mount(dig(body, workload.field), container, secret)
    entry.clear()
    entry.update({"name": f"{name}_FILE", "value": join(folder, key)})
    return Mended(f"give {resource.id.show()} {name} as a file", _UNSAFE, question=PROGRAMS)


def reads_file(image: str, variable: str) -> bool:
    """Tell whether a program is known to read a variable from a file that ``NAME_FILE`` names."""
    bare = image.partition("@")[0]
    head, slash, last = bare.rpartition("/")
    last = last.partition(":")[0]
    return f"{head}{slash}" in _OFFICIAL and variable in _READS_FILES.get(last, ())


def _used_elsewhere(container: dict[str, Any], name: str) -> bool:
    parts = [value for key, value in container.items() if key not in ("env", "envFrom")]
    others = [entry for entry in as_list(container.get("env")) if as_dict(entry).get("name") != name]
    return any(name in text for text in _texts([*parts, *others]))


def _texts(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [text for child in value.values() for text in _texts(child)]
    if isinstance(value, list):
        return [text for child in value if child is not GONE for text in _texts(child)]
    return [value] if isinstance(value, str) else []


def _mount(spec: dict[str, Any], container: dict[str, Any], secret: str) -> str:
    """Return the folder where a container has a Secret, mounted whole; mount it where it has not."""
    volumes = [as_dict(one) for one in as_list(spec.get("volumes"))]
    name = next((as_text(v.get("name")) for v in volumes if _is_whole(v, secret)), "")
    for mount in map(as_dict, as_list(container.get("volumeMounts"))):
        if name and mount.get("name") == name and not mount.get("subPath") and not mount.get("subPathExpr"):
            return as_text(mount.get("mountPath"))
    if not name:
        taken = {as_text(v.get("name")) for v in volumes}
        name = next(
            free
            for n in range(len(taken) + 2)
            if (free := f"secret-{secret}"[:60] + (f"-{n}" if n else "")) not in taken
        )
        new = {"name": name, "secret": {"secretName": secret}}
        put_behind(spec, ("containers", "volumes"), "volumes", [*as_list(spec.get("volumes")), new])
    folder = join(_FOLDER, secret)
    mount = {"name": name, "mountPath": folder, "readOnly": True}
    mounts = [*as_list(container.get("volumeMounts")), mount]
    put_behind(
        container,
        ("name", "image", "command", "args", "env", "envFrom", "ports", "volumeMounts"),
        "volumeMounts",
        mounts,
    )
    return folder


def _is_whole(volume: dict[str, Any], secret: str) -> bool:
    source = as_dict(volume.get("secret"))
    return as_text(source.get("secretName")) == secret and not source.get("items")


FIX = Fix(checks=("secret-in-env",), mend=mend, instead=("secret-volume-world-readable",))
