# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs Ansible's programs in forks of one process that has imported everything; see ``forked.py``.

A program of its own. Over the socket that its one argument names (the number of a file descriptor) comes one byte for
each run, and with it that run's own socket: over that comes the order, as a line of JSON, and go the number of the
process and, at last, its exit code. It ends when nobody holds the other end any more.
"""

from __future__ import annotations

import atexit
import contextlib
import importlib
import json
import os
import pathlib
import random
import socket
import sys
import threading
import time
import traceback
import typing as t
import warnings

SUPPORT = "ansible_collections.rollcall.access.tests.integration.support"
PROGRAMS = {
    "ansible": "ansible.cli.adhoc",
    "ansible-inventory": "ansible.cli.inventory",
    "ansible-playbook": "ansible.cli.playbook",
}


def main() -> None:
    from ansible.plugins import loader

    # from here on a collection is imported in Ansible's own way
    loader.init_plugin_loader([])
    importlib.import_module(f"{SUPPORT}.warming").warm_up()
    orders = socket.socket(fileno=int(sys.argv[1]))
    while True:
        word, held, _flags, _address = socket.recv_fds(orders, 1, 1)
        if not word:
            return
        if os.fork() == 0:
            orders.close()
            _keep(socket.socket(fileno=held[0]))
        os.close(held[0])
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass


def _keep(told: socket.socket) -> t.NoReturn:
    """Run what is ordered, wait for it, and say how it ended."""
    with told.makefile("r", encoding="utf-8") as given:
        order = json.loads(given.readline())
    process = os.fork()
    if process == 0:
        told.close()
        _run(order)
    with contextlib.suppress(BrokenPipeError):
        told.sendall(b"%d\n" % process)
        told.sendall(b"%d\n" % os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]))
    os._exit(0)


def _run(order: t.Mapping[str, t.Any]) -> t.NoReturn:
    """Be the program that was ordered, from its start to its end."""
    code: t.Any = 99
    try:
        os.setsid()
        os.chdir(order["directory"])
        os.environ.clear()
        os.environ.update(order["environment"])
        time.tzset()
        for number, name in enumerate((os.devnull, order["stdout"], order["stderr"])):
            file = os.open(name, os.O_RDWR)
            os.dup2(file, number)
            os.close(file)
        _begin_anew()
        sys.argv = list(order["command"])
        code = importlib.import_module(PROGRAMS[pathlib.Path(sys.argv[0]).name]).main(sys.argv)
    except SystemExit as error:
        code = error.code
    except BaseException:
        traceback.print_exc()
    finally:
        with contextlib.suppress(Exception):
            threading._shutdown()  # type: ignore[attr-defined]  # as Python does before what is left for the end
            atexit._run_exitfuncs()
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code if isinstance(code, int) else code is not None)


def _begin_anew() -> None:
    """Settle what Ansible settles for each process when it is imported: its settings, and the name of its plays."""
    from ansible import constants
    from ansible.config import manager
    from ansible.utils import vars as ansible_vars

    # the first process's own directory is to stay
    atexit.unregister(manager.cleanup_tmp_file)
    constants.config._config_file = os.environ["ANSIBLE_CONFIG"]
    constants.config._parse_config_file()
    for setting in constants.config.get_configuration_definitions():
        constants.set_constant(setting, constants.config.get_config_value(setting, variables=vars(constants)))
    # no two runs have the same
    ansible_vars.random_int = f"{random.randrange(16**8):08x}"
    warnings.filterwarnings("ignore", message="AnsibleCollectionFinder has already been configured")


if __name__ == "__main__":
    main()
