"""``python -m tests.support.controlplane``: a cluster by hand. Prints the path of a kubeconfig; Ctrl-C ends it."""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from pathlib import Path

from tests.support.controlplane.apiserver import Options
from tests.support.controlplane.process import ProcessError
from tests.support.controlplane.server import Cluster, built_programs
from tests.support.controlplane.toolchain import UnavailableError


def main() -> int:
    """Run a cluster until it is interrupted; the exit code is 2 where there can be none."""
    parser = argparse.ArgumentParser(prog="python -m tests.support.controlplane", description=__doc__)
    parser.add_argument("--encryption-config", type=Path, metavar="FILE", help="an EncryptionConfiguration")
    parser.add_argument("--audit-policy", type=Path, metavar="FILE", help="an audit policy")
    parser.add_argument("--flag", action="append", default=[], metavar="--NAME=VALUE", help="any other API server flag")
    chosen = parser.parse_args()
    options = Options(
        encryption_config=chosen.encryption_config and chosen.encryption_config.resolve(),
        audit_policy=chosen.audit_policy and chosen.audit_policy.resolve(),
        flags=tuple(chosen.flag),
    )
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    try:
        with Cluster(built_programs(_say), [options]) as cluster:
            _say(f"API server {cluster.access.url}, etcd {cluster.etcd.url}, files in {cluster.directory}")
            if options.audit_policy:
                _say(f"audit log {cluster.api_servers[0].audit_log}")
            _say("Ctrl-C ends it")
            sys.stdout.write(f"{cluster.access.kubeconfig()}\n")
            sys.stdout.flush()
            ended.wait()
    except (UnavailableError, ProcessError) as problem:
        _say(str(problem))
        return 2
    return 0


def _say(message: str) -> None:
    sys.stderr.write(f"controlplane: {message}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
