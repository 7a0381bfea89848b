// Record forms: which fields were touched, line items, and what the server's preview brings back.
"use strict";

const recordForm = (element) => element.closest && element.closest("form.record-form");
const hidden = (form, name) => form.querySelector(`input[name="${name}"]`);

function note(form, name, value) {
  const field = hidden(form, name);
  const known = new Set(field.value.split(" ").filter(Boolean));
  if (!known.has("*")) known.add(value);
  field.value = [...known].join(" ");
}

document.addEventListener("input", (event) => {
  const form = recordForm(event.target);
  if (!form) return;
  form.dataset.dirty = "1";
  if (form.typed && event.target.name) form.typed.add(event.target.name);
});

document.addEventListener("change", (event) => {
  const form = recordForm(event.target);
  const name = event.target.name;
  if (!form || !name || name.startsWith("_")) return;
  form.dataset.dirty = "1";
  note(form, "_touched", name);
  form.querySelectorAll("select[data-with]").forEach((other) => {
    if (other.dataset.with.split(" ").some((pair) => pair.split("=")[1] === name)) other.dispatchEvent(new Event("stale"));
  });
  if (event.target.matches("select")) {
    if (event.target.dataset.fill) ask(form, name);
    form.dispatchEvent(new Event("input", { bubbles: true }));
  }
});

// What a choice brings along is asked for one choice at a time; the others wait in a queue. What is typed before the
// answer comes is not replaced by it.
function ask(form, name) {
  form.typed = new Set();
  form.asks = (form.asks || 0) + 1;
  const changed = hidden(form, "_changed");
  if (!changed.value || changed.value === name) changed.value = name;
  else form.queue = [...(form.queue || []).filter((other) => other !== name), name];
}

function answered(form) {
  hidden(form, "_changed").value = (form.queue || []).shift() || "";
  if (hidden(form, "_changed").value) form.dispatchEvent(new Event("input", { bubbles: true }));
  else if (form.submitLater) { const go = form.submitLater; form.submitLater = null; go(); }
}

// A form leaves only when its files have arrived and what the last choice brings along stands in it.
document.addEventListener("htmx:confirm", (event) => {
  const form = event.detail.elt;
  if (form.id !== "record-form") return;
  const obstacle = form.querySelector(".file.bad") ? form.dataset.refused : form.querySelector(".file progress") ? form.dataset.uploading : "";
  if (obstacle) { event.preventDefault(); toast(obstacle, "bad"); return; }
  if (hidden(form, "_changed").value && form.querySelector("[hx-post$='/preview']")) {
    event.preventDefault();
    form.submitLater = () => event.detail.issueRequest(true);
  }
});

function setValue(control, value, label) {
  if (control.type === "checkbox") { control.checked = value === "true"; return; }
  if (!control.tomselect) { control.value = value; return; }
  control.tomselect.clear(true);
  if (value && label) control.tomselect.addOption({ value, text: label });
  if (value) control.tomselect.setValue(value, true);
}

function showFaults(form) {
  form.querySelectorAll(".is-invalid").forEach((control) => { control.classList.remove("is-invalid"); control.removeAttribute("aria-invalid"); });
  form.querySelectorAll(".fault:not(:empty)").forEach((fault) => {
    const control = document.getElementById(fault.dataset.of);
    if (!control) return;
    const seen = control.tomselect ? control.tomselect.control_input : control;
    (control.tomselect ? control.tomselect.wrapper : control).classList.add("is-invalid");
    seen.setAttribute("aria-invalid", "true");
    seen.setAttribute("aria-describedby", fault.id);
  });
}

const sender = (event) => event.detail.requestConfig.elt;
const ofForm = (event) => sender(event).closest("#record-form") && sender(event).matches("form, [hx-post$='/preview']");

document.addEventListener("htmx:beforeRequest", (event) => {
  const form = recordForm(event.detail.elt);
  if (form && event.detail.elt.matches("[hx-post$='/preview']")) form.asked = form.asks;
});

document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.shouldSwap && ofForm(event)) document.querySelectorAll("#record-form .fault:not(:empty)").forEach((fault) => fault.replaceChildren());
});

document.addEventListener("htmx:afterRequest", (event) => {
  const form = document.getElementById("record-form");
  if (!form || !ofForm(event)) return;
  form.querySelectorAll("#fills data").forEach((data) => {
    const control = form.elements[data.dataset.name];
    if (control && !(form.typed && form.typed.has(data.dataset.name))) setValue(control, data.value, data.textContent);
  });
  form.querySelector("#fills").replaceChildren();
  form.querySelectorAll("[data-copy]").forEach((place) => { place.textContent = document.getElementById(place.dataset.copy).textContent; });
  showFaults(form);
  const { status } = event.detail.xhr;
  // Without a status a newer request took this one's place.
  if (sender(event) !== form && status && form.asked === form.asks) answered(form);
  if (sender(event) === form && (status === 409 || status === 422)) {
    // After a refused submit every field counts as touched; a conflict stands until the form is opened anew.
    if (form.querySelector(".fault:not(:empty)")) hidden(form, "_touched").value = "*";
    const summary = document.getElementById("form-note");
    summary.focus();
    summary.scrollIntoView({ block: "nearest" });
  }
});

document.addEventListener("htmx:sendError", (event) => {
  const form = document.getElementById("record-form");
  if (form && ofForm(event) && sender(event) !== form) answered(form);  // the submit says that the server is away
});

document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-goto]");
  if (link) {
    event.preventDefault();
    const control = document.getElementById(link.dataset.goto);
    if (control) focusQuietly(control);
  }
  const add = event.target.closest("[data-add-line]");
  if (add) addLine(add);
  const remove = event.target.closest("[data-remove-line]");
  if (remove) {
    const body = remove.closest("tbody");
    const wrap = body.closest(".lines-wrap");
    remove.closest("tr").remove();
    renumber(body);
    (wrap.querySelector("[data-add-line]:not([hidden])") || wrap).focus();
    wrap.dispatchEvent(new Event("input", { bubbles: true }));
  }
});

// Enter goes down the column, as in a spreadsheet, and makes a new row after the last one.
document.addEventListener("keydown", (event) => {
  const cell = event.target.matches(".lines input") && event.target.closest("td");
  if (event.key !== "Enter" || event.isComposing || event.defaultPrevented || !cell) return;
  event.preventDefault();
  const row = cell.parentElement;
  const add = row.closest(".lines-wrap").querySelector("[data-add-line]:not([hidden])");
  if (!row.nextElementSibling && add) addLine(add);
  const below = row.nextElementSibling && row.nextElementSibling.cells[cell.cellIndex].querySelector("select, input:not([type=hidden])");
  if (below) focusQuietly(below);
});

function addLine(button) {
  const wrap = button.closest(".lines-wrap");
  const body = wrap.querySelector("tbody");
  const next = Number(wrap.dataset.next);
  wrap.dataset.next = next + 1;
  const holder = document.createElement("template");
  holder.innerHTML = wrap.querySelector("template.row").innerHTML.replaceAll("__row__", next);
  const row = holder.content.firstElementChild;
  body.append(row);
  renumber(body);
  enhance(row);
  label(body.parentElement);
  const first = row.querySelector("select, input:not([type=hidden])");
  if (first) focusQuietly(first);
  wrap.dispatchEvent(new Event("input", { bubbles: true }));
}

function renumber(body) {
  [...body.rows].forEach((row, index) => {
    row.querySelector(".no").textContent = index + 1;
    row.querySelectorAll("[data-named]").forEach((control) => {
      const name = control.dataset.named + " " + (index + 1);
      control.setAttribute("aria-label", name);
      if (control.tomselect) control.tomselect.control_input.setAttribute("aria-label", name);
    });
  });
}

// A plan holds for what stood in the dialog when it was made.
for (const kind of ["input", "change"]) document.addEventListener(kind, (event) => {
  const plan = event.target.closest("#record-form") && document.getElementById("plan");
  if (plan) plan.replaceChildren();
});
