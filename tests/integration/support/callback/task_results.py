# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Writes every task's result as a line of JSON to the file that $ROLLCALL_TEST_RESULTS names.

It stands beside the usual callback, so that a test has what a person sees and what a program needs from one run.
"""

from __future__ import annotations

import json
import os
import typing as t

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = r"""
name: task_results
type: aggregate
short_description: Every task's result as a line of JSON
description:
  - Writes every task's result as a line of JSON to the file that E(ROLLCALL_TEST_RESULTS) names.
"""


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "task_results"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self) -> None:
        super().__init__()
        self._play = ""

    def v2_playbook_on_play_start(self, play: t.Any) -> None:
        self._play = play.get_name()

    def v2_runner_on_ok(self, result: t.Any) -> None:
        self._result("ok", result)

    def v2_runner_on_failed(self, result: t.Any, ignore_errors: bool = False) -> None:
        self._result("ignored" if ignore_errors else "failed", result)

    def v2_runner_on_skipped(self, result: t.Any) -> None:
        self._result("skipped", result)

    def v2_runner_on_unreachable(self, result: t.Any) -> None:
        self._result("unreachable", result)

    def v2_playbook_on_stats(self, stats: t.Any) -> None:
        self._write({"state": "stats", "hosts": {host: stats.summarize(host) for host in stats.processed}})

    def _result(self, state: str, result: t.Any) -> None:
        # the public names came with ansible-core 2.19
        task = getattr(result, "task", None) or result._task
        host = getattr(result, "host", None) or result._host
        values = getattr(result, "result", None)
        values = result._result if values is None else values
        self._write(
            {
                "state": state,
                "play": self._play,
                "task": task.get_name(),
                "action": task.action,
                "host": host.get_name(),
                "result": dict(values),
            }
        )

    def _write(self, line: dict[str, t.Any]) -> None:
        with open(os.environ["ROLLCALL_TEST_RESULTS"], "a", encoding="utf-8") as file:
            file.write(json.dumps(line, default=str) + "\n")
