"""Importing costs nothing that a command does not use, and does nothing."""

from __future__ import annotations

import pkgutil
import subprocess
import sys

import strongroom

_GUARD = """
import sys
import builtins, importlib, os, socket, subprocess

def watch(event, args):
    if event == "open":
        path, mode, flags = args
        code = str(path)
        write = isinstance(mode, str) and any(c in mode for c in "wax+") or (flags or 0) & (os.O_WRONLY | os.O_RDWR)
        if write or not code.endswith((".py", ".pyc", ".so")):
            seen.append(f"{event} {code}")
    elif event.startswith(("socket.", "subprocess.", "os.system", "os.mkdir", "os.remove", "os.rename")):
        seen.append(event)

seen = []
for third_party in THIRD_PARTY:
    importlib.import_module(third_party)
sys.addaudithook(watch)
for name in NAMES:
    importlib.import_module(name)
print("\\n".join(seen))
"""
_THIRD_PARTY = [
    "aiohttp",
    "aiohttp.web",
    "click",
    "msgspec",
    "msgspec.json",
    "yaml",
    "ryaml",
    "pathspec",
    "kingfisher_sdk",
    "jinja2",
    "rich.console",
    "prometheus_client",
    "grpc",
]


def test_no_module_does_io_at_import() -> None:
    """Importing every module of the package opens no file, starts no process, touches no network."""
    names = [
        m.name for m in pkgutil.walk_packages(strongroom.__path__, "strongroom.") if not m.name.endswith("__main__")
    ]
    code = f"NAMES = {names!r}\nTHIRD_PARTY = {_THIRD_PARTY!r}\n{_GUARD}"

    done = subprocess.run([sys.executable, "-B", "-c", code], capture_output=True, text=True, check=True)

    assert len(names) > 100
    assert done.stdout.strip() == ""


def test_help_loads_little() -> None:
    """The help of the root command loads no command and no heavy library."""
    code = (
        "import sys\nfrom strongroom.cli import main\nmain(['--help'])\n"
        "heavy = {'msgspec', 'yaml', 'ryaml', 'rich', 'kingfisher_sdk', 'jinja2', 'cryptography', 'pathspec'}\n"
        "print(sorted(heavy & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stderr.strip() == "[]"
    assert "Usage: strongroom" in done.stdout
