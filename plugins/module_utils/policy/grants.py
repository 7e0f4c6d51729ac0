# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What rules, bundles and exceptions give: app -> list of entitlements, each looked up in the catalog."""

from __future__ import annotations

import typing as t

from ..model import Origin
from .files import mapping, sequence
from .problems import Problems, did_you_mean
from .values import Catalog, Pair
from .yaml_lines import Document, Path


class GrantReader:
    """``names`` is app -> the keys of its entitlements; None: nothing is looked up."""

    def __init__(self, problems: Problems, names: t.Mapping[str, t.Collection[str]] | None) -> None:
        self.problems = problems
        self.names = names

    @classmethod
    def of(cls, problems: Problems, catalog: Catalog | None) -> GrantReader:
        names = None if catalog is None else {key: app.entitlements.keys() for key, app in catalog.apps.items()}
        return cls(problems, names)

    def read(self, document: Document, path: Path) -> tuple[Pair, ...]:
        """Return the (app, entitlement) pairs at ``path``; an empty list gives (app, ""), the account by itself."""
        pairs: dict[Pair, None] = {}
        for app, entitlements in mapping(document.at(path)).items():
            here = (*path, app)
            if not self.check(app, "", document.origin(here)):
                continue
            if entitlements == []:
                pairs[app, ""] = None
            for number, entitlement in enumerate(sequence(entitlements)):
                if isinstance(entitlement, str):
                    self.check(app, entitlement, document.origin((*here, number)))
                    pairs[app, entitlement] = None
        return tuple(pairs)

    def check(self, app: str, entitlement: str, origin: Origin) -> bool:
        """Note an app or an entitlement that the catalog does not have; return whether it has both."""
        if self.names is None:
            return True
        if app not in self.names:
            hint = did_you_mean(app, self.names)
            self.problems.error("unknown_app", f'the catalog has no app "{app}"', origin, hint, app=app)
            return False
        if entitlement and entitlement not in self.names[app]:
            known = self.names[app]
            hint = did_you_mean(entitlement, known) or f"It has: {', '.join(sorted(known)) or 'none'}"
            message = f'the app "{app}" has no entitlement "{entitlement}"'
            self.problems.error("unknown_entitlement", message, origin, hint, app=app)
            return False
        return True
