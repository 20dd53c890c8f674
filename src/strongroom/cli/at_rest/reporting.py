"""From options to a request, and from a report to its outputs."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from strongroom.cli.common import outputs, terminal, write

if TYPE_CHECKING:
    from strongroom.model.at_rest import AtRest
    from strongroom.survey.at_rest.status import Request


def asked(sources: tuple[str, ...], given: dict[str, Any], show: Callable[[str], None], *, sample: int = 0) -> Request:
    """Make the request of a run from its options.

    Raises:
        UsageError: an output is of no known format.
    """
    from strongroom.report.formats import AT_REST_FORMATS
    from strongroom.sources.etcd_options import EtcdOptions
    from strongroom.survey.at_rest.status import Request

    outputs(given["output"], AT_REST_FORMATS)  # refused before anything is read
    return Request(
        sources=sources,
        config=given["config"],
        api_servers=given["api_server"],
        context=given["context"],
        kubeconfig=given["kubeconfig"],
        etcd=EtcdOptions.given(given["etcd_cacert"], given["etcd_cert"], given["etcd_key"], os.environ),
        sample=sample,
        progress=show,
        environment=os.environ,
    )


def write_report(report: AtRest, given: dict[str, Any]) -> None:
    """Write a report to files and to standard output.

    Raises:
        OutputError: a file cannot be written.
    """
    from strongroom.report.formats import AT_REST_FORMATS, by_id

    shown = None if given["quiet"] else by_id(given["shape"], AT_REST_FORMATS)
    where = terminal(color=given["color"], verbose=given["verbose"])
    write(report, outputs(given["output"], AT_REST_FORMATS), shown, where)
