// Cards of a board, dragged or sent by a menu to another column. The server decides whether they go.
"use strict";

let picked = null;
const columnOf = (element) => element.closest?.(".column");
const takes = (column) => column !== columnOf(picked) && (picked.dataset.can || "").split(" ").includes(column.dataset.code);

async function moveCard(card, column) {
  const board = document.getElementById("records");
  const { code, action, asks } = column.dataset;
  const address = `${board.dataset.base}/${card.dataset.id}/do/${action}`;
  const chosen = new URLSearchParams({ [board.dataset.by]: code });
  if (asks !== undefined) { htmx.ajax("GET", `${address}?${chosen}`, { target: dialog, swap: "innerHTML" }); return; }
  const from = card.parentElement, next = card.nextElementSibling;
  const focused = card.contains(document.activeElement) && document.activeElement;
  column.querySelector("ul").prepend(card);
  card.classList.add("moving");
  if (focused) focused.focus();
  chosen.set("csrf_token", document.getElementById("csrf").value);
  const answer = await fetch(address, { method: "POST", body: chosen, headers: { "HX-Request": "true" } }).catch(() => null);
  if (answer && answer.ok) {
    const { saved } = JSON.parse(answer.headers.get("HX-Trigger"));
    document.dispatchEvent(new CustomEvent("saved", { detail: saved }));
    return;
  }
  card.classList.remove("moving");
  from.insertBefore(card, next);
  const page = new DOMParser().parseFromString(answer ? await answer.text() : "", "text/html");
  const said = page.querySelector(".error-detail, [role=alert]");
  toast(said ? said.textContent.trim() : text(answer ? "Failed" : "Offline"), "bad");
}

document.addEventListener("dragstart", (event) => {
  picked = event.target.closest?.(".deal[draggable=true]");
  if (!picked) return;
  event.dataTransfer.effectAllowed = "move";
  event.dataTransfer.setData("text/plain", picked.dataset.id);
  document.querySelectorAll(".column").forEach((column) => column.classList.toggle("takes", takes(column)));
});
document.addEventListener("dragover", (event) => {
  const column = columnOf(event.target);
  if (picked && column && takes(column)) event.preventDefault();
});
document.addEventListener("drop", (event) => {
  const column = columnOf(event.target);
  if (!picked || !column || !takes(column)) return;
  event.preventDefault();
  moveCard(picked, column);
});
document.addEventListener("dragend", () => {
  picked = null;
  document.querySelectorAll(".column.takes").forEach((column) => column.classList.remove("takes"));
});

document.addEventListener("click", (event) => {
  const menu = document.getElementById("move-to");
  const opened = event.target.closest("[data-move]"), chosen = event.target.closest("[data-to]");
  if (opened) {
    picked = opened.closest(".deal");
    const can = picked.dataset.can.split(" ");
    for (const each of menu.children) each.hidden = !can.includes(each.dataset.to);
    menu.showPopover();
    fixedBelow(menu, opened);
    menu.querySelector("button:not([hidden])").focus();
  } else if (chosen) {
    const card = picked;
    menu.hidePopover();
    moveCard(card, [...document.querySelectorAll(".column")].find((column) => column.dataset.code === chosen.dataset.to));
  }
});
