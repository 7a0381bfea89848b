// The shell: dialogs, messages, drawer, tabs, rows picked in lists. No formula and no rule lives in the browser.
"use strict";

const text = (name) => document.body.dataset["text" + name] || "";
const dialog = document.getElementById("dialog");
const leave = document.getElementById("leave");
let opener = null;

function toast(message, kind = "") {
  const box = document.getElementById("toasts");
  if (!box || !message || [...box.children].some((other) => other.textContent === message)) return;
  const line = document.createElement("div");
  line.className = "toast-line " + kind;
  line.textContent = message;
  box.append(line);
  // A popover shown last lies above an open dialog.
  if (box.matches(":popover-open")) box.hidePopover();
  box.showPopover();
  setTimeout(() => { line.remove(); if (!box.children.length && box.matches(":popover-open")) box.hidePopover(); }, kind ? 8000 : 4000);
}

// Messages that outlive the page at hand.
function toastOnNextPage(message, kind = "") { sessionStorage.setItem("toast", JSON.stringify([message, kind])); }
toast(...JSON.parse(sessionStorage.getItem("toast") || "[]"));
sessionStorage.removeItem("toast");

// The list one came from, with its filters: back leads there.
const cameFrom = (address) => sessionStorage.getItem("list " + address.split("/")[2]) || address;
function rememberList() {
  const list = document.getElementById("records");
  if (list && !list.dataset.url.split("?")[0].endsWith("/bin")) sessionStorage.setItem("list " + list.dataset.url.split("/")[2], list.dataset.url);
}
rememberList();
document.querySelectorAll("a[data-list]").forEach((link) => { link.href = cameFrom(link.getAttribute("href")); });

document.querySelector(".sider [aria-current]")?.scrollIntoView({ block: "nearest" });

const isDirty = (root) => Boolean(root && root.querySelector("form[data-dirty]"));

function askToLeave(go) {
  leave.showModal();
  leave.querySelector("[data-stay]").onclick = () => leave.close();
  leave.querySelector("[data-leave]").onclick = () => { leave.close(); go(); };
}

function closeDialog() {
  // An answer still on its way would look for a form that is gone.
  dialog.querySelectorAll("[hx-post]").forEach((sender) => htmx.trigger(sender, "htmx:abort"));
  dialog.close();
  dialog.replaceChildren();
  const back = opener && opener.isConnected ? opener : opener && document.getElementById(opener.id);
  (back || document.getElementById("content")).focus();
}

function focusFirst(root) {
  const first = root.querySelector(".dialog-body input:not([type=hidden]):not([readonly]), .dialog-body select, .dialog-body textarea, .dialog-foot [type=submit]");
  if (first) focusQuietly(first);
}

if (dialog) {
  dialog.addEventListener("cancel", (event) => {
    event.preventDefault();
    if (isDirty(dialog)) askToLeave(closeDialog); else closeDialog();
  });
}

addEventListener("beforeunload", (event) => { if (isDirty(document)) event.preventDefault(); });

document.addEventListener("click", (event) => {
  const hit = (selector) => event.target.closest(selector);
  document.querySelectorAll("details.menu[open]").forEach((menu) => { if (!menu.contains(event.target)) menu.open = false; });
  if (hit("[data-print]")) print();
  if (hit("[data-dialog]")) {
    htmx.ajax("GET", hit("[data-dialog]").dataset.dialog, { target: dialog, swap: "innerHTML" });
  } else if (hit("[data-unfold]")) {
    const open = hit("form").classList.toggle("unfolded");
    hit("[data-unfold]").setAttribute("aria-expanded", String(open));
  } else if (hit("[data-close]")) {
    if (isDirty(dialog)) askToLeave(closeDialog); else closeDialog();
  } else if (hit("[data-back]") && isDirty(document)) {
    event.preventDefault();
    const link = hit("[data-back]");
    askToLeave(() => { document.querySelectorAll("form[data-dirty]").forEach((form) => delete form.dataset.dirty); location.assign(link.href); });
  } else if (hit("#burger") || (document.body.classList.contains("drawer-open") && !hit("#sider"))) {
    const open = document.body.classList.toggle("drawer-open");
    document.getElementById("burger").setAttribute("aria-expanded", String(open));
    if (open) document.querySelector("#sider a").focus();
  }
});

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") {
    document.querySelectorAll("details.menu[open]").forEach((menu) => { menu.open = false; menu.querySelector("summary").focus(); });
    if (document.body.classList.contains("drawer-open")) document.getElementById("burger").click();
  }
  const tab = event.target.closest("[role=tab]");
  if (tab && (event.key === "ArrowRight" || event.key === "ArrowLeft")) {
    const all = [...tab.parentElement.querySelectorAll("[role=tab]")];
    all[(all.indexOf(tab) + (event.key === "ArrowRight" ? 1 : all.length - 1)) % all.length].focus();
  }
});

// 更多 of a row: the popover opens beside its button.
document.addEventListener("toggle", (event) => {
  if (event.target.matches(".more-pop") && event.newState === "open") fixedBelow(event.target, document.querySelector(`[popovertarget="${event.target.id}"]`));
}, true);

document.addEventListener("change", (event) => {
  if (event.target.matches(".pick-all")) document.querySelectorAll("input[name=ids]").forEach((box) => { box.checked = event.target.checked; });
  if (event.target.matches(".pick-all, input[name=ids]")) {
    const boxes = [...document.querySelectorAll("input[name=ids]")];
    document.querySelectorAll(".pick-all").forEach((box) => { box.checked = boxes.every((each) => each.checked); });
    document.querySelectorAll("[data-picked]").forEach((place) => { place.textContent = document.querySelectorAll("input[name=ids]:checked").length; });
  }
  if (event.target.matches("[data-submit]")) event.target.form.requestSubmit();
});

function refresh() {
  const list = document.getElementById("records");
  if (list) htmx.ajax("GET", list.dataset.url, { target: list, swap: "outerHTML" });
  else location.reload();
}

// The server says `saved` in a header after each change that has been written.
document.addEventListener("saved", (event) => {
  // `open` is for a form that is a page of its own, `gone` leaves the page of a deleted record, `follow` always goes.
  const { message, open, gone, follow, stay, kind } = event.detail;
  document.querySelectorAll("form[data-dirty]").forEach((form) => delete form.dataset.dirty);
  if (stay) return toast(message, kind);
  const inDialog = dialog.open;
  const list = document.getElementById("records");
  if (inDialog) closeDialog();
  const next = follow || (!inDialog && open) || (!list && gone && cameFrom(gone));
  if (list && !next) { toast(message, kind); refresh(); return; }
  toastOnNextPage(message, kind);
  if (next) location.assign(next); else location.reload();
});

document.addEventListener("htmx:beforeRequest", (event) => {
  if (event.detail.target !== dialog || dialog.open) return;
  // What was pressed behind 更多 is hidden by the time the dialog closes; its button is still there.
  const pop = document.activeElement.closest(".more-pop");
  opener = pop ? document.querySelector(`[popovertarget="${pop.id}"]`) : document.activeElement;
});

document.addEventListener("htmx:afterSwap", (event) => {
  if (event.detail.target.id === "records") {
    rememberList();
    // The button that was pressed may be gone with its row or page.
    setTimeout(() => { if (document.activeElement === document.body) document.getElementById("content").focus({ preventScroll: true }); });
  }
  const tab = event.detail.requestConfig && event.detail.requestConfig.elt;
  if (tab && tab.matches("[role=tab]")) {
    for (const each of tab.parentElement.children) { each.setAttribute("aria-selected", String(each === tab)); each.tabIndex = each === tab ? 0 : -1; }
  }
  if (event.detail.target !== dialog || !dialog.firstElementChild) return;
  if (!dialog.open) dialog.showModal();
  setTimeout(() => focusFirst(dialog));
});

function failed(event) {
  const answer = new DOMParser().parseFromString((event.detail.xhr && event.detail.xhr.responseText) || "", "text/html");
  const detail = answer.querySelector(".error-detail");
  toast(detail ? detail.textContent : text("Failed"), "bad");
  if (event.detail.xhr && event.detail.xhr.status === 401) addEventListener("focus", renewTokens, { once: true });
}

// After signing in again in another window the forms of this one need the tokens of the new session.
async function renewTokens() {
  const page = new DOMParser().parseFromString(await (await fetch("/password")).text(), "text/html");
  const fresh = page.querySelector("[name=csrf_token]");
  if (fresh) document.querySelectorAll("[name=csrf_token]").forEach((field) => { field.value = fresh.value; });
}
document.addEventListener("htmx:responseError", failed);
document.addEventListener("htmx:afterRequest", (event) => {
  const { xhr, elt } = event.detail;
  if (xhr && (xhr.status === 409 || xhr.status === 422) && elt.getAttribute("hx-swap") === "none") failed(event);
});
document.addEventListener("htmx:sendError", () => toast(text("Offline"), "bad"));
document.addEventListener("htmx:timeout", () => toast(text("Offline"), "bad"));

// Restart: the page waits until the platform says that it has started anew.
document.addEventListener("restarting", async (event) => {
  const progress = document.getElementById("restarting");
  progress.hidden = false;
  for (let tries = 0; tries < 120; tries += 1) {
    await new Promise((done) => { setTimeout(done, 500); });
    try {
      const answer = await fetch("/api/v1/platform");
      if (answer.ok && (await answer.json()).started_at !== event.detail.started_at) {
        toastOnNextPage(event.detail.message);
        return location.reload();
      }
    } catch { /* between the old workers and the new ones; ask again */ }
  }
  progress.hidden = true;
  toast(text("Failed"), "bad");
});
