# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a source of people is: something outside that is read into records of texts.

A source knows nothing of people: it hands over what is written there, under the names used there, and says where each
record was found. What the columns mean is settled in one place for all sources (``mapping.py``).
"""

from __future__ import annotations

import dataclasses
import pathlib
import typing as t

from ..errors import SettingsError
from ..model import Finding, Origin
from .problems import Problems

#: The options that every source takes, whatever its type.
COMMON_OPTIONS = ("type", "columns", "set", "date_format", "manager_cycles", "may_be_empty")


@dataclasses.dataclass(frozen=True, slots=True)
class Record:
    """What one source says of one person: column -> text (empty for nothing), and where it was found."""

    values: t.Mapping[str, str]
    origin: Origin


class Source:
    """The base of all sources. A new one is a class in a file of its own and a line in ``registry.py``.

    ``read`` raises SourceUnreachable when the source cannot be read at all, and FeedError when what it holds makes no
    sense as a whole (no text, no table). What is wrong with single records goes to ``problems``, and reading goes on,
    so that all of it is told at once. What is only worth a look goes to ``findings``.
    """

    #: The word for ``type:`` in rollcall.yml.
    type: t.ClassVar[str] = ""
    #: Its own options: name -> "required", "optional" or "secret" (required, and never shown).
    options: t.ClassVar[t.Mapping[str, str]] = {}

    def __init__(self, settings: t.Mapping[str, t.Any], base_dir: pathlib.Path) -> None:
        """``settings`` are checked against ``options`` already; ``base_dir`` is what a relative path starts from."""
        self.settings = settings
        self.base_dir = base_dir
        self.problems = Problems()
        self.findings: list[Finding] = []

    @property
    def name(self) -> str:
        """What messages call this source; it holds no secret."""
        return str(self.settings.get("path") or self.type)

    @property
    def heading(self) -> Origin:
        """Where the names of the columns are written."""
        return Origin(self.name)

    def read(self) -> t.Iterable[Record]:
        raise NotImplementedError

    def text_option(self, name: str, default: str = "") -> str:
        """Return an option that must be a text; raises SettingsError when it is something else."""
        value = self.settings.get(name, default)
        if not isinstance(value, str):
            raise SettingsError(f"`{name}` must be a text", where=f"source {self.name}")
        return value
