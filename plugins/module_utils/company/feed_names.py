# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Names for feeds: the same bytes, read in the same way, have the same name."""

from __future__ import annotations

import hashlib
import pathlib
import typing as t

from .settings import Settings


def name_of_feed(settings: Settings, resolve: t.Callable[[t.Any], t.Any]) -> str:
    """Return what names the bytes of the one file that people come from, with all that says how it is read.

    Empty where they come from anything else than one CSV file, and where it cannot be read.
    """
    try:
        sources = resolve([dict(source) for source in settings.sources])
    except Exception:  # whatever the templating raises is told where everybody is read
        return ""
    if len(sources) != 1 or sources[0].get("type") != "csv" or not isinstance(sources[0].get("path"), str):
        return ""
    try:
        content = (settings.base / pathlib.Path(sources[0]["path"]).expanduser()).read_bytes()
    except OSError:
        return ""
    how = repr((sources, settings.normalise, settings.limits, settings.username))
    return hashlib.sha256(hashlib.sha256(content).digest() + how.encode()).hexdigest()
