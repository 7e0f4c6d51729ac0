# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs ansible-playbook from a process that has imported everything already: a fork in place of a second of imports.

A program of its own, since Ansible imports a collection in its own way. It reads one order per line from stdin, as
JSON, and answers each with one line. An order names the arguments of ansible-playbook, a directory, an environment, a
file for what is said, one to count writes in, where to stop, and a mutation. A run that comes to where it is to stop is
killed with all its workers.
"""

from __future__ import annotations

import contextlib
import ctypes
import importlib
import json
import os
import pathlib
import random
import signal
import sys
import time
import traceback
import typing as t

COLLECTION = "ansible_collections.rollcall.access"
HERE = f"{COLLECTION}.tests.integration.killed"
_CHILD_SUBREAPER = 36  # prctl(2)


def run(order: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Carry one order out, and say how it ended."""
    held = pathlib.Path(f"{order['count']}.held")
    for path in (held, pathlib.Path(order["count"])):
        path.unlink(missing_ok=True)
    process = os.fork()
    if process == 0:
        _child(order)
    killed = False
    while True:
        ended, status = os.waitpid(process, os.WNOHANG)
        if ended:
            break
        if not killed and held.exists():
            killed = True
            _kill(process)
        time.sleep(0.002)
    _reap()
    return {"rc": os.waitstatus_to_exitcode(status), "killed": killed}


def _child(order: t.Mapping[str, t.Any]) -> t.NoReturn:
    code = 99
    try:
        os.setsid()
        os.chdir(order["directory"])
        os.environ.clear()
        os.environ.update(order["environment"])
        said = os.open(order["said"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        for number, file in enumerate((os.open(os.devnull, os.O_RDONLY), said, said)):
            os.dup2(file, number)
        counting = importlib.import_module(f"{HERE}.counting")
        counting.install(counting.Counter(order["count"], order["stop_at"]))
        if not order["side_by_side"]:
            _one_thread()
        importlib.import_module(f"{HERE}.mutations").apply(order["mutation"])
        from ansible.cli.playbook import PlaybookCLI
        from ansible.utils import vars as ansible_vars

        # drawn when it is imported, and part of the name of every play: no two runs have the same
        ansible_vars.random_int = f"{random.randrange(16**8):08x}"
        command = PlaybookCLI(["ansible-playbook", *order["arguments"]])
        command.parse()
        code = command.run()
    except SystemExit as error:
        code = error.code if isinstance(error.code, int) else 1
    except BaseException:
        traceback.print_exc()
    finally:
        with contextlib.suppress(Exception):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)


def _one_thread() -> None:
    """Do one thing after the other, so that the same write has the same number each time."""
    executor = importlib.import_module(f"{COLLECTION}.plugins.module_utils.fulfilment.executor").Executor
    usual = executor.__init__

    def alone(self: t.Any, *given: t.Any, **more: t.Any) -> None:
        usual(self, *given, **{**more, "workers": 1})

    executor.__init__ = alone


def _kill(process: int) -> None:
    """Kill a run and all that it started, at one moment as far as anybody can see."""
    running = importlib.import_module(f"{COLLECTION}.tests.integration.support.running")
    os.kill(process, signal.SIGSTOP)
    for one in (*running.descendants(process), process):
        with contextlib.suppress(ProcessLookupError):
            os.kill(one, signal.SIGKILL)


def _reap() -> None:
    """Take note of workers whose run was killed: they have become ours."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def main() -> None:
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_CHILD_SUBREAPER, 1)
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    from ansible.plugins import loader

    loader.init_plugin_loader([])
    importlib.import_module(f"{COLLECTION}.tests.integration.support.warming").warm_up()
    for line in sys.stdin:
        print(json.dumps(run(json.loads(line))), file=answers, flush=True)


if __name__ == "__main__":
    main()
