# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Why something goes: what it was given for, and that this has ended."""

from __future__ import annotations

import typing as t

from ..model import Because, Change

_GLASS_ENDED = "the break-glass access has ended"


def ends_break_glass(change: Change) -> bool:
    """Say whether a change takes away what somebody had by break-glass access and nothing else."""
    return bool(change.because) and all((one.kind, one.text) == ("expiry", _GLASS_ENDED) for one in change.because)


def no_longer_given(reasons: t.Iterable[Because], policy: str, commit: str) -> tuple[Because, ...]:
    """Return why an entitlement goes that was given for ``reasons`` and that nothing gives any more.

    Without reasons it is unexplained: nothing that we know of ever gave it. ``policy`` and ``commit`` are those of now.
    """
    ended = tuple(dict.fromkeys(_ended(reason, policy, commit) for reason in reasons))
    return ended or (Because("unexplained", "", "no rule, exception or request gives it", policy, commit),)


def no_longer_needed(reasons: t.Iterable[Because], policy: str, commit: str) -> tuple[Because, ...]:
    """Return why a whole account goes that was there for ``reasons``."""
    ended = tuple(dict.fromkeys(_ended(reason, policy, commit) for reason in reasons))
    return ended or (
        Because("unexplained", "", "no rule, exception or request gives access to this app", policy, commit),
    )


def _ended(reason: Because, policy: str, commit: str) -> Because:
    if reason.kind == "exception":
        return Because("expiry", reason.id, "the exception has ended", policy, commit)
    if reason.kind == "cover":
        return Because("expiry", reason.id, f"the cover has ended: {reason.text}", policy, commit)
    if reason.kind == "break_glass":
        return Because("expiry", reason.id, _GLASS_ENDED, policy, commit)
    if reason.kind == "request" and reason.id:
        return Because("expiry", reason.id, "what was given on request has ended", policy, commit)
    if reason.kind == "rule":
        return Because("rule", reason.id, "the rule no longer gives it", policy, commit)
    if reason.kind in ("unexplained", ""):
        return Because("unexplained", reason.id, "no rule, exception or request gives it", policy, commit)
    return Because(reason.kind, reason.id, "it was given for this, and no rule or exception gives it", policy, commit)
