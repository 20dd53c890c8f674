"""The build hook: compiles the protobuf messages, for a wheel and for an editable install alike."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

_SOURCES = ("strongroom/keys/kmsv2/api.proto",)


class ProtobufBuildHook(BuildHookInterface):  # type: ignore[type-arg]  # its parameter is the builder's own business
    """Writes ``NAME_pb2.py`` and its types beside each ``NAME.proto``; neither is kept in Git."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002 - hatchling's signature
        """Compile; hatchling calls this before it collects files.

        Raises:
            RuntimeError: the compiler refuses a file; it has said why.
        """
        from grpc_tools import protoc  # type: ignore[import-untyped]  # it has none

        root = Path(self.root) / "src"
        for source in _SOURCES:
            words = ["protoc", f"--proto_path={root}", f"--python_out={root}", f"--pyi_out={root}", str(root / source)]
            if protoc.main(words):
                raise RuntimeError(f"protoc could not compile {source}")
            made = "src/" + source.removesuffix(".proto") + "_pb2"
            build_data["artifacts"] += [f"/{made}.py", f"/{made}.pyi"]
