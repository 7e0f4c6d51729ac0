# Copyright: the Rollcall contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A comparison as Markdown for a comment at a pull request, and as JSON.

Names of people, apps and rules come from files and from HR: each stands in a span of code, in which neither GitHub nor
GitLab looks for markup, people (@name) or tickets (#1).

Source: https://github.github.com/gfm/#code-spans and https://docs.gitlab.com/user/markdown/
"""

from __future__ import annotations

import json
import typing as t

from .comparison import Changed, Comparison

#: GitHub takes comments of 65,536 characters; what comes before and after is somebody else's.
LONGEST = 60_000

#: A name is cut after so many letters: no single one pushes the others out of the comment.
WIDEST = 200

#: So many people are named for each thing; of more only the number is said.
NAMED = 10


def markdown(comparison: Comparison, named: int = NAMED, longest: int = LONGEST) -> str:
    """Return the comment. Of each thing ``named`` people are named; nobody where it would be too long otherwise."""
    for number in dict.fromkeys((named, 0)):
        text = "\n".join(_lines(comparison, number)) + "\n"
        if len(text) <= longest:
            return text
    note = "\n\nThe rest is longer than a comment may be; it is in the JSON file.\n"
    return text[: text.rindex("\n", 0, longest - len(note))] + note


def as_json(comparison: Comparison) -> str:
    """Return all of it, with everybody named."""
    document = {
        "from": {"commit": comparison.before, "policy": comparison.before_version},
        "to": {"commit": comparison.after, "policy": comparison.after_version},
        "people": comparison.people,
        "gaining": len(comparison.gaining),
        "losing": len(comparison.losing),
        "changed": [
            {
                "app": one.app,
                "entitlement": one.entitlement,
                "privileged": one.privileged,
                "gains": list(one.gains),
                "losses": list(one.losses),
                "through": list(one.through),
                "was_through": list(one.was_through),
            }
            for one in comparison.changed
        ],
        "conflicts": [{"person": person, "what": what} for person, what in comparison.conflicts],
        "conflicts_gone": [{"person": person, "what": what} for person, what in comparison.conflicts_gone],
        "exceptions_refused": list(comparison.refused),
    }
    return json.dumps(document, ensure_ascii=True, indent=1) + "\n"


def _lines(comparison: Comparison, named: int) -> t.Iterator[str]:
    yield "## Who gains and loses access"
    yield ""
    yield (
        f"From {code(comparison.before)} (policy {code(comparison.before_version)}) to {code(comparison.after)} "
        f"(policy {code(comparison.after_version)}), for {_counted(comparison.people)} as they are today:"
    )
    yield ""
    if comparison.nothing:
        yield "**Nobody gains or loses anything.**"
        return
    yield (
        f"**{_counted(len(comparison.gaining))} {'gains' if len(comparison.gaining) == 1 else 'gain'} access, "
        f"{_counted(len(comparison.losing))} {'loses' if len(comparison.losing) == 1 else 'lose'} access.**"
    )
    if comparison.privileged:
        yield from _heading("New privileged access")
        yield from _table(comparison, comparison.privileged, named, gains=True)
    if comparison.conflicts:
        yield from _heading("New conflicts of duties, for which nobody answers")
        shown = comparison.conflicts[: max(named, 1)] if named else ()
        yield from (f"- {_person(person, comparison)}: {code(what)}" for person, what in shown)
        if len(comparison.conflicts) > len(shown):
            yield f"- {len(comparison.conflicts) - len(shown):,} {'more' if shown else 'in all'}"
    if comparison.refused:
        yield from _heading("Exceptions that give nothing, because of separation of duties")
        yield from (f"- {code(what)}" for what in comparison.refused)
    if comparison.apps_lost:
        yield from _heading("Lose everything in an app")
        yield from _table(comparison, comparison.apps_lost, named, losses=True)
    for app in dict.fromkeys(one.app for one in sorted(comparison.changed, key=lambda one: one.app)):
        mine = sorted((one for one in comparison.changed if one.app == app), key=lambda one: one.entitlement)
        yield from _heading(code(mine[0].app_name))
        yield from _table(comparison, mine, named, gains=True, losses=True)
    if comparison.conflicts_gone:
        yield from _heading("Conflicts of duties that end")
        yield f"- {len(comparison.conflicts_gone):,}"


def _heading(text: str) -> tuple[str, str, str]:
    return "", f"### {text}", ""


def _table(
    comparison: Comparison, rows: t.Iterable[Changed], named: int, *, gains: bool = False, losses: bool = False
) -> t.Iterator[str]:
    yield "| App | Entitlement | | Who | Through |"
    yield "|---|---|---|---|---|"
    for one in rows:
        what = (code(one.entitlement) if one.entitlement else "an account") + (
            " (privileged)" if one.privileged else ""
        )
        for shown, sign, people, through in (
            (gains, "+", one.gains, one.through),
            (losses, "\N{MINUS SIGN}", one.losses, one.was_through),
        ):
            if shown and people:
                who = _who(people, comparison, named)
                by = ", ".join(map(code, through[:5])) + (" and more" if len(through) > 5 else "")
                yield f"| {code(one.app_name)} | {what} | {sign}{len(people):,} | {who} | {by} |"


def _who(people: t.Sequence[str], comparison: Comparison, named: int) -> str:
    shown = [_person(name, comparison) for name in people[:named]]
    more = len(people) - len(shown)
    if not shown:
        return _counted(more)
    return ", ".join(shown) + (f" and {more:,} more" if more else "")


def _person(name: str, comparison: Comparison) -> str:
    full = comparison.names.get(name, "")
    return code(f"{full} ({name})" if full and full != name else name)


def _counted(number: int) -> str:
    return f"{number:,} {'person' if number == 1 else 'people'}"


def code(text: str) -> str:
    """Return a text as a span of code that stays on its line and in its cell."""
    plain = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    # neither can be written inside of a span in a table so that all readers of Markdown see the same
    plain = plain.replace("`", "'").replace("|", "\N{LIGHT VERTICAL BAR}")
    if len(plain) > WIDEST:
        plain = f"{plain[: WIDEST - 3]}..."
    return f"`{plain}`" if plain else "\N{EN DASH}"
