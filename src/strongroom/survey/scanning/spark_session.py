"""Spark as a scan uses it: started, asked whether it encrypts, and its errors named."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from strongroom.errors import UsageError

if TYPE_CHECKING:
    from pyspark import SparkConf, SparkContext

FAILURES = 8
"""Attempts of a task: those that a lost worker took with it count, too."""

_AUTHENTICATED = ("spark.authenticate", "spark.network.crypto.enabled")
_TLS = "spark.ssl.rpc.enabled"


def refuse_master(master: str) -> None:
    """Refuse what runs no tasks of ours.

    Raises:
        UsageError: it is no master.
    """
    if master.startswith("sc://"):
        raise UsageError("--spark needs a master, not Spark Connect", hint="spark://HOST:7077, yarn, k8s://…, local[4]")


def refuse_without_spark() -> None:
    """Refuse where the extra is missing.

    Raises:
        UsageError: ``pyspark`` is not installed.
    """
    try:
        import pyspark  # noqa: F401 - only whether it is there
    except ImportError:
        raise UsageError("--spark needs pyspark", hint="pip install 'strongroom[spark]'") from None


def start(master: str, warn: Callable[[str], None], *, quiet: bool) -> SparkContext:
    """Start Spark's driver, with the settings of ``spark-defaults.conf``.

    Args:
        master: where the workers are.
        warn: called where what goes to them is not encrypted.
        quiet: say nothing of Spark's.
    """
    from pyspark import SparkConf, SparkContext, java_gateway

    # At the level DEBUG it would write down every command that goes to the JVM, the tasks with the key among them.
    logging.getLogger("py4j").setLevel(logging.WARNING)
    launch: Callable[..., Any] = java_gateway.launch_gateway
    gateway = launch(popen_kwargs={"stderr": subprocess.DEVNULL} if quiet else {})
    conf = SparkConf(_jvm=gateway.jvm)
    conf.setMaster(master).setAppName("strongroom scan").set("spark.ui.showConsoleProgress", "false")
    conf.setIfMissing("spark.ui.enabled", "false").setIfMissing("spark.task.maxFailures", str(FAILURES))
    # A larger closure, and so the key, would be written to a file on its way to the workers.
    conf.set("spark.broadcast.UDFCompressionThreshold", str(1 << 30))
    if not master.startswith("local") and not _is_encrypted(conf):
        warn("the fingerprint key goes to Spark's workers unencrypted: set spark.authenticate and spark.network.crypto")
    context = SparkContext(conf=conf, gateway=gateway)
    context.setLogLevel("ERROR")
    if "PYSPARK_PYTHON" not in os.environ and conf.get("spark.pyspark.python") is None:
        context.pythonExec = sys.executable
    return context


def exists(context: SparkContext, address: str) -> bool:
    """Tell whether something is at an address that Spark knows, such as ``s3a://bucket/rows``."""
    jvm: Any = context._jvm  # noqa: SLF001 - there is no other way from Python to Spark's file systems
    jsc: Any = context._jsc  # noqa: SLF001
    path = jvm.org.apache.hadoop.fs.Path(address)
    return bool(path.getFileSystem(jsc.hadoopConfiguration()).exists(path))


def kind_of(error: Exception) -> str:
    """Name an error of Spark's without its text, which may be pages of a stack trace."""
    java = getattr(error, "java_exception", None)
    return str(java.getClass().getSimpleName()) if java is not None else type(error).__name__


def _is_encrypted(conf: SparkConf) -> bool:
    """Tell whether what goes from here to the workers is (https://spark.apache.org/docs/latest/security.html)."""
    on = {name for name in (*_AUTHENTICATED, _TLS) if (conf.get(name) or "").lower() == "true"}
    return _TLS in on or on.issuperset(_AUTHENTICATED)
