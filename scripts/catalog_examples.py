# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The examples of the catalog, for the programs that write modules and tables from them."""

from __future__ import annotations

import pathlib
import typing as t

import yaml

EXAMPLES = pathlib.Path(__file__).resolve().parent.parent / "examples/catalog"


def example_of(word: str) -> tuple[str, t.Mapping[str, t.Any]]:
    """Return the first app with a connector, by its key: from the example of the same name, else from any.

    Raises LookupError where there is none.
    """
    for path in [EXAMPLES / f"{word}.yml", *sorted(EXAMPLES.glob("*.yml"))]:
        if path.exists():
            for key, app in yaml.safe_load(path.read_text(encoding="utf-8"))["apps"].items():
                if app.get("connector", "none") == word:
                    return key, app
    raise LookupError(f"examples/catalog has no app with connector: {word}")


def connection_of(word: str) -> t.Mapping[str, t.Any]:
    """Return the ``connection`` of a connector's example. A connector without one has no settings that matter."""
    connection: t.Mapping[str, t.Any] = example_of(word)[1].get("connection") or {}
    return connection
