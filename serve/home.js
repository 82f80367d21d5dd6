"use strict";
(() => {
  const form = document.getElementById("lead"), answer = document.getElementById("answer"), copy = document.getElementById("copy");
  const percent = (x) => (100 * x).toFixed(2) + "\u00a0%";
  const money = (x, currency) => {
    try {
      return new Intl.NumberFormat("en-US", { style: "currency", currency }).format(x);
    } catch {
      return x.toFixed(2) + " " + currency;
    }
  };
  const signed = (x, write) => (x < 0 ? "−" : "+") + write(Math.abs(x));
  const element = (name, text, className) => {
    const e = document.createElement(name);
    if (text !== undefined) e.textContent = text;
    if (className) e.className = className;
    return e;
  };

  // The inputs have no names of their own: those of features would hide members of the form.
  const inputs = form.querySelectorAll("[data-name]");

  // lead is what the form says, without the fields that are empty.
  const lead = () => {
    const values = Object.create(null);
    for (const input of inputs) {
      const text = input.value.trim();
      if (text === "") continue;
      const { name, kind } = input.dataset;
      switch (kind) {
        case "number": values[name] = Number(text); break;
        case "bool": values[name] = text === "true"; break;
        default: values[name] = text;
      }
    }
    return values;
  };

  const card = (name, value, says) => {
    const c = element("div", undefined, "card");
    c.append(element("h3", name), element("p", value, "value"));
    if (says) c.append(element("p", says, "interval"));
    return c;
  };

  const cards = (s) => {
    const all = element("div", undefined, "cards");
    const interval = s.probability_ci;
    all.append(card("Probability", percent(s.probability), interval ? percent(interval[0]) + " to " + percent(interval[1]) : ""));
    if (s.expected_value !== undefined) all.append(card("Expected value", money(s.expected_value, s.currency), s.profit_if_won === undefined ? "" : money(s.profit_if_won, s.currency) + " if won"));
    if (s.tier) all.append(card("Tier", s.tier, s.action ? "action: " + s.action.replaceAll("_", " ") : ""));
    if (s.max_cost_per_lead !== undefined) all.append(card("The most to pay", money(s.max_cost_per_lead, s.currency), "for a lead like this"));
    return all;
  };

  const reasons = (s) => {
    const table = element("table"), head = element("tr"), body = element("tbody");
    const names = ["Reason", "Value", "Log-odds", "Probability"];
    if (s.expected_value !== undefined) names.push("Expected value");
    names.forEach((name, i) => {
      const th = element("th", name, i < 2 ? "word" : "");
      th.scope = "col";
      head.append(th);
    });
    const row = (name, value, x, write) => {
      const tr = element("tr"), th = element("th", name, "word");
      th.scope = "row";
      tr.append(th, element("td", value, "word"), element("td", write(x.log_odds, (y) => y.toFixed(4))), element("td", write(x.probability, percent)));
      if (s.expected_value !== undefined) tr.append(element("td", x.expected_value === undefined ? "" : write(x.expected_value, (y) => money(y, s.currency))));
      body.append(tr);
    };
    const plain = (x, write) => write === percent || x >= 0 ? write(x) : "−" + write(-x);
    row("(base)", "", s.base, plain);
    for (const r of s.reasons || []) row(r.feature, r.value || (r.feature === "(other)" ? "" : "(missing)"), r, signed);
    row("(score)", "", s, plain);
    const thead = element("thead"), scroll = element("div", undefined, "scroll");
    thead.append(head);
    table.append(element("caption", "Reasons"), thead, body);
    scroll.append(table);
    return scroll;
  };

  const doubts = (list) => {
    const ul = element("ul", undefined, "warnings");
    for (const text of list) ul.append(element("li", text));
    return ul;
  };

  const show = (s) => {
    answer.replaceChildren(cards(s), reasons(s));
    const named = (s.warnings || []).filter((w) => w.code !== "missing_field").map((w) => w.code.replaceAll("_", " ") + (w.feature ? ": " + w.feature : "") + (w.detail ? ": " + w.detail : ""));
    if (s.insufficient_evidence) named.unshift("no evidence: training found nothing better than the base rate, which this probability is");
    if (named.length) answer.append(doubts(named));
  };

  const refuse = (problem) => {
    const errors = (problem.errors || []).map((e) => e.pointer.replace(/^\//, "") + ": " + e.detail);
    answer.replaceChildren(element("p", problem.title || "The server gave no score.", "lead"), doubts(errors.length ? errors : [problem.detail || "no more is known"]));
  };

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    try {
      const response = await fetch("/v1/score?explain=8", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(lead()) });
      const body = await response.json();
      if (response.ok) show(body);
      else refuse(body);
    } catch {
      refuse({ title: "The server does not answer." });
    }
    answer.scrollIntoView({ block: "nearest" });
  });
  document.getElementById("clear").addEventListener("click", () => {
    for (const input of inputs) input.value = "";
    answer.replaceChildren();
  });
  form.hidden = false;

  if (navigator.clipboard) {
    copy.hidden = false;
    copy.addEventListener("click", async () => {
      await navigator.clipboard.writeText(document.getElementById("curl").textContent);
      copy.textContent = "Copied";
    });
  }
})();
