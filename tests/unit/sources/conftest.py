# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What every test of the sources needs: a company's directory to write HR files into, and to read them from."""

from __future__ import annotations

import pathlib
import typing as t

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.sources.people import Feed, read_people


class Company:
    """A directory with HR files. ``read`` takes source settings; ``csv`` writes one file and reads it."""

    def __init__(self, directory: pathlib.Path) -> None:
        self.directory = directory

    def write(self, name: str, content: str | bytes) -> str:
        path = self.directory / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return name

    def read(self, *sources: t.Mapping[str, t.Any], **kwargs: t.Any) -> Feed:
        return read_people(sources, self.directory, kwargs.pop("normalise", {}), **kwargs)

    def csv(self, content: str | bytes, **settings: t.Any) -> Feed:
        return self.read({"type": "csv", "path": self.write("people.csv", content), **settings})


@pytest.fixture
def company(tmp_path: pathlib.Path) -> Company:
    return Company(tmp_path)
