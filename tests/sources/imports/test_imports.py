"""Reports of other tools join ours.

``reports/`` holds what gitleaks 8.30.1 and Trivy 0.59.1 wrote of the files below (values replaced, long lists shortened), and
kube-bench's own test data (github.com/aquasecurity/kube-bench ``cmd/testdata``); ``kubescape.json`` has the fields of what
kubescape 3 and TruffleHog 3 wrote for DefectDojo's tests (github.com/DefectDojo/django-DefectDojo ``unittests/scans``).
"""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strongroom.documents.limits import DEFAULT, Limits
from strongroom.errors import SourceError
from strongroom.model.finding import Confidence, Practice, Severity
from strongroom.model.plaintext import Plaintext
from strongroom.model.report import Report
from strongroom.model.settings import Settings
from strongroom.sources.imports import FORMATS
from strongroom.sources.imports.practices import practice_of
from strongroom.sources.imports.read import read_imports
from strongroom.survey.run import Request, survey

REPORTS = Path(__file__).parent / "reports"
KEY = bytes(range(32))
PAT = "ghp_" + "R4mUq2Zt8LxWc5VbN0yHs7KdJf1GpEa3iOQ9"
AWS = "k3Jx9QwErT7yUiOpAsDfGhJkLzXcVbNm" + "12345678"
FILES = {
    "tree/secret.yaml": (
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: settings\ndata:\n"
        f"  githubToken: {PAT}\n  note: nothing\n---\napiVersion: v1\nkind: Secret\nmetadata:\n  name: db\n"
    ),
    "tree/app.env": f"AWS_SECRET_ACCESS_KEY={AWS}\n",
}


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the files and the reports of them, and the working folder of the test."""
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    for report in REPORTS.iterdir():
        text = report.read_text("utf-8").replace("@PAT@", PAT).replace("@AWS@", AWS).replace("@HERE@", str(tmp_path))
        (tmp_path / report.name).write_text(text)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _audit(*imports: str, source: str = "tree") -> Report:
    return survey(Request((source,), KEY, Settings(), imports=imports))


def _theirs(report: Report) -> dict[str, str]:
    return {f.id: f.severity.label for f in report.findings if f.id.startswith("imported:")}


def _evidence(report: Report) -> dict[str, set[str]]:
    return {
        f.id: {r.message for r in f.related if "reports it" in r.message}
        for f in report.findings
        if any("reports it" in r.message for r in f.related)
    }


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("name", ["gitleaks.json", "gitleaks.sarif"])
def test_the_same_value_is_the_same_secret(name: str) -> None:
    """What gitleaks and we both found is one finding of ours with gitleaks as evidence; nothing shows the value."""
    report = _audit(name)

    assert _theirs(report) == {}
    assert _evidence(report) == {
        "secret-in-configmap": {"gitleaks reports it as github-pat"},
        "credential-file": {"gitleaks reports it as generic-api-key"},
    }
    assert PAT not in repr(report)
    assert AWS not in repr(report)


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("name", ["trivy.json", "trivy.sarif"])
def test_the_same_line_where_a_tool_masks_values(name: str) -> None:
    """Trivy prints no value: the line of the file joins; misconfigurations are reported with their severities."""
    report = _audit(name)

    assert _theirs(report) == {
        "imported:trivy:AVD-KSV-0109": "high",
        "imported:trivy:KSV009": "high",
        "imported:trivy:KCV0001": "medium",
    }
    assert _evidence(report) == {
        "secret-in-configmap": {"Trivy reports it as github-pat"},
        "credential-file": {"Trivy reports it as aws-secret-access-key"},
    }
    assert {f.origin.path for f in report.findings if "KSV009" in f.id} == {"tree/api.yaml"}


@pytest.mark.usefixtures("here")
def test_two_reports_of_one_tool_say_it_once() -> None:
    """The JSON and the SARIF of the same run add nothing to each other."""
    both, one = _audit("trivy.json", "trivy.sarif"), _audit("trivy.json")

    assert len(both.findings) == len(one.findings)
    assert [len(f.related) for f in both.findings] == [len(f.related) for f in one.findings]


def test_a_value_that_only_the_other_tool_saw(here: Path) -> None:
    """A secret of Git history that is in no file any more is a finding with the tool's name, its place and a fingerprint."""
    text = (here / "gitleaks.json").read_text("utf-8")
    (here / "history.json").write_text(
        text.replace(PAT, "another-" + PAT[8:]).replace('"Commit": ""', '"Commit": "4f2ac1d"')
    )
    report = _audit("history.json")
    (finding,) = [f for f in report.findings if f.id.startswith("imported:")]

    assert finding.id == "imported:gitleaks:github-pat"
    assert finding.severity is Severity.HIGH
    assert finding.origin.commit == "4f2ac1d"
    assert finding.value == Plaintext("another-" + PAT[8:]).fingerprint(KEY)
    assert "GitHub Personal Access Token" in report.checks[finding.id].title
    assert "another-" not in repr(report)


def test_kube_bench(here: Path) -> None:
    """Failed tests are findings by their number, warnings low ones; passed tests are none."""
    document = json.loads((here / "kube-bench.json").read_text("utf-8"))
    real = document["Controls"][0]["tests"][0]["results"]
    real += [
        {**real[0], "test_number": "1.2.1", "status": "FAIL"},
        {**real[0], "test_number": "1.2.2", "status": "WARN"},
    ]
    (here / "kube-bench.json").write_text(json.dumps(document))

    assert _theirs(_audit("kube-bench.json")) == {
        "imported:kube-bench:1.2.1": "medium",
        "imported:kube-bench:1.2.2": "low",
    }


def test_kubescape(here: Path) -> None:
    """Failed controls are findings about their objects, with the severity of their score and the practice of the control."""
    report = _audit("kubescape.json")
    found = {f.id.removeprefix("imported:kubescape:"): f for f in report.findings if f.id.startswith("imported:")}

    assert {id_: (f.severity.label, f.practice.value) for id_, f in found.items()} == {
        "C-0012": ("high", "plaintext"),
        "C-0015": ("high", "access"),
        "C-0030": ("medium", "isolation"),
        "C-0034": ("medium", "exposure"),
    }
    assert found["C-0012"].message == "Deployment web: kubescape reports C-0012"
    # The report names the folder that was scanned, and the file below it.
    assert found["C-0012"].origin.path == "tree/api.yaml"
    assert found["C-0015"].message == "RoleBinding shop/reader: kubescape reports C-0015"
    assert here.name not in found["C-0012"].origin.path


def test_kubescape_of_another_machine(here: Path) -> None:
    """Where the scanned folder is none of ours, a file is shown as the report names it below that folder."""
    text = (here / "kubescape.json").read_text().replace(str(here), "/home/ci/build")
    (here / "kubescape.json").write_text(text)
    report = _audit("kubescape.json")

    assert {f.origin.path for f in report.findings if f.id.endswith("C-0012")} == {"api.yaml"}


def _found(value: str, place: dict[str, Any], **more: Any) -> str:
    """Return a line as TruffleHog 3 writes it."""
    entry = {
        "SourceMetadata": {"Data": place},
        "SourceID": 1,
        "SourceType": 15,
        "SourceName": "trufflehog - filesystem",
        "DetectorType": 8,
        "DetectorName": "Github",
        "DecoderName": "PLAIN",
        "Verified": False,
        "Raw": value,
        "RawV2": "",
        "Redacted": "",
        "ExtraData": None,
        "StructuredData": None,
    }
    return json.dumps({**entry, **more})


def test_trufflehog(here: Path) -> None:
    """Lines of TruffleHog are joined by value; a verified credential that only it has is critical."""
    log = '{"level":"info-0","ts":"2026-11-21T06:00:00Z","logger":"trufflehog","msg":"running source"}'
    git = {"commit": "fbc1430", "file": "keys", "email": "a <a@b.c>", "repository": "https://x.org/r", "line": 4}
    lines = [
        "\N{PIG FACE}\N{KEY}\N{PIG FACE}  TruffleHog. Unearth your secrets.",
        log,
        _found(PAT, {"Filesystem": {"file": "tree/secret.yaml", "line": 6}}),
        _found("other-" + PAT, {"Git": git}, Verified=True),
    ]
    (here / "trufflehog.jsonl").write_text("\n".join(lines))
    report = _audit("trufflehog.jsonl")
    (finding,) = [f for f in report.findings if f.id.startswith("imported:")]

    assert _theirs(report) == {"imported:trufflehog:github": "critical"}
    assert (finding.origin.path, finding.origin.line, finding.origin.commit) == ("keys", 4, "fbc1430")
    assert finding.message == "https://x.org/r: TruffleHog reports github"
    assert finding.practice is Practice.PLAINTEXT
    assert _evidence(report) == {"secret-in-configmap": {"TruffleHog reports it as github"}}
    assert PAT not in repr(report)


def test_a_credential_in_two_parts(here: Path) -> None:
    """Of a credential with an id TruffleHog prints the id, and both together: the secret part is joined."""
    id_ = "AKIAYVP4CIPPERUVIFXG"
    place = {"Docker": {"file": "/app/.env", "image": "shop", "tag": "1", "layer": "sha256:0"}}
    line = _found(id_, place, DetectorName="AWS", RawV2=f"{id_}:{AWS}", Redacted=id_)
    (here / "trufflehog.jsonl").write_text(line)
    report = _audit("trufflehog.jsonl")

    assert _theirs(report) == {}
    assert _evidence(report) == {"credential-file": {"TruffleHog reports it as aws"}}
    assert AWS not in repr(report)


def test_values_in_base64(here: Path) -> None:
    """Earlier versions of TruffleHog 3 printed values in base64: they are the same values."""
    place = {"Github": {"link": "https://x.org/r/blob/1/keys", "repository": "https://x.org/r.git", "file": "keys"}}
    (here / "trufflehog.jsonl").write_text(_found(base64.b64encode(PAT.encode()).decode(), place, Verified=True))

    assert _evidence(_audit("trufflehog.jsonl")) == {"secret-in-configmap": {"TruffleHog reports it as github"}}


@pytest.mark.parametrize(
    ("title", "practice"),
    [
        ("Ensure that the --encryption-provider-config argument is set as appropriate (Manual)", Practice.AT_REST),
        ("Ensure that encryption providers are appropriately configured (Manual)", Practice.AT_REST),
        ("Ensure that the --etcd-certfile and --etcd-keyfile arguments are set as appropriate", Practice.AT_REST),
        ("Ensure that the --peer-client-cert-auth argument is set to true (Automated)", Practice.AT_REST),
        ("Secret/etcd encryption enabled", Practice.AT_REST),
        ("Ensure that the --anonymous-auth argument is set to false (Manual)", Practice.ACCESS),
        ("Ensure that the --authorization-mode argument includes RBAC (Automated)", Practice.ACCESS),
        ("Ensure that a minimal audit policy is created (Manual)", Practice.ACCESS),
        ("Minimize access to secrets (Manual)", Practice.ACCESS),
        ("Ensure that the cluster-admin role is only used where required (Manual)", Practice.ACCESS),
        ("Manage secrets", Practice.ACCESS),
        ("Exec into container", Practice.ACCESS),
        ("Ensure that the admin.conf file permissions are set to 600 or more restrictive", Practice.EXPOSURE),
        ("Ensure that Service Account Tokens are only mounted where necessary (Manual)", Practice.EXPOSURE),
        ("Prefer using secrets as files over secrets as environment variables (Manual)", Practice.EXPOSURE),
        ("HostPath mount", Practice.EXPOSURE),
        ("Minimize the admission of privileged containers (Manual)", Practice.ISOLATION),
        ("The default namespace should not be used (Manual)", Practice.ISOLATION),
        ("Ensure that all Namespaces have Network Policies defined (Manual)", Practice.ISOLATION),
        ("Access to host network", Practice.ISOLATION),
        ("Allow privilege escalation", Practice.ISOLATION),
        ("ConfigMap with secrets", Practice.PLAINTEXT),
        ("Applications credentials in configuration files", Practice.PLAINTEXT),
        ("Ensure that the --rotate-certificates argument is not set to false (Automated)", Practice.LIFECYCLE),
        ("Ensure that the --token-auth-file parameter is not set (Automated)", Practice.LIFECYCLE),
        ("something else", Practice.EXPOSURE),
    ],
)
def test_practices(title: str, practice: Practice) -> None:
    """A rule of another tool stands under the habit that its title speaks of."""
    assert practice_of(title) is practice


def test_practices_in_a_report(here: Path) -> None:
    """Findings and pages of rules agree on the practice."""
    report = _audit("trivy.json", "kubescape.json")
    theirs = {f.id: f.practice for f in report.findings if f.id.startswith("imported:")}

    assert theirs["imported:trivy:AVD-KSV-0109"] is Practice.PLAINTEXT
    assert theirs["imported:trivy:KCV0001"] is Practice.ACCESS
    assert theirs["imported:trivy:KSV009"] is Practice.ISOLATION
    assert {id_: report.checks[id_].practice for id_ in theirs} == theirs


def test_what_we_know_to_be_none(here: Path) -> None:
    """A value that we take for a placeholder makes the other tool's finding a low one that says so."""
    (here / "tree" / "p.yaml").write_text(
        "apiVersion: v1\nkind: Secret\nmetadata: {name: p}\nstringData: {password: <password>}\n"
    )
    entry = json.loads((here / "gitleaks.json").read_text("utf-8"))[0]
    (here / "one.json").write_text(json.dumps([{**entry, "Secret": "<password>", "Match": "<password>"}]))
    (finding,) = [f for f in _audit("one.json").findings if f.id.startswith("imported:")]

    assert (finding.severity, finding.confidence) == (Severity.LOW, Confidence.LOW)
    assert finding.message.endswith("we take it for a placeholder")


def test_base64_as_a_scanner_prints_it(here: Path) -> None:
    """The base64 that a scanner sees in a Secret's data is the value that it encodes."""
    encoded = "cFE4eiFMdjlAV3gyIzdLZE1ucDV0Ug=="
    (here / "tree" / "b.yaml").write_text(
        f"apiVersion: v1\nkind: Secret\nmetadata: {{name: b}}\ndata: {{password: {encoded}}}\n"
    )
    entry = json.loads((here / "gitleaks.json").read_text("utf-8"))[0]
    (here / "one.json").write_text(json.dumps([{**entry, "Secret": encoded, "File": "elsewhere"}]))

    assert _theirs(_audit("one.json")) == {}


def test_accepted_results_of_sarif(here: Path) -> None:
    """Results that are suppressed, or that report no failure, are left out."""
    document = json.loads((here / "trivy.sarif").read_text("utf-8"))
    one, two, *_ = document["runs"][0]["results"]
    one["suppressions"] = [{"kind": "external"}]
    two["kind"] = "pass"
    document["runs"][0]["results"] = [one, two]
    (here / "trivy.sarif").write_text(json.dumps(document))

    assert _theirs(_audit("trivy.sarif")) == {}


def test_vulnerabilities_are_counted(here: Path) -> None:
    """Vulnerabilities become a number in what was read, and no finding."""
    document = {
        "SchemaVersion": 2,
        "ArtifactName": "image",
        "Results": [
            {"Target": "x", "Vulnerabilities": [{"VulnerabilityID": "CVE-2026-1"}, {"VulnerabilityID": "CVE-2026-2"}]}
        ],
    }
    (here / "image.json").write_text(json.dumps(document))
    report = _audit("image.json")

    assert _theirs(report) == {}
    assert "image.json: Trivy JSON, 0 findings, 2 vulnerabilities counted, not reported" in report.coverage.notes


@pytest.mark.parametrize("text", ["{}x", "<html>", '{"a": 1}', "[1, 2]", '"x"'])
def test_files_that_are_no_report(here: Path, text: str) -> None:
    """A file that is no report of a known form is refused by its name, never passed over."""
    (here / "odd.json").write_text(text)

    with pytest.raises(SourceError, match=r"odd\.json is no"):
        _audit("odd.json")


def test_limits(here: Path) -> None:
    """A report that is missing or larger than the limit is an error."""
    with pytest.raises(SourceError, match="cannot be read"):
        read_imports(["nowhere.json"], KEY, DEFAULT)
    with pytest.raises(SourceError, match="larger than the limit"):
        read_imports([str(here / "trivy.json")], KEY, Limits(max_bytes=100))


@settings(deadline=None, max_examples=150)
@given(st.data())
def test_any_shape_of_report_is_survived(data: st.DataObject) -> None:
    """Whatever one field of a report is replaced with, reading it raises nothing."""
    name = data.draw(st.sampled_from(sorted(path.name for path in REPORTS.iterdir())))
    document = json.loads((REPORTS / name).read_text("utf-8"))
    paths = list(_paths(document))
    path = data.draw(st.sampled_from(paths))
    holder: Any = document
    for step in path[:-1]:
        holder = holder[step]
    holder[path[-1]] = data.draw(st.sampled_from([None, True, -1, 1.5, "", "x", [], [None], {}, {"x": None}, [[]]]))
    for form in FORMATS:
        if form.is_one(document):
            list(form.findings(document))
            list(form.notes(document))


def _paths(value: Any, path: tuple[str | int, ...] = ()) -> Any:
    children: Any = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in children:
        yield (*path, key)
        yield from _paths(child, (*path, key))
