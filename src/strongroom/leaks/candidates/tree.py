"""Every other string of a document: fields of custom resources, chart values, CI files."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from strongroom.leaks.candidates import shell
from strongroom.leaks.candidates.inside import leaves_of
from strongroom.leaks.candidates.raw import Raw, worth_a_look
from strongroom.leaks.wordset import wordset
from strongroom.model.origin import FieldPath
from strongroom.model.place import Context

MAX_DEPTH = 64

STRUCTURAL = wordset(
    """
    apiVersion kind image imagePullPolicy namespace resources selector matchLabels matchExpressions labels
    nodeSelector tolerations affinity topologySpreadConstraints securityContext podSelector namespaceSelector
    labelSelector secretName secretRef secretKeyRef secretKeySelector configMapRef configMapKeyRef fieldRef
    resourceFieldRef valueFrom valueFromSecret serviceAccountName serviceAccount serviceAccountRef
    imagePullSecrets pullSecrets storeRef secretStoreRef secretStoreRefs remoteRef generatorRef sourceRef
    objectRef claimRef targetRef scaleTargetRef parentRefs backendRefs backendRef certificateRefs issuerRef
    ownerReferences managedFields roleRef subjects caBundle caBundles caCert caCertificate
    certificateAuthorityData certificate-authority-data encryptedData sops openAPIV3Schema volumeMounts ports
    protocol finalizers storageClassName priorityClassName terminationMessagePath schedulerName restartPolicy
    dnsPolicy clusterIP clusterIPs type additionalPrinterColumns existingSecret existingSecretName secretObjects
    usernameSecret passwordSecret tokenSecret tokenSecretRef passwordSecretRef secretAccessKeySecretRef
    accessKeyIDSecretRef
    """
)
"""Fields that never hold a value of the user's: not looked into."""

SCRIPTS = frozenset(
    (
        "run",
        "script",
        "before_script",
        "after_script",
        "command",
        "commands",
        "args",
        "cmd",
        "entrypoint",
        "inlineScript",
    )
)
"""Fields that hold command lines."""

_VARIABLE_LISTS = frozenset(
    ("environment", "env", "variables", "env_vars", "envVars", "build_args", "args", "literals")
)
_PAIR_NAMES = ("name", "key")
_VAGUE = frozenset(("key",))
"""Names that mean something only behind the name of what they are of: ``license: {key: …}``."""
_COMMAND_LINE = re.compile(r"(?:^|_)(?:ARGS|OPTS|OPTIONS|FLAGS|CMD|COMMAND|ARGUMENTS)$", re.IGNORECASE)
"""Variables that hold command lines: ``JAVA_OPTS``, ``HELM_ARGS``."""


def strings_of(
    value: Any, context: Context, field: FieldPath = (), *, skip: frozenset[FieldPath] = frozenset()
) -> Iterator[Raw]:
    """Yield every string of a tree that is worth a look.

    A mapping of ``name`` and ``value`` counts as one named value; scripts give their flags and assignments; a
    multi-line text that is itself a file gives its leaves.

    Args:
        value: the tree.
        context: what kind of field its strings stand in.
        field: the way to the tree.
        skip: paths that somebody else looks at (pod specs, the object's metadata).
    """
    if isinstance(value, dict):
        yield from _of_mapping(value, context, field, skip)
    elif isinstance(value, list):
        yield from _of_list(value, context, field, skip)
    elif isinstance(value, str):
        yield from named_string(value, _name_of(field), context, field)


def _of_mapping(value: dict[Any, Any], context: Context, field: FieldPath, skip: frozenset[FieldPath]) -> Iterator[Raw]:
    if len(field) > MAX_DEPTH:
        return
    paired = _paired_name(value)
    for key, child in value.items():
        if not child or not isinstance(key, str) or key in STRUCTURAL:
            continue
        if isinstance(child, str):
            name = paired if paired and key == "value" else key
            if name in _VAGUE and (above := _name_of(field)):
                name = f"{above}_{name}"
            yield from named_string(child, name, context, (*field, key))
        elif isinstance(child, (dict, list)) and (*field, key) not in skip:
            if key == "metadata":
                yield from metadata_of(child, (*field, key))
            elif key in SCRIPTS and isinstance(child, list):
                yield from words_of(child, context, (*field, key))
            else:
                yield from strings_of(child, context, (*field, key), skip=skip)


def _of_list(value: list[Any], context: Context, field: FieldPath, skip: frozenset[FieldPath]) -> Iterator[Raw]:
    if len(field) > MAX_DEPTH:
        return
    name = _name_of(field)
    for index, child in enumerate(value):
        if isinstance(child, str):
            variable, equals, text = child.partition("=")
            if equals and name in _VARIABLE_LISTS and text:
                start = len(variable) + 1
                yield Raw(context, variable, child, (*field, index))
                yield Raw(context, variable, text, (*field, index), "", start, len(child))
            else:
                yield from named_string(child, name, context, (*field, index))
        elif isinstance(child, (dict, list)):
            yield from strings_of(child, context, (*field, index), skip=skip)


def _paired_name(value: dict[Any, Any]) -> str:
    if isinstance(value.get("value"), str):
        for key in _PAIR_NAMES:
            name = value.get(key)
            if isinstance(name, str):
                return name
    return ""


def _name_of(field: FieldPath) -> str:
    for step in reversed(field):
        if isinstance(step, str):
            return step
    return ""


def named_string(value: str, name: str, context: Context, field: FieldPath) -> Iterator[Raw]:
    """Yield one string, and what is inside it where it is a file or a script."""
    if not worth_a_look(name, value):
        return
    yield Raw(context, name, value, field)
    if name in SCRIPTS or is_command_line(name, value):
        yield from script_parts(value, context, field)
    elif "\n" in value.rstrip("\n") or value[:1] == "{":
        yield from leaves_of(context, _file_name(name, field), value, field)


def is_command_line(name: str, value: str) -> bool:
    """Tell whether a value is a command line or options for one, by its name: ``JAVA_OPTS: -Dpassword=…``."""
    return ("-" in value or "=" in value) and "\n" not in value and _COMMAND_LINE.search(name) is not None


def _file_name(name: str, field: FieldPath) -> str:
    """Argo CD and others hold chart values as a text: that is YAML, though its name does not say so."""
    return "values.yaml" if name == "values" and len(field) > 1 and field[-2] == "helm" else name


def script_parts(script: str, context: Context, field: FieldPath) -> Iterator[Raw]:
    """Yield the named values of a script."""
    for part in shell.in_script(script):
        if worth_a_look(part.name, part.value):
            yield Raw(context, part.name, part.value, field, "", part.start, part.end)


def words_of(words: list[Any], context: Context, field: FieldPath) -> Iterator[Raw]:
    """Yield the words of a command line and the named values in them; a list of scripts (CI) is opened line by line."""
    texts = [word if isinstance(word, str) else "" for word in words]
    for index, word in enumerate(texts):
        if worth_a_look("", word):
            yield Raw(context, "", word, (*field, index))
    if _is_list_of_scripts(field):
        for index, word in enumerate(texts):
            yield from script_parts(word, context, (*field, index))
        return
    for part in shell.in_words(texts):
        if worth_a_look(part.name, part.value):
            yield of_part(part, texts, context, (*field, part.word))


def of_part(part: shell.Part, words: list[str], context: Context, field: FieldPath) -> Raw:
    """Return the raw candidate of a part; a part that is its whole word has no offsets."""
    if part.end - part.start == len(words[part.word]):
        return Raw(context, part.name, part.value, field)
    return Raw(context, part.name, part.value, field, "", part.start, part.end)


def _is_list_of_scripts(field: FieldPath) -> bool:
    return field[-1] in ("script", "before_script", "after_script", "commands", "run")


def metadata_of(metadata: Any, field: FieldPath, *, but: frozenset[str] = frozenset()) -> Iterator[Raw]:
    """Yield annotations and labels; the name of one is the part after its prefix."""
    if not isinstance(metadata, dict):
        return
    for part in ("annotations", "labels"):
        values = metadata.get(part)
        if not isinstance(values, dict):
            continue
        for key, value in values.items():
            if isinstance(value, str) and isinstance(key, str) and key not in but:
                prefix, _, last = key.rpartition("/")
                name = last if "." in prefix else key
                if worth_a_look(name, value):
                    yield Raw(Context.METADATA, name, value, (*field, part, key))
                    if "\n" in value or value[:1] == "{":
                        yield from leaves_of(Context.METADATA, name, value, (*field, part, key))
