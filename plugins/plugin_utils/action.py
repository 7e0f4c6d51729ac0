# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The base of every action plugin: arguments in, one call to the floors below, a result out."""

from __future__ import annotations

import gc
import getpass
import os
import pathlib
import typing as t
import uuid

from ansible.plugins.action import ActionBase

from ..module_utils.company.company import Company
from ..module_utils.company.runs import new_run
from ..module_utils.company.settings import Settings, config_path
from ..module_utils.errors import RollcallError
from ..module_utils.face.results import NOTHING_TO_DO
from ..module_utils.ledger.checkpoints import checkpoint
from ..module_utils.model import Run
from ..module_utils.model.plain_line import on_one_line
from .own_modules import OwnModules
from .templates import resolver

#: So many lines of one kind are shown.
MOST_LINES = 200
#: Of more hosts than these it is not said one by one that there was nothing to do.
MOST_WITH_NOTHING = 10

COMMON: dict[str, t.Any] = {"config": {"type": "path"}}


class RollcallAction(ActionBase):
    """One piece of work on the controller.

    A subclass gives its ``arguments`` and ``work``; everything that goes wrong on purpose becomes a failed result with
    ``failure: {code, message, details}``.
    """

    _requires_connection = False
    TRANSFERS_FILES = False

    #: The argument spec, without what all of them take.
    arguments: t.ClassVar[dict[str, t.Any]] = {}
    required_one_of: t.ClassVar[t.Sequence[t.Sequence[str]]] = ()
    #: Whether the ledger is written to (never in check mode).
    writes: t.ClassVar[bool] = True
    #: Whether it may look at another day than today with the real ledger; nothing is kept then.
    looks_ahead: t.ClassVar[bool] = False
    #: Whether HR and policy may be broken.
    emergency: t.ClassVar[bool] = False

    def run(self, tmp: t.Any = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        # what this process was forked with is no garbage of its own: looking through it takes longer than the work
        gc.freeze()
        # nor are the values of a large plan: by default some hundreds of new ones are a reason to look
        gc.set_threshold(50_000, 20, 100)
        self.vars = task_vars or {}
        result: dict[str, t.Any] = super().run(tmp, self.vars)
        result["changed"] = False
        _validation, arguments = self.validate_argument_spec(
            argument_spec={**COMMON, **self.arguments}, required_one_of=self.required_one_of or None
        )
        try:
            with self.company(arguments) as company:
                company.say = lambda text: self.say(f"  {text}")
                self.base = company.settings.base
                self._work(company, arguments, result)
            result["msg"] = on_one_line(result["msg"])
            if not result.get("failed") and not self._goes_without_saying(result["msg"]):
                self.say(f"  {self._whose()}: {result['msg']}")
        except RollcallError as error:
            result.update(failed=True, msg=str(error), failure=error.failure())
        return result

    def _whose(self) -> str:
        """Whose result it is: the host's, or everybody's where one task is done for all hosts of the play."""
        hosts = self.vars.get("ansible_play_hosts_all") or ()
        return "all" if self._task.run_once and len(hosts) > 1 else self.vars.get("inventory_hostname", "localhost")

    def _goes_without_saying(self, message: str) -> bool:
        """Whether there was nothing to do for this host, one of many of a play: such lines would hide the others."""
        hosts = self.vars.get("ansible_play_hosts_all") or ()
        return message == NOTHING_TO_DO and not self._task.run_once and len(hosts) > MOST_WITH_NOTHING

    def _work(self, company: Company, arguments: dict[str, t.Any], result: dict[str, t.Any]) -> None:
        """Do it, and write down how the run ended, also when it was stopped."""
        self._begun: Run | None = None
        try:
            result.update(self.work(company, arguments))
        except RollcallError as error:
            self._end(company, "failed", {"msg": str(error)})
            raise
        if self.ends_run(arguments):
            self._end(company, "failed" if result.get("failed") else "ok", {"msg": result["msg"]})

    def _end(self, company: Company, outcome: str, summary: dict[str, t.Any]) -> None:
        if self._begun is not None and company.writes:
            now = company.clock.now()
            company.ledger.end_run(self._begun, now, outcome, summary)
            checkpoint(company.ledger, self._begun, now)

    def shares_run(self, arguments: dict[str, t.Any]) -> bool:
        """Whether the run is the whole play, as where a plan is carried out host by host; else it is this one task."""
        return False

    def ends_run(self, arguments: dict[str, t.Any]) -> bool:
        """Whether the run is over when this task is."""
        return not self.shares_run(arguments)

    def work(self, company: Company, arguments: dict[str, t.Any]) -> dict[str, t.Any]:
        """Do it, and return what the task returns. Raises RollcallError."""
        raise NotImplementedError

    # what a subclass works with

    @property
    def check_mode(self) -> bool:
        return bool(self._task.check_mode)

    @property
    def diff_mode(self) -> bool:
        return bool(self._task.diff)

    def company(self, arguments: dict[str, t.Any], *, writes: bool | None = None, anew: bool = False) -> Company:
        emergency = self.emergency or bool(arguments.get("emergency"))
        settings = self.settings(arguments)
        ahead = self.looks_ahead and settings.as_of is not None and not settings.rehearsal
        return Company(
            settings,
            resolve=resolver(self._templar),
            writes=(self.writes if writes is None else writes) and not self.check_mode and not ahead,
            emergency=emergency,
            modules=OwnModules(self, self.vars),
            anew=anew,
            from_ledger=(os.environ.get("ROLLCALL_HR", "") == "ledger" and "ROLLCALL_HR=ledger says so") or "",
        )

    def settings(self, arguments: dict[str, t.Any]) -> Settings:
        given = arguments.get("config")
        inherited = self.vars.get("rollcall_config")
        if not given and inherited and pathlib.Path(inherited).is_file():
            # where the inventory was made elsewhere (AWX), its path may not exist here
            given = inherited
        return Settings.load(config_path(given, os.environ, pathlib.Path.cwd()))

    def begin(self, company: Company, command: str) -> Run:
        """Return the run that this task or this play is, and write its beginning down once."""
        play = self._task.get_play() if self.shares_run(self._task.args) else None
        job = str(self.vars.get("awx_job_id") or self.vars.get("tower_job_id") or "")
        run = new_run(
            command=self.vars.get("ansible_play_name") or command,
            actor=self.actor(),
            at=company.clock.now(),
            unique=play._uuid if play else uuid.uuid4().hex,
            policy=company.policy.version,
            commit=company.commit,
            awx_job=job,
            check_mode=self.check_mode,
        )
        if company.writes:
            company.ledger.begin_run(run)
            self._begun = run
        return run

    def actor(self) -> str:
        """Who is behind this run: the AWX user, $ROLLCALL_ACTOR, AWX's schedule, or the user of the shell."""
        for name in ("awx_user_name", "tower_user_name"):
            if self.vars.get(name):
                return str(self.vars[name])
        # nobody launched a scheduled job, and the user of its container says nothing
        schedule = self.vars.get("awx_schedule_name") or self.vars.get("awx_parent_job_schedule_name")
        named = os.environ.get("ROLLCALL_ACTOR") or (f"schedule {schedule}" if schedule else "")
        try:
            return named or getpass.getuser()
        except (KeyError, OSError):
            # a container may run as a number that no user has
            return f"user {os.getuid()}"

    def in_company(self, name: str) -> pathlib.Path:
        """Return where a file that a task names is: relative names start from the company's directory."""
        path = pathlib.Path(name).expanduser()
        return path if path.is_absolute() else self.base / path

    def say(self, text: str) -> None:
        """Show a line of progress as it happens."""
        if not os.environ.get("ROLLCALL_QUIET"):
            self._display.display(on_one_line(text))

    def say_each(self, lines: t.Iterable[str]) -> None:
        """Show lines of progress, indented as all of them are; of very many the first, for a log has to be read."""
        shown = list(lines)
        for line in shown[:MOST_LINES]:
            self.say(f"  {line}")
        if len(shown) > MOST_LINES:
            self.say(f"  ... and {len(shown) - MOST_LINES:,} more, which are in the result (-v) and in the ledger")
