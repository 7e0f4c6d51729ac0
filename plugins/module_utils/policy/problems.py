# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Collects everything that is wrong, so that one run of check shows all of it."""

from __future__ import annotations

import difflib
import typing as t

from ..errors import PolicyError
from ..model import Finding, Origin


def did_you_mean(word: str, candidates: t.Iterable[str]) -> str:
    """Return a question that names the candidate most like ``word``, or nothing."""
    by_fold: dict[str, str] = {}
    for candidate in candidates:
        by_fold.setdefault(candidate.casefold(), candidate)
    near = difflib.get_close_matches(word.casefold(), list(by_fold), n=1)
    return f'Did you mean "{by_fold[near[0]]}"?' if near else ""


class Problems:
    """A list of findings that can be raised as one error."""

    def __init__(self) -> None:
        self.findings: list[Finding] = []

    def error(self, code: str, message: str, where: Origin | str | None = None, todo: str = "", **names: str) -> None:
        """Note an error. ``names`` are app, person or account of the finding."""
        self.findings.append(Finding(code, "error", message, where=str(where or ""), todo=todo, **names))

    def stop_if_any(self) -> None:
        """Raise PolicyError with every error found so far; the first one is its message."""
        errors = [finding for finding in self.findings if finding.severity == "error"]
        if not errors:
            return
        first = errors[0]
        more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
        raise PolicyError(
            first.message.rstrip(". ") + more, where=first.where, todo=first.todo, findings=tuple(self.findings)
        )
