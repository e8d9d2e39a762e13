// SPDX-FileCopyrightText: 2026 The edgefleet.connectware authors
// SPDX-License-Identifier: GPL-3.0-or-later

// Every text comes from machines that nobody has to trust: it is only ever written as text (textContent).
"use strict";

(() => {
  const report = JSON.parse(document.getElementById("data").textContent);
  const CHUNK = 100; // rows that are drawn at a time: the page is ready with the first
  const STATES = { failing: "failing", attention: "need attention", unknown: "unknown", well: "well" };
  const SEVERITY = ["failing", "unknown", "attention", "well"];
  const NO_FACTORY = "\u0000none";
  const order = new Intl.Collator("en", { numeric: true, sensitivity: "base" });
  const number = new Intl.NumberFormat("en");
  const $ = (id) => document.getElementById(id);

  function make(tag, attributes = {}, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (name === "class") element.className = value;
      else element.setAttribute(name, value);
    }
    element.append(...children.map((child) => (child instanceof Node ? child : String(child))));
    return element;
  }

  const words = (name) => String(name).replaceAll("_", " ");
  const plural = (count, one) => `${number.format(count)} ${one}${count === 1 ? "" : "s"}`;

  function day(text) {
    const at = text ? new Date(text) : null;
    return at && !Number.isNaN(at.getTime()) ? at.toISOString().slice(0, 10) : text || "";
  }

  function said(agent) {
    return [agent.message, ...agent.notes].filter(Boolean).map((text) => text.replace(/[. ]+$/, "")).join(". ");
  }

  const agents = report.agents.map((agent) => ({
    ...agent,
    image_version: agent.version || "",
    text: said(agent),
    since: day(agent.registered_since),
    // What can be searched for, in one text.
    all: [agent.name, agent.username, agent.host, agent.factory, agent.verdict, agent.reason, agent.image, agent.version,
      agent.container, agent.volume, agent.registered_since, ...agent.findings, ...agent.drift, said(agent)]
      .filter(Boolean).join("\n").toLowerCase(),
  }));

  const COLUMNS = [
    { title: "Factory", key: (agent) => agent.factory, cell: (agent) => agent.factory || "–", class: "short" },
    { title: "Host", key: (agent) => agent.host, cell: (agent) => agent.host || "–", class: "name" },
    { title: "Agent", key: (agent) => agent.name, cell: nameCell, class: "name" },
    { title: "Verdict", key: (agent) => SEVERITY.indexOf(agent.state) + agent.verdict, cell: verdictCell, class: "short" },
    { title: "Reason", key: (agent) => agent.reason === "none" ? null : agent.reason,
      cell: (agent) => agent.reason === "none" ? "–" : words(agent.reason), class: "short" },
    { title: "Version", key: (agent) => agent.image_version, cell: versionCell, class: "short" },
    { title: "Registered since", key: (agent) => agent.registered_since, cell: sinceCell, class: "short" },
    { title: "Drift", key: (agent) => agent.drift.join(), cell: (agent) => agent.drift.map(words).join(", ") || "–" },
    { title: "What it means", key: (agent) => agent.text, cell: textCell, class: "text" },
  ];

  const chosen = { search: "", verdict: "", state: "", factory: "", column: 3, down: false };
  let shown = [];
  let drawn = 0;

  // ------------------------------------------------------------------------------------------------------- cells

  function nameCell(agent) {
    const button = make("button", { type: "button", class: "open", "aria-expanded": "false" }, agent.name);
    button.addEventListener("click", () => toggle(button, agent));
    return button;
  }

  function verdictCell(agent) {
    const findings = agent.findings.filter((each) => each !== "missing" || agent.verdict === "registered");
    const text = [agent.verdict, ...findings].map(words).join(", ");
    return make("span", { class: `mark ${agent.state}` }, text);
  }

  function versionCell(agent) {
    const version = agent.image_version;
    return make("span", { title: [agent.image, version].filter(Boolean).join(" ") },
      version.startsWith("sha256:") ? `${version.slice(0, 15)}…` : version || "–");
  }

  function sinceCell(agent) {
    return make("span", { title: agent.registered_since || "" }, agent.since || "–");
  }

  function textCell(agent) {
    return agent.text ? make("span", { class: "clamp" }, agent.text) : "";
  }

  function cell(column, agent) {
    const made = make("td", column.class ? { class: column.class } : {}, column.cell(agent));
    // What is too long for its one line is cut there.
    if (["name", "short"].includes(column.class) && made.textContent !== "–") made.title = made.textContent;
    return made;
  }

  function toggle(button, agent) {
    const row = button.closest("tr");
    const open = button.getAttribute("aria-expanded") === "true";
    button.setAttribute("aria-expanded", String(!open));
    if (open) {
      row.nextElementSibling.remove();
      return;
    }
    const list = make("dl");
    const facts = {
      "Agent": agent.name, "Host": agent.host, "Factory": agent.factory,
      "What it means": agent.text, "User in Connectware": agent.username, "Registered since": agent.registered_since,
      "Connected now": agent.connected === null ? null : agent.connected ? "yes" : "no", "Container": agent.container,
      "State of the container": agent.container_state, "Volume": agent.volume,
      "Image": [agent.image, agent.version].filter(Boolean).join(" "), "Drift": agent.drift.map(words).join(", "),
    };
    for (const [title, value] of Object.entries(facts)) {
      if (value) list.append(make("dt", {}, title), make("dd", {}, value));
    }
    if (agent.last_lines.length) {
      list.append(make("dt", {}, "End of its log"), make("dd", {}, make("pre", {}, agent.last_lines.join("\n"))));
    }
    row.after(make("tr", { class: "details" }, make("td", { colspan: COLUMNS.length }, list)));
  }

  // ------------------------------------------------------------------------------------------------------- table

  function compare(left, right) {
    const { key } = COLUMNS[chosen.column];
    const [a, b] = [key(left), key(right)];
    // What is not there comes last, whichever way it is sorted.
    if (!a || !b) return (a ? 0 : 1) - (b ? 0 : 1) || byPlace(left, right);
    return (chosen.down ? -1 : 1) * order.compare(a, b) || byPlace(left, right);
  }

  function byPlace(left, right) {
    return order.compare(left.factory || "\uffff", right.factory || "\uffff")
      || order.compare(left.host || "", right.host || "") || order.compare(left.name, right.name);
  }

  function fits(agent) {
    return (!chosen.state || agent.state === chosen.state)
      && (!chosen.verdict || agent.verdict === chosen.verdict || agent.findings.includes(chosen.verdict))
      && (!chosen.factory || (agent.factory === null ? NO_FACTORY : agent.factory) === chosen.factory)
      && chosen.search.split(/\s+/).every((word) => agent.all.includes(word));
  }

  function draw(most) {
    const rows = shown.slice(drawn, drawn + most).map((agent) => make("tr", { class: "agent" },
      ...COLUMNS.map((column) => cell(column, agent))));
    $("rows").append(...rows);
    drawn += rows.length;
    $("more").hidden = drawn >= shown.length;
    $("more").firstElementChild.textContent = `Show more (${number.format(shown.length - drawn)} left)`;
  }

  function update() {
    shown = agents.filter(fits).sort(compare);
    drawn = 0;
    $("rows").replaceChildren();
    draw(CHUNK);
    if (!shown.length) {
      $("rows").append(make("tr", {}, make("td", { class: "empty", colspan: COLUMNS.length },
        agents.length ? "No agent fits these filters." : "The inventory names no agents, and there are no ghosts.")));
    }
    $("count").textContent = shown.length === agents.length
      ? `All ${plural(agents.length, "agent")}` : `${number.format(shown.length)} of ${plural(agents.length, "agent")}`;
    document.querySelectorAll("#columns th").forEach((th, index) => {
      if (index === chosen.column) th.setAttribute("aria-sort", chosen.down ? "descending" : "ascending");
      else th.removeAttribute("aria-sort");
    });
    document.querySelectorAll("[data-filter]").forEach((button) => {
      const { filter, value } = button.dataset;
      button.setAttribute("aria-pressed", String(chosen[filter] === value));
    });
    for (const name of ["verdict", "state", "factory"]) $(name).value = chosen[name];
  }

  function choose(name, value) {
    chosen[name] = value;
    update();
  }

  // -------------------------------------------------------------------------------------------------------- bars

  function fill(bar, states) {
    const parts = Object.keys(STATES).reverse().filter((state) => states[state]);
    const total = parts.reduce((sum, state) => sum + states[state], 0);
    bar.replaceChildren(...parts.map((state) => {
      const part = make("span", { class: state });
      part.style.flex = `${states[state]} 1 0`;
      part.dataset.count = states[state];
      return part;
    }));
    bar.setAttribute("aria-label", total
      ? parts.map((state) => `${number.format(states[state])} ${STATES[state]}`).join(", ") : "no agents");
  }

  function filterButton(filter, value, ...children) {
    const button = make("button", { type: "button", "aria-pressed": "false", "data-filter": filter, "data-value": value },
      ...children);
    button.addEventListener("click", () => choose(filter, chosen[filter] === value ? "" : value));
    return button;
  }

  function header() {
    const { totals, connectware } = report;
    const ghosts = totals.verdicts.ghost || 0;
    const at = new Date(report.generated_at);
    $("when").textContent = [connectware.url, Number.isNaN(at.getTime()) ? report.generated_at
      : at.toLocaleString(undefined, { dateStyle: "long", timeStyle: "short" })].filter(Boolean).join("  ·  ");
    $("headline").textContent = totals.agents === 0 ? "No agents"
      : totals.states.well === totals.agents ? `All ${plural(totals.agents, "agent")} are well`
        : `${number.format(totals.states.well)} of ${plural(totals.agents, "agent")} are well`;
    const own = { ...totals.states, attention: totals.states.attention - ghosts };
    fill($("overall"), own);
    for (const state of Object.keys(STATES)) {
      if (totals.states[state] || state === "failing") tile("state", state, totals.states[state], STATES[state], state);
      if (ghosts && state === "attention") tile("verdict", "ghost", ghosts, ghosts === 1 ? "of them is a ghost" : "of them are ghosts");
    }
  }

  function tile(filter, value, count, title, state) {
    $("tiles").append(filterButton(filter, value, make("strong", {}, number.format(count)),
      make("span", state ? { class: `mark ${state}` } : {}, title)));
  }

  function factories() {
    $("factories").append(...report.factories.map((factory) => {
      const bar = make("span", { class: "bar", role: "img" });
      fill(bar, factory.states);
      const rest = factory.agents - factory.states.well;
      return make("li", {}, filterButton("factory", factory.name, make("span", { class: "name", title: factory.name },
        factory.name), bar, make("span", { class: "numbers" }, !factory.agents ? "no agents"
          : rest ? `${number.format(factory.states.well)} of ${number.format(factory.agents)}`
            : `all ${number.format(factory.agents)}`)));
    }));
  }

  function notice(title, items = []) {
    if (!items.length) return make("p", { class: "notice" }, title);
    return make("details", { class: "notice" }, make("summary", {}, title),
      make("ul", {}, ...items.map((item) => make("li", {}, item))));
  }

  function notices() {
    const found = [];
    if (report.connectware.error) {
      found.push(notice(`Connectware could not be asked for all its agents, so ghosts are not known: ${report.connectware.error}`));
    }
    const told = (host) => host.message ? `${host.name}: ${host.message}` : host.name;
    const lists = {
      unreachable: (count) => `${plural(count, "host")} could not be reached`,
      failed: (count) => `${plural(count, "host")} could not be looked at, or not wholly`,
      not_asked: (count) => `${plural(count, "host")} without agents_list ${count === 1 ? "was" : "were"} not asked`,
    };
    for (const [status, title] of Object.entries(lists)) {
      const hosts = report.hosts.filter((host) => host.status === status);
      if (hosts.length) found.push(notice(title(hosts.length), hosts.map(told)));
    }
    if (report.left_out.length) {
      found.push(notice(`${plural(report.left_out.length, "host")} of the inventory with agents ${
        report.left_out.length === 1 ? "was" : "were"} not part of this run`, report.left_out));
    }
    if (report.strangers.length) {
      found.push(notice(`${plural(report.strangers.length, "name")} that nobody has ${
        report.strangers.length === 1 ? "asks" : "ask"} to be registered`,
      report.strangers.map((each) => `${each.username} (pairing ID ${each.pairing_ids.map((id) => id || "none").join(", ")})`)));
    }
    found.push(...report.notices.map((text) => notice(text)));
    $("notices").append(...found);
    $("notices").hidden = !found.length;
  }

  // ----------------------------------------------------------------------------------------------------- filters

  function options(id, title, values, label = words) {
    $(id).append(make("option", { value: "" }, title), ...values.map((value) => make("option", { value }, label(value))));
    $(id).addEventListener("change", () => choose(id, $(id).value));
  }

  function filters() {
    const { verdicts, findings } = report.totals;
    options("verdict", "all", [...new Set([...Object.keys(verdicts), ...Object.keys(findings)])],
      (name) => `${words(name)} (${number.format((verdicts[name] || 0) + (findings[name] || 0))})`);
    options("state", "all", SEVERITY.filter((state) => report.totals.states[state]), (state) => STATES[state]);
    const names = report.factories.map((factory) => factory.name);
    if (agents.some((agent) => agent.factory === null)) names.push(NO_FACTORY);
    options("factory", "all", names, (name) => name === NO_FACTORY ? "(none)" : name);
    $("search").addEventListener("input", () => choose("search", $("search").value.trim().toLowerCase()));
    $("filters").addEventListener("submit", (event) => event.preventDefault());
    $("filters").addEventListener("reset", () => {
      Object.assign(chosen, { search: "", verdict: "", state: "", factory: "" });
      update();
    });
    $("columns").append(...COLUMNS.map((column, index) => {
      const button = make("button", { type: "button" }, column.title);
      button.addEventListener("click", () => {
        chosen.down = chosen.column === index && !chosen.down;
        chosen.column = index;
        update();
      });
      return make("th", { scope: "col" }, button);
    }));
    $("more").firstElementChild.addEventListener("click", () => draw(CHUNK));
    new IntersectionObserver((seen) => {
      if (seen.some((entry) => entry.isIntersecting)) draw(CHUNK);
    }, { rootMargin: "600px" }).observe($("more"));
    window.addEventListener("beforeprint", () => draw(shown.length));
  }

  header();
  notices();
  factories();
  filters();
  update();
  document.querySelector("footer").textContent =
    "Nothing was changed for this report. The same is in audit.json and, for CI systems, in audit.xml.";
  // The second frame begins when the first one, with all of this, is painted.
  requestAnimationFrame(() => requestAnimationFrame(() => {
    document.documentElement.dataset.ready = "yes";
  }));
})();
