"""Who may do what, by RBAC: every question is answered as the API server's RBAC authorizer answers it.

Source: ``plugin/pkg/auth/authorizer/rbac/rbac.go`` and ``pkg/registry/rbac/validation/rule.go`` in
kubernetes/kubernetes. The tests compare it with a running API server.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from strongroom.access import rbac_defaults
from strongroom.access.rbac_request import SERVICE_ACCOUNT_USER, Request, User
from strongroom.access.rbac_rules import COLLECTION_VERBS, allows, covering, names_allowed, url_covers
from strongroom.model.rbac import Binding, Role, Rule, Subject
from strongroom.model.resource import Resource

DEFAULT_NAMESPACE = "default"
"""The namespace of an object whose manifest names none: what kubectl takes unless its context says otherwise."""

_MOST_QUESTIONS = 4096


class Permission(msgspec.Struct, frozen=True, gc=False):
    """One rule given to one subject by one binding.

    Attributes:
        namespace: where it reaches; empty for every namespace and the objects of none (a ClusterRoleBinding).
        names: the names of the objects that it is limited to; ``()`` for any.
    """

    subject: Subject
    namespace: str
    rule: Rule
    role: Role
    binding: Binding
    names: tuple[str, ...] = ()


class Grant(msgspec.Struct, frozen=True):
    """One binding and what its role allows of one question: what `Rbac.holders` multiplies by the subjects.

    Attributes:
        namespace: as in `Permission`.
        rules: each with the names that it is limited to. Where one is not limited, it is the only one.
    """

    namespace: str
    binding: Binding
    role: Role
    subjects: tuple[Subject, ...]
    rules: tuple[tuple[Rule, tuple[str, ...]], ...]


class _Given(msgspec.Struct, frozen=True, eq=False):
    """A binding that gives a role: its own number, and that of the role; where each subject is, by what it is known."""

    number: int
    role: int
    namespace: str
    binding: Binding
    subjects: tuple[Subject, ...]
    at: dict[tuple[str, str], int]


_Question = tuple[str, str, str, str]
"""Verb, group, resource with its subresource, subresource."""


class Rbac:
    """The index of roles and bindings. Bindings to a role that the sources do not hold give nothing.

    Building it is linear in what the objects hold; a question costs what it finds.

    Args:
        bindings: with their roles (`inventory.rbac.bindings_of`), in the order in which permissions are given back.
        cluster_scoped: group and plural of resources that no namespace has, beside those of Kubernetes itself.
        refused: objects that are left out, with the reason.
    """

    def __init__(
        self,
        roles: Iterable[Role],
        bindings: Iterable[Binding],
        *,
        cluster_scoped: Iterable[tuple[str, str]] = (),
        refused: tuple[tuple[Resource, str], ...] = (),
    ) -> None:
        self.roles = tuple(roles)
        self.bindings = tuple(bindings)
        self.refused = refused
        self._scopes = tuple(cluster_scoped)
        self._cluster_scoped = rbac_defaults.cluster_scoped() | frozenset(self._scopes)
        self._rules: list[tuple[Rule, ...]] = []
        self._given: list[_Given] = []
        self._of_role: dict[int, list[_Given]] = {}
        self._to: dict[tuple[str, str], list[_Given]] = {}
        self._by_resource: dict[str, list[tuple[int, int]]] = {}
        self._with_urls: list[tuple[int, int]] = []
        self._found: dict[_Question, dict[int, list[Rule]]] = {}
        self._answers: dict[_Question, dict[str, list[Grant]]] = {}
        self._index()

    def of(self, bindings: Iterable[Binding]) -> Rbac:
        """Return the index of some of the bindings alone."""
        return Rbac(self.roles, bindings, cluster_scoped=self._scopes, refused=self.refused)

    def holders(self, verb: str, group: str, resource: str, *, namespace: str | None = None) -> Iterator[Permission]:
        """Yield each permission for a verb on a resource (``secrets``, ``pods/exec``).

        ``namespace`` says where it has to reach: None for anywhere, a namespace, or empty for objects of no namespace
        and for all namespaces at once.
        """
        for grant in self.grants(verb, group, resource, namespace=namespace):
            for subject in grant.subjects:
                for rule, names in grant.rules:
                    yield Permission(subject, grant.namespace, rule, grant.role, grant.binding, names)

    def grants(self, verb: str, group: str, resource: str, *, namespace: str | None = None) -> Iterator[Grant]:
        """Yield what `holders` does, by binding: less where one has many subjects and its role many rules."""
        combined, _, subresource = resource, *resource.partition("/")[1:]
        question = (verb, group, combined, subresource)
        if question not in self._answers:
            self._answers[question] = self._answer(question)
        found = self._answers[question]
        if namespace is None:
            for grants in found.values():
                yield from grants
        else:
            for reach in dict.fromkeys(("", namespace)):
                yield from found.get(reach, ())

    def holders_of_path(self, verb: str, path: str) -> Iterator[Permission]:
        """Yield each permission for a URL that is no resource (``/metrics``); only ClusterRoleBindings give such."""
        for role, number in self._with_urls:
            rule = self._rules[role][number]
            if rule.has_verb(verb) and any(url_covers(url, path) for url in rule.urls):
                for given in self._of_role[role]:
                    if not given.namespace:
                        for subject in given.subjects:
                            yield self._permission(given, subject, rule)

    def allows(self, user: User, request: Request) -> Permission | None:
        """Return the first permission by which RBAC allows a user's request; None where there is none.

        This is the RBAC authorizer alone: `access.authorizer` adds ``system:masters`` and nodes.
        """
        if request.path:
            found, namespace = self._with_path(request), ""
        else:
            found = self._matching((request.verb, request.group, request.combined, request.subresource))
            namespace = request.namespace
        for given in self._concerning(user, namespace):
            for rule in found.get(given.role, ()):
                if allows(rule, request):
                    return self._permission(given, _applies(given, user), rule)
        return None

    def _index(self) -> None:
        numbers: dict[int, int] = {}
        for binding in self.bindings:
            role = binding.role
            if role is None:
                continue
            if id(role) not in numbers:
                numbers[id(role)] = len(self._rules)
                self._index_rules(role)
            self._index_binding(binding, numbers[id(role)])

    def _index_rules(self, role: Role) -> None:
        number = len(self._rules)
        self._rules.append(role.rules)
        for index, rule in enumerate(role.rules):
            for resource in dict.fromkeys(rule.resources):
                self._by_resource.setdefault(resource, []).append((number, index))
            if rule.urls:
                self._with_urls.append((number, index))

    def _index_binding(self, binding: Binding, role: int) -> None:
        namespace = "" if binding.cluster else binding.resource.namespace or DEFAULT_NAMESPACE
        subjects = tuple(dict.fromkeys(_placed(subject, namespace) for _, subject in binding.subjects))
        subjects = tuple(subject for subject in subjects if subject.kind != "ServiceAccount" or subject.namespace)
        at = {_key(subject): index for index, subject in reversed(list(enumerate(subjects)))}
        given = _Given(len(self._given), role, namespace, binding, subjects, at)
        self._given.append(given)
        self._of_role.setdefault(role, []).append(given)
        for key in at:
            self._to.setdefault(key, []).append(given)

    def _matching(self, question: _Question) -> dict[int, list[Rule]]:
        """Return the rules that cover a question, names aside, by the number of their role."""
        found = self._found.get(question)
        if found is not None:
            return found
        verb, group, combined, subresource = question
        places = {place for entry in covering(combined, subresource) for place in self._by_resource.get(entry, ())}
        found = {}
        for role, index in sorted(places):
            rule = self._rules[role][index]
            if rule.has_verb(verb) and ("*" in rule.groups or group in rule.groups):
                found.setdefault(role, []).append(rule)
        if len(self._found) >= _MOST_QUESTIONS:
            self._found.clear()
        self._found[question] = found
        return found

    def _with_path(self, request: Request) -> dict[int, list[Rule]]:
        found: dict[int, list[Rule]] = {}
        for role, index in self._with_urls:
            found.setdefault(role, []).append(self._rules[role][index])
        return {role: [rule for rule in rules if allows(rule, request)] for role, rules in found.items()}

    def _answer(self, question: _Question) -> dict[str, list[Grant]]:
        """Return the grants of a question by the namespace that they reach, in the order of the bindings."""
        verb, group, combined, _ = question
        answer: dict[str, list[Grant]] = {}
        given_by: list[tuple[int, _Given, tuple[tuple[Rule, tuple[str, ...]], ...]]] = []
        for role, rules in self._matching(question).items():
            limited = _limited(rules, verb, group, combined)
            if limited:
                given_by += [(given.number, given, limited) for given in self._of_role[role]]
        for _, given, limited in sorted(given_by, key=lambda entry: entry[0]):
            binding = given.binding
            if binding.role is None or not given.subjects:
                continue
            if given.namespace and not self._in_namespaces(verb, group, combined):
                continue
            grant = Grant(given.namespace, binding, binding.role, given.subjects, limited)
            answer.setdefault(given.namespace, []).append(grant)
        return answer

    def _in_namespaces(self, verb: str, group: str, combined: str) -> bool:
        """Tell whether any request for a resource is made in a namespace, so that a RoleBinding can allow it.

        A request for one namespace by its name is made in it; one that lists, watches or creates them is not.
        """
        resource = combined.partition("/")[0]
        if (group, combined) == ("", "namespaces"):
            return verb not in COLLECTION_VERBS
        if verb == "bind":
            return True  # asked for a ClusterRole too in the namespace of the RoleBinding that names it
        return (group, resource) not in self._cluster_scoped

    def _concerning(self, user: User, namespace: str) -> list[_Given]:
        """Return what is given to a user and reaches a namespace: the ClusterRoleBindings first."""
        found = {given.number: given for key in _keys(user) for given in self._to.get(key, ())}
        here = [given for given in found.values() if given.namespace in ("", namespace)]
        return sorted(here, key=lambda given: (given.namespace, given.number))

    def _permission(self, given: _Given, subject: Subject, rule: Rule) -> Permission:
        role = given.binding.role
        if role is None:  # no binding without a role is indexed
            raise ValueError("a binding without its role gives nothing")
        return Permission(subject, given.namespace, rule, role, given.binding, rule.names)


def _limited(rules: list[Rule], verb: str, group: str, combined: str) -> tuple[tuple[Rule, tuple[str, ...]], ...]:
    """Return the rules with the names that each allows; one that allows any name makes the others needless."""
    limited = []
    for rule in rules:
        names = names_allowed(rule, verb, group, combined)
        if names == ():
            return ((rule, ()),)
        if names is not None:
            limited.append((rule, names))
    return tuple(limited)


def _placed(subject: Subject, namespace: str) -> Subject:
    """Return a subject with the namespace of its binding where it names none."""
    if subject.kind == "ServiceAccount" and not subject.namespace:
        return Subject(subject.kind, namespace, subject.name)
    return subject


def _key(subject: Subject) -> tuple[str, str]:
    """Return what an authenticated user is compared with: its kind (a ServiceAccount is a user) and name."""
    if subject.kind == "ServiceAccount":
        return "User", f"{SERVICE_ACCOUNT_USER}{subject.namespace}:{subject.name}"
    return subject.kind, subject.name


def _applies(given: _Given, user: User) -> Subject:
    """Return the first subject of a binding that the user is, or is a member of."""
    return given.subjects[min(given.at[key] for key in _keys(user) if key in given.at)]


def _keys(user: User) -> list[tuple[str, str]]:
    return [("User", user.name), *(("Group", group) for group in user.groups)]
