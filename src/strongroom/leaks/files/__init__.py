"""Files that are credentials as a whole: by name first, then by what they hold."""

from __future__ import annotations

from strongroom.leaks.files.facts import facts_of_file
from strongroom.leaks.files.kinds import interesting
from strongroom.leaks.files.sops import fact_of_sops

__all__ = ["fact_of_sops", "facts_of_file", "interesting"]
