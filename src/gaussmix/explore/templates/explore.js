"use strict";
/* Asks the server for fits, waits for them, and shows the page anew when there is one. */
(() => {
  const byId = id => document.getElementById(id);
  const shown = Number(document.body.dataset.version);
  const status = byId("explore-status"), complaint = byId("explore-error"), cancel = byId("cancel");
  let waiting = null;
  let due = true;  // whether how a task ended is still to be told: later answers must not wipe off complaints

  const complain = text => {
    complaint.hidden = !text;
    complaint.textContent = text || "";
  };
  const busy = state => {
    cancel.hidden = !state;
    document.querySelectorAll(".controls form button, #undo").forEach(button => {
      if (!button.dataset.off) button.dataset.off = button.disabled ? "always" : "sometimes";
      button.disabled = state || button.dataset.off === "always";
    });
  };
  const ask = async () => {
    clearTimeout(waiting);
    let now;
    try {
      now = await (await fetch("status", {cache: "no-store"})).json();
    } catch {
      status.textContent = "gaussmix explore has ended";
      busy(true);
      cancel.hidden = true;
      return;
    }
    if (now.version !== shown) { location.reload(); return; }
    busy(now.busy);
    status.textContent = now.busy ? `${now.doing}, ${now.seconds.toFixed(0)} s` : "";
    if (!now.busy && due) complain(now.error);
    due = now.busy;
    waiting = setTimeout(ask, now.busy ? 300 : 3000);
  };
  const send = async (path, body) => {
    complain("");
    const answer = await fetch(path, {
      method: "POST", headers: {"Content-Type": "application/json"}, body: JSON.stringify(body),
    }).catch(() => null);
    if (!answer) return ask();
    if (!answer.ok) {
      const found = await answer.json().catch(() => ({error: `the server answered ${answer.status}`}));
      complain(found.error);
      return;
    }
    due = true;
    await ask();
  };
  const on = (id, event, handler) => {
    const element = byId(id);
    if (element) element.addEventListener(event, handled => { handled.preventDefault(); handler(handled); });
  };

  /* "3, 17-20" -> [3, 17, 18, 19, 20]; null where it is anything else. */
  const rowNumbers = text => {
    const rows = [];
    for (const part of text.split(",").map(one => one.trim()).filter(Boolean)) {
      const match = /^(\d+)(?:\s*[-–]\s*(\d+))?$/.exec(part);
      if (!match) return null;
      const from = Number(match[1]), to = match[2] === undefined ? from : Number(match[2]);
      if (to < from || to - from + rows.length >= 100000) return null;
      for (let row = from; row <= to; row++) rows.push(row);
    }
    return rows;
  };

  byId("columns").addEventListener("change", () => { byId("columns").dataset.untouched = ""; });
  on("fit-form", "submit", () => {
    const rows = rowNumbers(byId("left-out").value);
    if (rows === null) return complain("Rows to leave out should be numbers and ranges, such as 3, 17-20.");
    const boxes = [...document.querySelectorAll("input[name=column]")];
    const picked = boxes.filter(box => box.checked && !box.disabled).map(box => box.dataset.name);
    if (boxes.length && !picked.length && shown > 0) return complain("Pick at least one column.");
    const number = Number(byId("components-number").value);
    send("fit", {
      components: byId("components-kind").value === "auto" ? null : number,
      family: byId("family").value || null,
      columns: byId("columns").dataset.untouched || !picked.length ? null : picked,
      standardize: byId("standardize").checked,
      left_out: rows,
      seed: Number(byId("seed").value),
    });
  });
  on("merge-form", "submit", () => send("merge", {
    first: Number(byId("merge-first").value), second: Number(byId("merge-second").value),
  }));
  on("split-form", "submit", () => send("split", {component: Number(byId("split-component").value)}));
  on("name-form", "submit", () => send("name", {
    component: Number(byId("name-component").value), name: byId("name-text").value.trim() || null,
  }));
  on("name-component", "change", event => {
    byId("name-text").value = event.target.selectedOptions[0].dataset.name;
  });
  on("components-number", "input", () => { byId("components-kind").value = "number"; });
  on("undo", "click", () => send("undo", {}));
  on("cancel", "click", () => { status.textContent = "stopping ..."; send("cancel", {}); });
  document.querySelectorAll(".leave-out").forEach(button => button.addEventListener("click", () => {
    const field = byId("left-out");
    const rows = rowNumbers(field.value) || [];
    const row = Number(button.dataset.row);
    if (!rows.includes(row)) field.value = field.value.trim() ? `${field.value}, ${row}` : String(row);
    byId("fit-controls").open = true;
    field.scrollIntoView({block: "center"});
    field.focus();
  }));
  /* The controls stay open over a reload; where the browser forbids storage they close. */
  for (const id of ["fit-controls", "hand-controls"]) {
    const details = byId(id);
    if (!details || shown === 0) continue;
    try {
      if (sessionStorage.getItem(id) === "open") details.open = true;
      details.addEventListener("toggle", () => sessionStorage.setItem(id, details.open ? "open" : ""));
    } catch { /* only the comfort is lost */ }
  }
  ask();
})();
