"""Who may do it: the same questions to strongroom and to peers, over one running API server that is asked too.

A real API server on loopback is given roles and bindings of every shape; then each question goes to every program, and
for every subject to the API server (SubjectAccessReview), which is right by definition. Peers are taken from PATH:
``kubectl-who-can`` (github.com/aquasecurity/kubectl-who-can) and ``rbac-tool`` (github.com/alcideio/rbac-tool); one
that is not there is left out. rbac-tool asks about all namespaces at once, so it is compared by itself.

    python -m benchmarks access_peers
"""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from tests.support.controlplane.access import Access, Client, eventually
from tests.support.controlplane.server import Cluster, built_programs

RBAC = "rbac.authorization.k8s.io"
NAMESPACES, BINDINGS = 40, 1_500
_SECONDS = 120

Subject = tuple[str, str, str]
Body = dict[str, Any]


class Question(NamedTuple):
    """One question; the name of an object, a subresource and a namespace are empty where none is meant."""

    verb: str
    resource: str
    group: str = ""
    name: str = ""
    subresource: str = ""
    namespace: str = "team-00"

    def show(self) -> str:
        """Write it as people say it."""
        what = "/".join(part for part in (self.resource, self.subresource) if part)
        group = f".{self.group}" if self.group else ""
        return f"{self.verb} {what}{group}" + (f" {self.name}" if self.name else "")


QUESTIONS = (
    Question("get", "secrets"),
    Question("list", "secrets"),
    Question("get", "secrets", name="db"),
    Question("delete", "secrets", name="db"),
    Question("create", "pods"),
    Question("create", "pods", subresource="exec"),
    Question("create", "serviceaccounts", subresource="token"),
    Question("patch", "deployments", "apps"),
    Question("update", "deployments", "apps", subresource="scale"),
    Question("escalate", "roles", RBAC),
    Question("impersonate", "users", namespace=""),
)

RULES: dict[str, list[Body]] = {
    "reads": [{"apiGroups": [""], "resources": ["secrets"], "verbs": ["get", "list", "watch"]}],
    "reads-one": [{"apiGroups": [""], "resources": ["secrets"], "resourceNames": ["db"], "verbs": ["get"]}],
    "other-group": [{"apiGroups": ["example.com"], "resources": ["secrets"], "verbs": ["*"]}],
    "no-wildcard": [{"apiGroups": ["*"], "resources": ["*/*"], "verbs": ["*"]}],
    "every-scale": [{"apiGroups": ["*"], "resources": ["*/scale"], "verbs": ["update"]}],
    "core": [{"apiGroups": [""], "resources": ["*"], "verbs": ["get", "list"]}],
    "enters": [{"apiGroups": [""], "resources": ["pods/exec"], "verbs": ["create"]}],
    "starts": [{"apiGroups": ["", "apps"], "resources": ["pods", "deployments"], "verbs": ["create", "patch"]}],
    "mints": [{"apiGroups": [""], "resources": ["serviceaccounts/token"], "verbs": ["create"]}],
    "escalates": [{"apiGroups": [RBAC], "resources": ["roles"], "verbs": ["escalate"]}],
    "impersonates": [{"apiGroups": [""], "resources": ["users", "groups"], "verbs": ["impersonate"]}],
    "harmless": [{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get"]}],
}
"""Rules of the roles; each is a ClusterRole, and a Role in every namespace."""


def objects() -> Iterator[tuple[str, Body]]:
    """Yield what the cluster is given: the path of each collection and the object."""
    source = random.Random(20260101)  # noqa: S311 - the same objects in every run
    base = f"/apis/{RBAC}/v1"
    spaces = [f"team-{index:02}" for index in range(NAMESPACES)]
    yield from (("/api/v1/namespaces", {"metadata": {"name": space}}) for space in spaces)
    for name, rules in RULES.items():
        yield f"{base}/clusterroles", {"metadata": {"name": f"bench-{name}"}, "rules": rules}
        for space in spaces:
            yield f"{base}/namespaces/{space}/roles", {"metadata": {"name": name}, "rules": rules}
    label = {f"{RBAC}/aggregate-to-edit": "true"}
    yield (
        f"{base}/clusterroles",
        {"metadata": {"name": "bench-part-of-edit", "labels": label}, "rules": RULES["escalates"]},
    )
    for index in range(BINDINGS):
        space = spaces[index % NAMESPACES]
        kind, name = source.choice((("Role", source.choice([*RULES])), ("ClusterRole", _cluster_role(source))))
        wide = kind == "ClusterRole" and source.random() < 0.1
        body = {
            "metadata": {"name": f"bench-{index}"},
            "roleRef": {"apiGroup": RBAC, "kind": kind, "name": name},
            "subjects": [_subject(source, space) for _ in range(source.randint(1, 3))],
        }
        yield f"{base}/clusterrolebindings" if wide else f"{base}/namespaces/{space}/rolebindings", body


def _cluster_role(source: random.Random) -> str:
    return source.choice([*(f"bench-{name}" for name in RULES), "edit", "view", "admin", "gone"])


def _subject(source: random.Random, space: str) -> Body:
    kind, index = source.choice(("User", "Group", "ServiceAccount", "ServiceAccount")), source.randint(0, 20)
    if kind == "ServiceAccount":
        return {"kind": kind, "name": f"program-{index}", "namespace": space}
    return {"kind": kind, "apiGroup": RBAC, "name": f"{kind.lower()}-{index}"}


def right(client: Client, question: Question, subjects: set[Subject]) -> set[Subject]:
    """Return the subjects of which the API server says that they may."""
    return {subject for subject in subjects if _may(client, question, subject)}


def _may(client: Client, question: Question, subject: Subject) -> bool:
    kind, namespace, name = subject
    user = f"system:serviceaccount:{namespace}:{name}" if kind == "ServiceAccount" else name
    who = {"user": "nobody", "groups": [name]} if kind == "Group" else {"user": user}
    attributes = {
        "namespace": question.namespace,
        "verb": question.verb,
        "group": question.group,
        "resource": question.resource,
        "subresource": question.subresource,
        "name": question.name,
    }
    body = {"spec": {**who, "resourceAttributes": attributes}}
    answer = client.create("/apis/authorization.k8s.io/v1/subjectaccessreviews", body)
    return bool(answer["status"]["allowed"])


def known_subjects(client: Client) -> set[Subject]:
    """Return everybody whom a binding names."""
    found: set[Subject] = {("Group", "", "system:masters")}
    for kind in ("clusterrolebindings", "rolebindings"):
        for item in client.get(f"/apis/{RBAC}/v1/{kind}")["items"]:
            found |= _subjects(item.get("subjects"))
    return found


def _subjects(listed: list[Body] | None) -> set[Subject]:
    return {(one["kind"], one.get("namespace", ""), one["name"]) for one in listed or ()}


def _strongroom(question: Question) -> tuple[list[str], Callable[[str], set[Subject]]]:
    what = question.resource + (f".{question.group}" if question.group else "")
    words = [sys.executable, "-m", "strongroom", "access", "who-can", question.verb, _named(what, question)]
    words += ["cluster", "--format", "json", "--no-metadata"] + (
        ["-n", question.namespace] if question.namespace else []
    )
    words += ["--subresource", question.subresource] if question.subresource else []

    def answer(text: str) -> set[Subject]:
        # Whoever is limited to some names is told with them; the question without a name asks about all.
        return {
            (one["kind"], one["namespace"], one["name"])
            for one in json.loads(text)["holders"]
            if question.name or not one["grounds"] or any(not ground["names"] for ground in one["grounds"])
        }

    return words, answer


def _kubectl_who_can(question: Question) -> tuple[list[str], Callable[[str], set[Subject]]]:
    what = question.resource + (f".{question.group}" if question.group else "")
    words = ["kubectl-who-can", question.verb, _named(what, question), "-o", "json"]
    words += ["-n", question.namespace] if question.namespace else []
    words += ["--subresource", question.subresource] if question.subresource else []

    def answer(text: str) -> set[Subject]:
        bindings = [one for listed in json.loads(text[text.index("{") :]).values() for one in listed]
        return {subject for one in bindings for subject in _subjects(one.get("subjects"))}

    return words, answer


def _rbac_tool(question: Question) -> tuple[list[str], Callable[[str], set[Subject]]]:
    what = "/".join(part for part in (question.resource, question.subresource or question.name) if part)
    words = ["rbac-tool", "who-can", question.verb, what, "-o", "json"]

    def answer(text: str) -> set[Subject]:
        listed = json.loads(text) or []
        return {(one["kind"], one.get("namespace", ""), one["name"]) for one in listed}

    return words, answer


def _named(what: str, question: Question) -> str:
    return f"{what}/{question.name}" if question.name else what


OURS, RBAC_TOOL = "strongroom access who-can", "rbac-tool"
PROGRAMS = {OURS: _strongroom, "kubectl-who-can": _kubectl_who_can, RBAC_TOOL: _rbac_tool}


class Answer(NamedTuple):
    """What a program answered: how many it named wrongly, and how many it left out; None where it gave no answer."""

    seconds: float
    wrong: int | None
    missed: int = 0


class Anywhere(NamedTuple):
    """Whom two programs name for all namespaces at once, and who is right where they differ."""

    ours: int
    theirs: int | None
    ours_right: int = 0
    theirs_right: int = 0


def said(access: Access, program: str, question: Question) -> tuple[float, set[Subject] | None]:
    """Ask a program; return the seconds, and whom it names, None where it gave no answer."""
    words, read = PROGRAMS[program](question)
    environment = {**os.environ, "KUBECONFIG": str(access.kubeconfig())}
    before = time.perf_counter()
    done = subprocess.run(words, env=environment, capture_output=True, timeout=_SECONDS, check=False)
    seconds = time.perf_counter() - before
    try:
        return seconds, read(done.stdout.decode())
    except (ValueError, KeyError):
        return seconds, None


def compared(access: Access, program: str, question: Question, truth: set[Subject]) -> Answer:
    """Ask a program, and compare."""
    seconds, found = said(access, program, question)
    return Answer(seconds, None) if found is None else Answer(seconds, len(found - truth), len(truth - found))


def anywhere(access: Access, question: Question) -> Anywhere:
    """Ask about all namespaces at once; the API server is asked of everybody whom only one program names."""
    question = question._replace(namespace="")
    _, ours = said(access, OURS, question)
    _, theirs = said(access, RBAC_TOOL, question)
    if ours is None or theirs is None:
        return Anywhere(len(ours or ()), None)
    client = access.client()
    spaces = ["", *(f"team-{index:02}" for index in range(NAMESPACES))]
    right_of_ours = 0
    for subject in ours ^ theirs:
        places = spaces if question.resource != "users" else [""]
        may = any(_may(client, question._replace(namespace=space), subject) for space in places)
        right_of_ours += may == (subject in ours)
    return Anywhere(len(ours), len(theirs), right_of_ours, len(ours ^ theirs) - right_of_ours)


def run() -> str:
    """Fill a cluster, ask, and return the section of the page."""
    names = [name for name in PROGRAMS if name == OURS or (name != RBAC_TOOL and shutil.which(name))]
    found: dict[str, list[Answer]] = {name: [] for name in names}
    everywhere: list[Anywhere] = []
    counts: list[int] = []
    with Cluster(built_programs(_say), controllers=True) as cluster:
        client = cluster.access.client()
        for path, body in objects():
            client.create(path, body)
        eventually(lambda: _aggregated(client), "edit has its parts")
        subjects = known_subjects(client)
        for question in QUESTIONS:
            truth = right(client, question, subjects)
            counts.append(len(truth))
            for name, answers in found.items():
                answers.append(compared(cluster.access, name, question, truth))
            if shutil.which(RBAC_TOOL):
                everywhere.append(anywhere(cluster.access, question))
            _say(f"{question.show()}: {len(truth)}, {[answers[-1] for answers in found.values()]} {everywhere[-1:]}")
    return section(found, counts, len(subjects)) + (_everywhere(everywhere) if everywhere else "")


def _aggregated(client: Client) -> bool:
    rules = client.get(f"/apis/{RBAC}/v1/clusterroles/edit")["rules"]
    return any("escalate" in rule["verbs"] for rule in rules)


def section(found: dict[str, list[Answer]], counts: list[int], subjects: int) -> str:
    """Write the section of the page."""
    lines = [
        "## Who may do it, beside other programs",
        "",
        f"{len(QUESTIONS)} questions about one namespace of an API server with {NAMESPACES} namespaces,",
        f"{BINDINGS:,} bindings of every shape and {subjects:,} subjects. The API server itself says what is right",
        "(SubjectAccessReview, each subject alone). *wrong*: named, and may not; *missed*: may, and is not named.",
        "",
        "| question | may | " + " | ".join(found) + " |",
        "|---|---|" + "---|" * len(found),
    ]
    for index, question in enumerate(QUESTIONS):
        cells = [_cell(answers[index]) for answers in found.values()]
        lines.append(f"| {question.show()} | {counts[index]} | {' | '.join(cells)} |")
    times = [sorted(answer.seconds for answer in answers)[len(answers) // 2] for answers in found.values()]
    lines.append(f"| seconds, median | | {' | '.join(f'{seconds:.2f}' for seconds in times)} |")
    lines += [
        "",
        "Where they differ: `kubectl-who-can` does not know that `*/scale` among the resources covers the subresource",
        "`scale` of everything, and refuses verbs that discovery does not list, so that `escalate` and `impersonate`",
        "cannot be asked about. It is faster: it reads roles and bindings only, and names no rule.",
    ]
    return "\n".join(lines) + "\n"


def _cell(answer: Answer) -> str:
    if answer.wrong is None:
        return "no answer"
    told = [f"{answer.wrong} wrong" if answer.wrong else "", f"{answer.missed} missed" if answer.missed else ""]
    return ", ".join(part for part in told if part) or "right"


def _everywhere(found: list[Anywhere]) -> str:
    lines = [
        "",
        "`rbac-tool` asks about all namespaces at once. Whom only one of the two programs names, the API server was",
        "asked about, in every namespace:",
        "",
        f"| question | {OURS} | {RBAC_TOOL} | differ | {OURS} is right | {RBAC_TOOL} is right |",
        "|---|---|---|---|---|---|",
    ]
    for question, one in zip(QUESTIONS, found, strict=True):
        differ = f"{one.ours_right + one.theirs_right} | {one.ours_right} | {one.theirs_right}"
        theirs = f"{one.theirs} | {differ}" if one.theirs is not None else "no answer | | | "
        lines.append(f"| {question.show()} | {one.ours} | {theirs} |")
    lines += [
        "",
        "Where they differ: `rbac-tool` names whoever may read one Secret of a given name among those who may get any,",
        "and takes `pods/exec` for a pod of the name `exec`: rules on subresources are missed, and others counted.",
    ]
    return "\n".join(lines) + "\n"


def _say(message: str) -> None:
    print(f"  {message}", flush=True)


if __name__ == "__main__":
    print(run())
