# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A token that several threads use, and that stops being accepted."""

from __future__ import annotations

import itertools
import threading

from ansible_collections.rollcall.access.plugins.module_utils.protocols.sign_in import Token


def test_a_token_that_another_thread_has_renewed_is_tried() -> None:
    numbers = itertools.count(1)
    now = [0.0]
    token = Token(lambda: (f"token-{next(numbers)}", 3600.0), clock=lambda: now[0])
    assert token.headers()["Authorization"] == "Bearer token-1"
    now[0] = 100.0

    def other() -> None:
        token.headers()
        assert token.renew()
        token.headers()

    thread = threading.Thread(target=other)
    thread.start()
    thread.join(10)
    now[0] = 100.2
    assert token.renew(), "this thread's request carried the old token"
    assert token.headers()["Authorization"] == "Bearer token-2"
    assert not token.renew(), "the new one is not accepted either"
