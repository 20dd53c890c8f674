"""The planted values, and the calls in which none of them may come out: of every command."""

from __future__ import annotations

from strongroom.report.formats import ACCESS_FORMATS, FORMATS, INVENTORY_FORMATS, MINIMISE_FORMATS

CANARIES = {
    "secret-data": "Zq7-canary-Secret-Data-81xW",
    "string-data": "Zq7-canary-String-Data-52kL",
    "config": "Zq7-canary-Config-Map-93mP",
    "embedded": "Zq7-canary-Embedded-File-17rT",
    "env": "Zq7-canary-Env-Literal-64vB",
    "argument": "Zq7-canary-Argument-38nC",
    "annotation": "Zq7-canary-Annotation-75hG",
    "applied": "Zq7-canary-Last-Applied-29jD",
    "url": "Zq7-canary-Url-Password-46sF",
    "custom": "Zq7-canary-Custom-Field-83yE",
    "values": "Zq7-canary-Helm-Values-51uA",
    "pipeline": "Zq7-canary-Pipeline-69wQ",
    "build": "Zq7-canary-Image-Build-34zR",
    "dotenv": "Zq7-canary-Dotenv-File-97tY",
    "unnamed": "Zq7-canary-Unrecognised-22oU",
    "broken": "Zq7-canary-Broken-Yaml-58iO",
    "flow": "Zq7-canary-Flow-Style-13pN",
    "generator": "Zq7-canary-Generator-86cM",
    "key-name": "Zq7-canary-In-A-Comment-40dK",
    "encryption-key": "Zq7-canary-Encryption-Key-31-66x",  # 32 characters: a key of secretbox
    "stored": "Zq7-canary-Stored-In-Etcd-45pV",
    "imported": "Zq7-canary-Imported-Value-78qG",
}

_OPEN = ["--recovery-private-key", "old.key"]
CALLS = {
    "audit": [
        ["audit", ".", "--pedantic", "--format", f.id, *flags] for f in FORMATS for flags in ([], ["-v", "--no-render"])
    ]
    + [
        ["audit", ".", "--pedantic", "--quiet", *(f"--output=../out/report{f.suffixes[0]}" for f in FORMATS)],
        ["audit", ".", "--pedantic", "--write-baseline", "../out/baseline"],
        ["audit", ".", "--color", "-v"],
        *(["audit", ".", "--pedantic", "--import", "gitleaks.report", "--format", f.id] for f in FORMATS),
        *(["audit", "files:.", "--pedantic", "--format", f.id] for f in FORMATS),
        ["audit", "etcd.json", "-v"],
        ["--debug", "audit", "etcd:secret.yaml"],
        ["--debug", "audit", "."],
        ["--debug", "audit", "broken.yaml"],
        ["audit", "nowhere", "--select", CANARIES["env"][:3]],
    ],
    "fix": [
        ["fix", ".", "--pedantic", "--unsafe", "--dry-run"],
        ["fix", ".", "--pedantic", "--unsafe", "--dry-run", "--format", "json"],
        ["fix", ".", "--pedantic", "--unsafe", "--yes", "--save", "../out/fix.json"],
        ["fix", ".", "--pedantic", "--unsafe", "--yes", "--format", "json"],
        ["audit", ".", "--pedantic", "--unsafe", "--fix", "--yes", "--output=../out/after.html"],
        ["--debug", "fix", "workload.yaml", "--root", "chart"],
        ["--debug", "fix", ".", "--to", "sops", "--yes"],
        ["--debug", "fix", ".", "--to", "sealed", "--cert", "secret.yaml", "--yes"],
        ["--debug", "fix", "broken.yaml", "--yes"],
    ],
    "inventory": [["inventory", ".", "--format", f.id, *flags] for f in INVENTORY_FORMATS for flags in ([], ["-v"])]
    + [["--debug", "inventory", "."], ["inventory", ".", "--fingerprints", "../out/known.jsonl"]],
    "access": [
        ["access", "who-can", "get", "secrets", ".", "-v"],
        ["access", "who-can", "list", "secrets", ".", "--format", "json"],
        ["--debug", "access", "who-can", "get", "secrets", "broken.yaml"],
        *(["access", "exposure", ".", "--conditional", "-v", "--format", f.id] for f in ACCESS_FORMATS),
        *(["access", "exposure", "secret/s", ".", "-v", "--copies", "--format", f.id] for f in ACCESS_FORMATS),
        *(["access", "reach", "deployment/d", ".", "-v", "--format", f.id] for f in ACCESS_FORMATS),
        ["access", "reach", "client.token", ".", "-v"],
        ["--debug", "access", "reach", ".env", "."],
        ["--debug", "access", "reach", "deployment/d", "nowhere"],
        ["access", "paths", "deployment/d", "secret/s", ".", "-v"],
        ["access", "diff", "secret.yaml", "."],
        *(["access", "review", ".", "-v", "--format", f.id] for f in ACCESS_FORMATS),
        ["access", "what-if", ".", "--compromise", "deployment/d", "--allow", "user/x get secrets"],
        *(["access", "minimise", ".", "-v", "--format", f.id] for f in MINIMISE_FORMATS),
        ["access", "minimise", ".", "--plan", "../out/minimise.json", "-q"],
    ],
    "seal": [
        *(["seal", "seal.json", "--cert", "new.crt", "--format", shape] for shape in ("yaml", "json")),
        ["seal", "seal.json", "--cert", "old.crt", "-o", "../out/sealed.yaml"],
        ["seal", "seal.json", "--cert", "old.crt", *_OPEN, "--merge-into", "sealed.yaml"],
        ["seal", "--raw", "--cert", "new.crt", "--name", "s", "--namespace", "n", "--from-file", "seal.json"],
        ["--debug", "seal", "seal.json", "--cert", "seal.json"],
        ["--debug", "seal", "broken.yaml", "--cert", "new.crt"],
        ["--debug", "seal", "seal.json", "--cert", "new.crt", "--name", "a/b"],
        ["seal", "status", ".", *_OPEN, "--format", "json"],
        ["seal", "status", ".", *_OPEN, "--cert", "new.crt"],
        ["seal", "validate", "sealed.yaml", *_OPEN],
        ["--debug", "seal", "validate", "sealed.yaml", "--recovery-private-key", "seal.json"],
        ["seal", "renew", "sealed.yaml", *_OPEN, "--cert", "new.crt", "--yes"],
        ["seal", "renew", "sealed.yaml", *_OPEN, "--cert", "new.crt", "--plan", "../out/plan.json"],
        ["seal", "recover", "sealed.yaml", *_OPEN, "-o", "recovered.yaml"],
        ["--debug", "seal", "recover", "seal.json", *_OPEN, "-o", "recovered.yaml"],
        ["--debug", "seal", "recover", "sealed.yaml", *_OPEN],
        ["seal", "certificate", "--cert", "new.crt"],
    ],
    "checks": [["checks"], ["checks", "--format", "json"]],
    "explain": [["explain", "secret-in-configmap"], ["explain", "secret-in-env", "--format", "markdown"]],
    "demo": [["demo", "--output", "../out/demo.html"]],
    "plan": [
        ["plan", "show", "plan.json", "--fingerprint-key=plan.key"],
        ["plan", "show", "plan.json", "--fingerprint-key=plan.key", "--format", "json"],
        ["plan", "apply", "plan.json", "--fingerprint-key=plan.key"],
        ["plan", "apply", "plan.json", "--fingerprint-key=plan.key", "--yes"],
        ["--debug", "plan", "undo", "plan.json", "--fingerprint-key=plan.key", "--yes"],
        ["--debug", "plan", "resume", "config.yaml"],
        ["plan", "list", "--all"],
        ["plan", "list", "--all", "--format", "json"],
    ],
    "scan": [
        *(["scan", ".", "--format", f.id, *flags] for f in FORMATS for flags in ([], ["-v"])),
        ["scan", ".", "--quiet", *(f"--output=../out/scan{f.suffixes[0]}" for f in FORMATS)],
        *(["scan", "--history", "--all", "-v", "--format", f.id] for f in FORMATS),
        ["--debug", "scan", "--staged", "-v"],
        ["audit", "git:.", "--format", "json"],
        ["--debug", "scan", "--history", "--since", "nowhere"],
        ["--debug", "scan", "broken.yaml"],
        *(["scan", ".", "--inventory", ".", "--format", f.id] for f in FORMATS),
        ["--debug", "scan", ".", "--inventory", "secret.yaml", "--stdin"],
        ["--debug", "scan", ".", "--inventory", "broken.yaml"],
        ["scan", ".", "--write-baseline=../out/known"],
        ["scan", ".", "--write-baseline=../out/known", "--reason", "made up", "--expires", "2999-01-31"],
        ["--debug", "scan", ".", "--import", "gitleaks.report"],
        ["--debug", "scan", ".", "--baseline", "secret.yaml"],
        ["--debug", "scan", ".", "--rules", "secret.yaml"],
        ["--debug", "scan", "--test-rule", "config.yaml"],
    ],
    "git": [
        ["git", "check-encrypted", "secret.yaml", "broken.yaml", "flow.json", ".env", "workload.yaml"],
        ["--debug", "git", "check-encrypted", "--staged"],
        ["--debug", "git", "install", "--yes"],
        ["git", "uninstall"],
    ],
    "secret": [
        [
            "secret",
            "create",
            "new",
            "--from-env-file=.env",
            f"--from-literal=a={CANARIES['env']}",
            "-o=../out/new.yaml",
        ],
        ["--debug", "secret", "create", "new", "--from-file", "config.yaml", "-o", "-"],
        ["--debug", "secret", "create", "new", "--from-file", "config.yaml", "--seal", "--seal-cert", "config.yaml"],
        ["--debug", "secret", "create", "new", "--from-literal", CANARIES["env"]],
        ["--debug", "secret", "create", "new", "--from-env-file", "broken.yaml"],
        ["--debug", "secret", "create", "tls", "new", "--cert", "config.yaml", "--key", ".env"],
        ["--debug", "secret", "create", "docker-registry", "new", "--from-file", "config.yaml"],
        ["--debug", "secret", "create", "ssh-auth", "new", "--ssh-privatekey", "secret.yaml", "-o", "-"],
        ["secret", "list"],
        ["secret", "list", "--format", "json"],
        ["--debug", "secret", "list", "broken.yaml"],
        ["secret", "get", "enc.yaml", "password"],
        ["--debug", "secret", "get", "secret.yaml", "password"],
        ["--debug", "secret", "set", "enc.yaml", "password", "--from-file", "config.yaml"],
        ["--debug", "secret", "set", "broken.yaml", "a", "--from-file", "config.yaml"],
    ],
    # decrypt, get and exec print what they open, for that is their work: see tests/cli/file.
    "file": [
        ["file", "encrypt", "config.yaml"],
        ["file", "encrypt", ".env", "--output", "../out/sealed.env"],
        ["file", "encrypt", "--output-type", "json", "config.yaml"],
        ["file", "encrypt", "--output-dir", "../out/sealed", "config.yaml", "broken.yaml", ".env"],
        *(["--debug", "file", "encrypt", name] for name in ("broken.yaml", "custom.yaml", "enc.yaml", "nowhere")),
        ["--debug", "file", "encrypt", "--encrypted-regex", "(", "config.yaml"],
        *(["--debug", "file", "decrypt", name] for name in ("broken.yaml", "config.yaml", ".env", "etcd.json")),
        ["--debug", "file", "decrypt", "--output-type", "ini", "enc.env"],
        ["--debug", "file", "decrypt", "--extract", '["nothing"]', "enc.yaml"],
        ["--debug", "file", "decrypt", "--input-type", "json", "enc.yaml"],
        ["--debug", "file", "get", "enc.yaml", "stringData.nothing"],
        ["--debug", "file", "set", "enc.yaml", "stringData.password", "--value-file", "config.yaml"],
        ["file", "set", "enc.yaml", "stringData.password", "--string", "--value-file", "config.yaml"],
        ["file", "unset", "enc.yaml", "stringData.password"],
        ["--debug", "file", "unset", "enc.yaml", "nothing"],
        ["file", "rotate", "enc.yaml"],
        ["file", "rotate", "-i", "enc.env"],
        ["--debug", "file", "rotate", "secret.yaml"],
        ["file", "exec-env", "enc.env", "true"],
        ["--debug", "file", "exec-env", "enc.yaml", "true"],
        ["file", "exec-file", "enc.yaml", "true"],
        ["file", "exec-file", "--no-fifo", "enc.yaml", "exit 1"],
        *(["file", "status", ".", "--check", "--format", shape] for shape in ("text", "json")),
        *(["file", "recipients", ".", "--former", "--format", shape] for shape in ("text", "json", "csv")),
        *(["file", what, "-r", ".", "--yes"] for what in ("encrypt", "rotate", "updatekeys")),
        ["--debug", "file", "encrypt", "-r", ".", "--plan", "../out/plan.json"],
        ["file", "offboard", "nobody", "."],
        ["--debug", "file", "publish", "enc.yaml", "secret.yaml", "--yes"],
        *(["file", "diff", "enc.yaml", name] for name in ("secret.yaml", "config.yaml", "enc.yaml", "broken.yaml")),
        ["--debug", "file", "diff", ".env", "enc.env"],
        ["file", "textconv", "enc.yaml"],
        ["file", "textconv", "enc.env"],
        ["file", "merge", "enc.env", "enc.yaml", "enc.yaml", "enc.yaml"],
        ["--debug", "file", "merge", "broken.yaml", "enc.yaml", "config.yaml", "enc.yaml"],
        ["--debug", "file", "merge", "--resolve", "enc.yaml"],
        ["--debug", "file", "edit", "enc.yaml"],
        ["--debug", "file", "edit", "enc.env"],
        ["--debug", "file", "edit", "secret.yaml"],
        ["file", "keygen", "--output", "../out/key"],
        ["file", "init", "--yes", "--no-hooks", "../out/first.yaml"],
    ],
    # What it opens it prints, for that is its work; so it is called for what it must not open.
    "krm": [
        ["krm"],
        *(["--debug", "krm", name] for name in ("broken.yaml", "config.yaml", ".env", "chart", "nowhere")),
    ],
    "at-rest": [
        *(
            ["at-rest", act, "etcd:etcd.db", *which, *flags]
            for act in ("status", "verify")
            for which in (["--config=encryption.yaml"], ["files:."])
            for flags in (["-v"], ["--format=json"], ["-q", "-o../out/at-rest.json", "-o../out/at-rest.txt"])
        ),
        *(
            ["--debug", "at-rest", "verify", "etcd:etcd.db", f"--config={name}"]
            for name in ("secret.yaml", "broken.yaml")
        ),
        *(
            ["--debug", "at-rest", "rotate", "--dry-run", f"--config={name}", "--api-server=https://127.0.0.1:1"]
            for name in ("encryption.yaml", "secret.yaml", "broken.yaml", "nowhere")
        ),
        ["--debug", "at-rest", "backup", "--age", CANARIES["env"], "-o", "../out/b.backup"],
        ["--debug", "at-rest", "backup", "--etcd", f"https://u:{CANARIES['env']}@127.0.0.1:1", "-o", "../out/b.backup"],
        *(["--debug", "at-rest", "backup", "verify", name] for name in ("secret.yaml", ".env", "enc.yaml", "nowhere")),
        ["--debug", "at-rest", "restore", "secret.yaml", "--yes"],
        *(
            ["at-rest", "configure", "--root=.", "--manifest=/apiserver.yaml", *flags]
            for flags in (
                ["--dry-run"],
                ["--dry-run", "--provider=aesgcm", "--staged", "--format=json", "--audit-policy"],
                ["--save=../out/plan.json", "--provider=kms", "--kms-endpoint=unix:///run/kms.sock"],
                ["--yes", "--provider=aesgcm", "--resources=configmaps"],
            )
        ),
        ["--debug", "at-rest", "configure", "--root=.", "--manifest=/secret.yaml"],
        *(
            ["--debug", "at-rest", "configure", "--root=.", "--manifest=/bare.yaml", f"--config=/etc/enc/{name}"]
            for name in ("broken.yaml", "config.yaml", "flow.json", ".env", "workload.yaml")
        ),
    ],
    "install": [
        ["install"],
        ["install", "--rbac", "audit", "--variant", "values"],
        ["install", "--rbac", "at-rest", "--resource", "secrets", "--resource", CANARIES["env"]],
        ["install", "kms-plugin", "--form=systemd", f"--key={CANARIES['env']}"],
    ],
    "serve": [
        ["serve", "kms-key", "../out/kek"],
        *(["--debug", "serve", "kms-key", "--rotate", name] for name in ("secret.yaml", ".env", "nowhere")),
        ["--debug", "serve", "kms-plugin", "--check", "--key=local-file:/proc/self/cwd/secret.yaml"],
        ["--debug", "serve", "kms-plugin", "--socket=/nowhere/k.sock", f"--key={CANARIES['env']}"],
        *(
            ["--debug", "serve", "kms-plugin", "--socket=/nowhere/kms/k.sock", f"--config={name}"]
            for name in ("broken.yaml", "secret.yaml", "flow.json", ".env", "nowhere")
        ),
    ],
}
