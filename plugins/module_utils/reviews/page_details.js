// Copyright: the Rollcall contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later
//
// All that is known about an item, opened below its row.
function drawDetails(item) {
  const line = (term, ...said) => make("div", null, make("dt", null, term), make("dd", null, ...said));
  const found = make("dl", null);
  const name = [item.thing.name ? value(item.thing.name) : "An account that gives nothing"];
  if (item.thing.description) name.push(": ", value(item.thing.description));
  found.append(line("What", ...name));
  const person = [item.person.title, item.person.department, item.person.type, item.person.address].filter(Boolean);
  found.append(line("Person", value([item.person.name, ...person].join(" · "))));
  const app = [value(item.app.name), item.app.tier ? " · " + item.app.tier : "", item.app.owner ? " · owner " : ""];
  if (item.app.owner) app.push(value(item.app.owner));
  found.append(line("App", ...app), line("Account", value(item.account || "–")));
  for (const why of item.whys) {
    found.append(line("Why", value((why.kind + " " + why.id).trim()), why.text ? ": " : "", why.text ? value(why.text) : "", why.agreed ? make("small", null, value(why.agreed)) : null));
  }
  if (!item.whys.length) found.append(line("Why", whyText(item)));
  found.append(line("Since", item.since ? day(item.since) : "not known"));
  found.append(line("Last use", item.used ? day(item.used) : "the app does not tell"));
  if (item.peers) {
    const others = [item.person.title, item.person.department].filter(Boolean).join(" in ");
    found.append(line("Colleagues", item.peers.have + " of the " + item.peers.all + " people who are ", value(others), " have it"));
  } else found.append(line("Colleagues", "nobody else has the same title in the same department"));
  for (const each of item.news) found.append(line("Changed", value(each.text)));
  for (const words of item.told) found.append(line("Before", value(words)));
  if (item.nextRole) found.append(line("If revoked", "with the next run they get ", value(item.nextRole), " in its place. To leave them with nothing, the rule has to change"));
  if (item.privileged) found.append(line("Privileged", "yes: it can change what others may do, or reach what few should"));
  return found;
}
