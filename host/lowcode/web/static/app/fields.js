// Controls the browser lacks: searchable choices, a calendar in our language, uploads with progress.
"use strict";

const fixedBelow = (element, anchor) => {
  const place = anchor.getBoundingClientRect();
  const room = innerHeight - place.bottom;
  element.style.position = "fixed";
  element.style.left = Math.max(4, Math.min(place.left, innerWidth - element.offsetWidth - 4)) + "px";
  element.style.top = room < element.offsetHeight + 8 && place.top > room ? place.top - element.offsetHeight - 4 + "px" : place.bottom + 2 + "px";
};

function element(style, content) {
  const made = document.createElement("div");
  made.className = style;
  made.textContent = content;
  return made;
}

function searchable(select) {
  const remote = select.dataset.remote;
  // The text whose answer stands in the list. Under any other text nothing is offered, so nothing wrong can be chosen.
  let answered = null;
  const picker = new TomSelect(select, {
    maxOptions: 300, closeAfterSelect: select.multiple || null, preload: remote ? "focus" : false, loadThrottle: 200, plugins: select.multiple ? { remove_button: { title: text("Remove") } } : select.dataset.clear ? { clear_button: { title: select.dataset.clear, tabindex: -1 } } : {},
    dropdownParent: select.closest("dialog, [data-float], main"), valueField: "value", labelField: "text", searchField: remote ? [] : ["text"],
    score: remote ? (query) => () => Number(query === answered) : undefined,
    shouldLoad: () => true,
    load: remote && ((query, done) => {
      const form = new FormData(select.form);
      const address = new URL(remote, location.origin);
      address.searchParams.set("search", query);
      for (const pair of (select.dataset.with || "").split(" ").filter(Boolean)) {
        const [key, name] = pair.split("=");
        if (form.get(name)) address.searchParams.set(key, form.get(name));
      }
      fetch(address, { headers: { Accept: "application/json" } }).then((answer) => answer.json()).then((found) => {
        // A late answer to another text; that of the text at hand is on its way.
        if (query !== picker.inputValue()) { delete picker.loadedSearches[query]; return done(); }
        picker.clearOptions();
        answered = query;
        done(found.items);
      }).catch(() => { delete picker.loadedSearches[query]; done(); });
    }),
    render: { no_results: () => element("no-results", text("None")), option: (data) => { const line = element("", data.text); if (data.hint) line.append(element("hint", data.hint)); return line; }, loading: remote ? () => element("no-results", select.dataset.loading || "…") : null },
    onDropdownOpen: () => picker.positionDropdown(),
  });
  picker.positionDropdown = () => { picker.dropdown.style.width = Math.max(200, picker.control.offsetWidth) + "px"; fixedBelow(picker.dropdown, picker.control); };
  // A click opens the list and never closes it, however the control got its focus.
  picker.onClick = () => { picker.focus(); if (remote) picker.preload(); picker.open(); };
  picker.on("load", () => { picker.isOpen && picker.positionDropdown(); });
  picker.on("item_add", () => picker.setTextboxValue(""));
  select.setAttribute("aria-hidden", "true");
  // What is typed to search is no value of the form.
  for (const kind of ["input", "change"]) picker.control_input.addEventListener(kind, (event) => event.stopPropagation());
  // What a value depends on has changed: the choices are asked for again when the control is next opened.
  select.addEventListener("stale", () => { picker.clearOptions(); picker.wrapper.classList.remove("preloaded"); });
}

// Focus set by the page, not by a person, opens no list.
function focusQuietly(control) {
  const picker = control.tomselect;
  if (!picker) { control.focus(); return; }
  const { openOnFocus, preload } = picker.settings;
  Object.assign(picker.settings, { openOnFocus: false, preload: false });
  picker.focus();
  setTimeout(() => Object.assign(picker.settings, { openOnFocus, preload }), 100);
}

addEventListener("scroll", (event) => {
  document.querySelectorAll(".tomselected").forEach((select) => {
    const picker = select.tomselect;
    if (picker && picker.isOpen && !picker.dropdown.contains(event.target)) picker.positionDropdown();
  });
}, true);

function calendarLocale() {
  const tag = document.documentElement.lang;
  const chinese = tag.startsWith("zh");
  const part = (options, day) => new Intl.DateTimeFormat(tag, { ...options, timeZone: "UTC" }).format(day);
  const months = [...Array(12).keys()].map((n) => new Date(Date.UTC(2026, n, 1)));
  const days = [...Array(7).keys()].map((n) => new Date(Date.UTC(2026, 1, 1 + n)));
  return {
    months: { long: months.map((m) => (chinese ? m.getUTCMonth() + 1 + "月" : part({ month: "long" }, m))), short: months.map((m) => part({ month: "short" }, m)) },
    weekdays: { long: days.map((d) => part({ weekday: "long" }, d)), short: days.map((d) => (chinese ? "日一二三四五六"[d.getUTCDay()] : part({ weekday: "short" }, d))) },
  };
}

// The calendar is fetched when it is first asked for; most visits never do.
let calendarReady = null;
function loadCalendar() {
  calendarReady ??= Promise.all(document.body.dataset.calendarFiles.split(" ").map((address) => new Promise((done, fail) => {
    const part = address.endsWith(".js") ? Object.assign(document.createElement("script"), { src: address }) : Object.assign(document.createElement("link"), { rel: "stylesheet", href: address });
    part.onload = done;
    part.onerror = fail;
    document.head.append(part);
  })));
  return calendarReady;
}

async function openCalendar(input, button) {
  await loadCalendar();
  const chinese = document.documentElement.lang.startsWith("zh");
  const timed = input.dataset.date === "datetime";
  const pop = document.createElement("div");
  const [day, time] = input.value.split(" ");
  const known = /^\d{4}-\d{2}-\d{2}$/.test(day);
  pop.className = "calendar-pop";
  pop.popover = "auto";
  pop.append(document.createElement("div"));
  (input.closest("dialog") || input.closest("main")).append(pop);
  const write = (self) => {
    const chosen = self.context.selectedDates[0];
    if (!chosen) return;
    input.value = timed ? chosen + " " + (self.context.selectedTime || "09:00") : chosen;
    input.dispatchEvent(new Event("input", { bubbles: true }));
    input.dispatchEvent(new Event("change", { bubbles: true }));
  };
  const layout = chinese ? { default: `<div class="vc-header" data-vc="header" role="group" aria-label="${text("Calendar")}"><#ArrowPrev [month] /><div class="vc-header__content" data-vc-header="content" aria-live="polite" aria-atomic="true"><#Year />年 <#Month /></div><#ArrowNext [month] /></div><div class="vc-wrapper" data-vc="wrapper"><div class="vc-content" data-vc="content" role="grid" aria-label="${text("Calendar")}"><#Week /><#Dates /></div></div><#ControlTime />` } : {};
  const calendar = new VanillaCalendarPro.Calendar(pop.firstChild, {
    locale: calendarLocale(), firstWeekday: chinese ? 1 : 0, selectedTheme: "light", themeAttrDetect: false,
    selectionTimeMode: timed ? 24 : false, selectedTime: timed && /^\d{2}:\d{2}$/.test(time || "") ? time : timed ? "09:00" : undefined,
    selectedDates: known ? [day] : [], selectedMonth: known ? Number(day.slice(5, 7)) - 1 : undefined, selectedYear: known ? Number(day.slice(0, 4)) : undefined,
    labels: { arrowPrev: { month: text("Previous") }, arrowNext: { month: text("Next") } },
    layouts: layout,
    onClickDate: (self) => { write(self); if (!timed) pop.hidePopover(); },
    onChangeTime: write,
  });
  calendar.init();
  pop.addEventListener("toggle", (event) => { if (event.newState === "closed") { calendar.destroy(); pop.remove(); button.focus(); } });
  pop.showPopover();
  fixedBelow(pop, input);
  const start = ["selected", "today", "btn"].map((part) => pop.querySelector(`[data-vc-date-${part}] button, button[data-vc-date-${part}]`)).find(Boolean);
  if (start) start.focus();
}

function uploads(box) {
  const list = box.querySelector(".kept");
  const chooser = box.querySelector("input[type=file]");
  const shown = (file) => {
    const item = box.querySelector("template").content.cloneNode(true).firstElementChild;
    item.querySelector("span").textContent = file.name;
    item.querySelector("button").setAttribute("aria-label", text("Remove") + " " + file.name);
    return item;
  };
  const send = (file) => {
    const item = shown(file);
    const picture = item.querySelector("img");
    const refuse = (reason) => {
      item.classList.add("bad");
      item.querySelector("span").textContent = file.name + (document.documentElement.lang.startsWith("zh") ? "：" : ": ") + reason;
      item.querySelector("progress").remove();
    };
    list.append(item);
    if (file.size > Number(box.dataset.limit)) return refuse(text("TooLarge"));
    if (picture && file.type.startsWith("image/")) { picture.src = URL.createObjectURL(file); picture.hidden = false; }
    const request = new XMLHttpRequest();
    const body = new FormData();
    body.append("file", file);
    request.open("POST", "/api/v1/files");
    request.setRequestHeader("X-CSRF-Token", document.getElementById("csrf").value);
    request.upload.onprogress = (event) => { item.querySelector("progress").value = event.loaded / event.total; };
    request.onload = () => {
      let answer = {};
      try { answer = JSON.parse(request.responseText); } catch { /* the sentence below says so */ }
      if (request.status >= 300 || !answer.id) refuse(answer.detail || text("Failed"));
      else {
        item.querySelector("progress").remove();
        item.querySelector("input").value = answer.id;
        // Where there is room for one file only, the new one takes the old one's place once it has arrived.
        if (!box.dataset.many) [...list.children].forEach((other) => { if (other !== item) other.remove(); });
      }
      box.dispatchEvent(new Event("input", { bubbles: true }));
    };
    request.onerror = () => refuse(text("Offline"));
    request.send(body);
  };
  chooser.addEventListener("change", () => { [...chooser.files].forEach(send); chooser.value = ""; });
  list.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    button.closest(".file").remove();
    chooser.focus();
    box.dispatchEvent(new Event("input", { bubbles: true }));
  });
}

// On a phone a table is shown as cards: each value needs its column's name, and roles keep it a table for screen readers.
function label(table) {
  const heads = [...table.tHead.rows[0].cells].map((head) => head.textContent.trim());
  table.setAttribute("role", "table");
  for (const part of [table.tHead, ...table.tBodies]) part.setAttribute("role", "rowgroup");
  for (const row of table.rows) {
    row.setAttribute("role", "row");
    [...row.cells].forEach((cell, index) => {
      cell.setAttribute("role", cell.tagName === "TH" ? "columnheader" : "cell");
      if (heads[index] && !cell.matches("th, .row-actions, .ops, .no")) cell.dataset.label = heads[index];
    });
  }
}

function enhance(root) {
  const all = (selector) => [...(root.matches && root.matches(selector) ? [root] : []), ...root.querySelectorAll(selector)];
  all("table.stack").forEach(label);
  all("select[data-search]").forEach((select) => { if (!select.tomselect) searchable(select); });
  all("[data-calendar]").forEach((button) => { button.onclick = () => openCalendar(button.previousElementSibling, button); });
  all(".upload[data-limit]").forEach((box) => { if (!box.dataset.ready) { box.dataset.ready = "1"; uploads(box); } });
}

htmx.onLoad(enhance);
