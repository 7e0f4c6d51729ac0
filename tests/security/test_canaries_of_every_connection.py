# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""No connector, desk or source shows a secret, whatever goes wrong: the app repeats it, hangs up, or is not there."""

from __future__ import annotations

import contextlib
import datetime as dt
import logging
import pathlib
import traceback
import typing as t
import warnings

import pytest
from ansible_collections.rollcall.access.plugins.module_utils.connectors import registry as connectors
from ansible_collections.rollcall.access.plugins.module_utils.desks import registry as desks
from ansible_collections.rollcall.access.plugins.module_utils.desks.contract import Letter
from ansible_collections.rollcall.access.plugins.module_utils.face.definitions import parted
from ansible_collections.rollcall.access.plugins.module_utils.model import (
    Account,
    AccountKey,
    App,
    DeskSettings,
    Entitlement,
    NewAccount,
)
from ansible_collections.rollcall.access.plugins.module_utils.sources.registry import source_from
from ansible_collections.rollcall.access.tests.security.canaries import betrayed
from ansible_collections.rollcall.access.tests.security.connections import given, prepare
from ansible_collections.rollcall.access.tests.security.echo import ANSWERS, SHOWN, Echo, echoing
from ansible_collections.rollcall.access.tests.security.registered import every_kind

KINDS = dict(every_kind())
WITH_SECRETS = [place for place, kind in KINDS.items() if given(place, kind.options, "http://127.0.0.1:1").expected]
#: They speak another protocol than HTTP: what an HTTP server answers is nonsense to them, and says nothing of theirs.
NOT_HTTP = frozenset(
    f"{kind} {word}"
    for kind, words in {
        "connector": ("browser", "ldap", "active_directory", "sql", "mysql", "postgresql"),
        "desk": ("email",),
        "source": ("ldap", "sql"),
    }.items()
    for word in words
)
#: Microsoft's library signs in over https alone; test_tls.py has it.
ASKS_ELSEWHERE = frozenset({"connector entra"})
#: how places and tickets are called where not any text will do
PLACES = {"jira": "OPS", "jira_service_management": "7"}
REFERENCES = {"jira": "OPS-1", "jira_service_management": "OPS-1"}
ENTITLEMENT = Entitlement("user", "role", "user")
ACCOUNT = Account("crm", "1", username="ann", email="ann@acme.example")
LETTER = Letter("T1", "Give access", "Do", "owner@acme.example", dt.datetime(2026, 3, 2, tzinfo=dt.UTC))


@pytest.fixture(scope="module")
def server() -> t.Iterator[tuple[str, Echo]]:
    with echoing() as found:
        yield found


@pytest.fixture
def folder(tmp_path: pathlib.Path) -> pathlib.Path:
    prepare(tmp_path)
    return tmp_path


class Heard:
    """All that was said anywhere while something was tried."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.failures = 0

    def attempt(self, call: t.Callable[[], t.Any]) -> None:
        try:
            self.texts.append(repr(call()))
        except Exception as error:
            self.failures += 1
            self.texts += [str(error), repr(error), "".join(traceback.format_exception(error))]
            if hasattr(error, "failure"):
                self.texts.append(repr(error.failure()))

    @contextlib.contextmanager
    def listening(self, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]) -> t.Iterator[None]:
        # what $ANSIBLE_LOG_PATH makes of other people's libraries begins at INFO
        with caplog.at_level(logging.INFO), warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("always")
            yield
        self.texts += [*capfd.readouterr(), caplog.text, *(str(warning.message) for warning in warned)]
        caplog.clear()


def attempts(place: str, connection: dict[str, t.Any], folder: pathlib.Path) -> t.Iterator[t.Callable[[], t.Any]]:
    """Yield everything that can be asked of a connector, a desk or a source."""
    kind, word = place.split()
    if kind == "source":
        yield lambda: list(source_from({"type": word, **connection}, folder).read())
    elif kind == "desk":
        yield from _of_desk(word, connection)
    else:
        yield from _of_connector(word, {**connection, "_base_dir": str(folder)})


def _of_desk(word: str, connection: dict[str, t.Any]) -> t.Iterator[t.Callable[[], t.Any]]:
    place = dict.fromkeys(desks.desk_class(word).places, PLACES.get(word, "acme/1"))
    reference = REFERENCES.get(word, "1")
    settings = DeskSettings("help", word, connection, place=place)
    yield lambda: settings
    made: list[t.Any] = []
    yield lambda: made.append(desks.build(settings, connection))
    if made:
        desk = made[0]
        yield lambda: desk
        yield lambda: list(desk.find(["T1"]))
        yield lambda: desk.open(LETTER)
        yield lambda: desk.read([reference])
        yield lambda: desk.replies(reference)
        yield lambda: desk.comment(reference, "text")
        yield lambda: list(desk.requested())
        yield desk.close_session


def _of_connector(word: str, connection: dict[str, t.Any]) -> t.Iterator[t.Callable[[], t.Any]]:
    app = App("crm", connector=word, connection=connection, entitlements={"user": ENTITLEMENT})
    yield lambda: app
    made: list[t.Any] = []
    yield lambda: made.append(connectors.build(app, connection))
    if made:
        one = made[0]
        yield lambda: one
        yield lambda: list(one.accounts())
        yield lambda: one.find(AccountKey(email="ann@acme.example"))
        yield lambda: one.create(NewAccount("ann", "ann@acme.example", "1", "Ann", "Lee", "Ann Lee"), [ENTITLEMENT])
        yield lambda: one.grant(ACCOUNT, ENTITLEMENT)
        yield lambda: one.suspend(ACCOUNT)
        yield lambda: one.end_sessions(ACCOUNT)
        yield one.close


def heard_from(
    place: str,
    url: str,
    folder: pathlib.Path,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> Heard:
    """Try everything at ``url``, and see that nothing betrays a secret."""
    what = given(place, KINDS[place].options, url)
    heard = Heard()
    with heard.listening(caplog, capfd):
        for call in attempts(place, what.connection, folder):
            heard.attempt(call)
    assert betrayed("\n".join(heard.texts), what.secrets.values()) == []
    return heard


def test_every_secret_option_of_every_kind_has_a_canary() -> None:
    assert len(WITH_SECRETS) > 50
    for place in WITH_SECRETS:
        what = given(place, KINDS[place].options, "http://127.0.0.1:1")
        assert what.expected <= what.secrets.keys(), place
        values = [value for name, value in what.secrets.items() if "PRIVATE KEY" not in value]
        assert len(set(values)) == len(values)


@pytest.mark.parametrize("place", [place for place in WITH_SECRETS if place not in NOT_HTTP])
def test_an_app_that_repeats_the_credentials_is_not_repeated(
    place: str,
    server: tuple[str, Echo],
    folder: pathlib.Path,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    url, echo = server
    for answers in (["does not know them"], ["refuses it"], list(ANSWERS)):
        echo.will(answers, list(SHOWN) if len(answers) == 1 else ["as they came"])
        before = echo.asked
        assert heard_from(place, url, folder, caplog, capfd).failures
        assert echo.asked > before or place in ASKS_ELSEWHERE


@pytest.mark.parametrize("place", WITH_SECRETS)
def test_an_app_that_is_not_there_or_hangs_up_makes_nobody_show_a_secret(
    place: str,
    server: tuple[str, Echo],
    folder: pathlib.Path,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    url, echo = server
    heard_from(place, "http://127.0.0.1:9", folder, caplog, capfd)
    if place in NOT_HTTP:
        return
    # what answers here speaks no TLS, and the credentials never get so far
    heard_from(place, url.replace("http:", "https:"), folder, caplog, capfd)
    echo.will(hang_up=True)
    heard_from(place, url, folder, caplog, capfd)


def test_the_server_that_repeats_credentials_does_so(server: tuple[str, Echo]) -> None:
    """Otherwise the tests above would prove nothing."""
    import requests

    url, echo = server
    for shown, show in SHOWN.items():
        echo.will(shown=[shown])
        answer = requests.get(f"{url}/x", headers={"Authorization": "Bearer abcdefgh-12345678"}, timeout=5)
        assert answer.status_code == 401
        assert show("abcdefgh-12345678") in answer.json()["message"]


@pytest.mark.parametrize("place", [place for place in WITH_SECRETS if place.startswith("connector")])
def test_what_an_account_module_is_sent_has_its_secrets_apart(place: str) -> None:
    """Ansible logs the arguments of a module, but for those that it is told are secret."""
    kind = KINDS[place]
    what = given(place, kind.options, "http://127.0.0.1:1")
    plain, secret = parted(what.connection, kind.options)
    assert betrayed(repr(plain), what.secrets.values()) == []
    assert betrayed(repr(secret), what.secrets.values())
