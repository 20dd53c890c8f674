"""One value in one place, on its way from a file's contents to a finding."""

from __future__ import annotations

import msgspec

from strongroom.model.finding import Confidence
from strongroom.model.origin import Origin
from strongroom.model.place import Context, Nature
from strongroom.model.plaintext import Fingerprint
from strongroom.model.resource import ResourceId


class Hit(msgspec.Struct, frozen=True):
    """One value in one place of one file. Holds the fingerprint, not the value.

    Attributes:
        origin: its exact place.
        nature: SECRET; else what raw text seems to hold, which is said in a low voice.
        frame: the line as a report may show it.
        encoded: it does not stand there as it is.
        encoding: how, where that is not base64.
        context, resource: where it stands in an object; None in raw text.
        inside: the part of the place's path that lies inside an archive: ``!etc/app.conf``.
        note: what else is known of the file there: ``deleted in layer 3``.
    """

    fingerprint: Fingerprint
    rule: str
    what: str
    nature: Nature
    confidence: Confidence
    masked: str
    entropy: float
    origin: Origin
    frame: str = ""
    encoded: bool = False
    encoding: str = ""
    context: Context | None = None
    resource: ResourceId | None = None
    weak: str = ""
    inside: str = ""
    note: str = ""
