# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Validates what passes between a connector and a fake against the vendor's own specification."""

from __future__ import annotations

import typing as t


class Checker(t.Protocol):
    """One specification."""

    def problems(self, request: t.Any, response: t.Any) -> list[str]:
        """Return what is wrong with a werkzeug request and its response: method, path, parameters, bodies. A path that
        is not in this specification is a problem too, unless it is below another base path."""


def checker_for(name: str) -> Checker:
    raise NotImplementedError(name)
