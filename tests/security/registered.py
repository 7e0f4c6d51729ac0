# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every connector, desk and source that there is, from the registries: none can be forgotten."""

from __future__ import annotations

import typing as t

from ansible_collections.rollcall.access.plugins.module_utils.connectors import registry as connectors
from ansible_collections.rollcall.access.plugins.module_utils.desks import registry as desks
from ansible_collections.rollcall.access.plugins.module_utils.sources.registry import SOURCES


def every_kind() -> t.Iterator[tuple[str, type[t.Any]]]:
    """Yield what kind of thing it is with its word ("connector slack"), and its class."""
    for word in connectors.known():
        yield f"connector {word}", connectors.connector_class(word)
    for word in desks.known():
        yield f"desk {word}", desks.desk_class(word)
    for word, source in SOURCES.items():
        yield f"source {word}", source


def every_option() -> t.Iterator[tuple[str, str]]:
    """Yield the options of all of them: whose, and their names."""
    for place, kind in every_kind():
        for option in kind.options:
            yield place, option
