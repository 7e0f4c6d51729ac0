# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every error that Rollcall raises on purpose.

An error says what was expected, what was found, where, and what to do next. ``code`` is stable, for playbooks that
react to it; ``details`` is a flat mapping for machines. Nothing here may hold a secret.
"""

from __future__ import annotations

import typing as t

from .model.plain_line import on_one_line


class RollcallError(Exception):
    """The base of them all. ``str(error)`` is the message for a person."""

    code = "error"
    #: Whether its message is made of lines, each of them one already (see ``on_one_line``).
    several_lines = False

    def __init__(self, message: str, *, where: str = "", todo: str = "", **details: t.Any) -> None:
        self.message = message
        self.where = where
        self.todo = todo
        self.details = details
        super().__init__(message)

    def __str__(self) -> str:
        text = f"{self.where}: {self.message}" if self.where else self.message
        if self.todo:
            text = f"{text.rstrip('. ')}. {self.todo}"
        return "\n".join(map(on_one_line, text.split("\n"))) if self.several_lines else on_one_line(text)

    def failure(self) -> dict[str, t.Any]:
        """What a task returns under ``failure``: code, message, details."""
        return {"code": self.code, "message": str(self), "details": dict(self.details)}


class MissingLibrary(RollcallError):
    code = "missing_library"

    def __init__(self, package: str, reason: str) -> None:
        super().__init__(
            f"the Python library {package} is needed and could not be imported ({reason})",
            todo=f"Install it for the Python that runs Ansible: pip install {package}",
            package=package,
        )


class SettingsError(RollcallError):
    """rollcall.yml is wrong."""

    code = "settings"


class SourceUnreachable(RollcallError):
    """HR cannot be read at all (no file, no connection): people come from the ledger, marked stale."""

    code = "source_unreachable"


class FeedError(RollcallError):
    """HR was read and what it says cannot be used (empty, cut off, a duplicate id, ...)."""

    code = "feed"
    several_lines = True


class PolicyError(RollcallError):
    """Catalog, policy, exceptions or locks are wrong; ``findings`` has them all, ``message`` the first."""

    code = "policy"

    def __init__(self, message: str, *, findings: t.Sequence[t.Any] = (), **kwargs: t.Any) -> None:
        super().__init__(message, **kwargs)
        self.findings = tuple(findings)


class GuardStop(RollcallError):
    """A limit of the guard was passed: nothing was changed, the plan is kept for approval."""

    code = "guard"


class PlanMoved(RollcallError):
    """The plan that was approved is not the plan of now."""

    code = "plan_moved"


class UnknownName(RollcallError):
    """A person, app, task or review that was asked for by a name that nothing has."""

    code = "unknown_name"


class LedgerError(RollcallError):
    """The ledger cannot be used (locked, read-only, of a newer version, another use than its own)."""

    code = "ledger"


class LedgerAltered(LedgerError):
    """The chain of events does not hold; ``details`` says where."""

    code = "ledger_altered"


class TaskError(RollcallError):
    code = "task"


class ReviewError(RollcallError):
    code = "review"


class ReviewMoved(ReviewError):
    """Another run has written to a review since it was read."""

    code = "review_moved"


class RequestError(RollcallError):
    """A request for access cannot be made, or cannot be decided on by this person."""

    code = "request"


class EvidenceError(RollcallError):
    """An evidence pack cannot be made for this period, scope, sample or directory."""

    code = "evidence"


class QuestionError(RollcallError):
    """A question that there is none of, or that cannot be answered for what was given with it."""

    code = "question"


# What an app answered. Only Throttled and Transient are tried again.


class AppError(RollcallError):
    """An app did not do what was asked. ``where`` names app, person and operation.

    ``answer`` is the body of its refusal, for connectors that have to look into it. It is never shown or stored.
    """

    code = "app"
    answer: t.Any = None


class Throttled(AppError):
    """Too many requests; try again after ``retry_after`` seconds (None: the app did not say)."""

    code = "throttled"

    def __init__(self, message: str, *, retry_after: float | None = None, **kwargs: t.Any) -> None:
        super().__init__(message, **kwargs)
        self.retry_after = retry_after


class Transient(AppError):
    """A fault that may pass: a 5xx, a reset, a time-out."""

    code = "transient"


class Refused(AppError):
    """The app said no: credentials, scope, a limit, a value it does not take."""

    code = "refused"


class Conflict(AppError):
    """What was to be made is there already, as somebody else's."""

    code = "conflict"


class NotFound(AppError):
    """The account, group or role is not there."""

    code = "not_found"


class Broken(AppError):
    """An answer that makes no sense: no JSON, a page short, a cursor that comes back."""

    code = "broken"


class Unsupported(AppError):
    """The connector has no such operation: the change becomes a task."""

    code = "unsupported"
