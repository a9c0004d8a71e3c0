// Small conveniences. Every page reads without this file.
"use strict";

const script = document.currentScript;

// Keys: "/" to the search, "?" to the help, "g" then a letter to a page. Never while typing, never with a modifier.
// They rest on pages that wait for an answer, and for a moment after every load: whoever goes on typing or dictating stays where they are.
const ANSWERING = /^\/development\/(assessment|conversations)(\/|$)/.test(location.pathname);
const MOMENT = 1000;
const loadedAt = performance.now();
const PLACES = { b: "/", t: "/trials", m: "/measures", e: "/evidence", d: "/decisions", p: "/preferences" };
let waitingForPlace = false;
document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input, textarea, select, [contenteditable]");
  if (typing || event.ctrlKey || event.metaKey || event.altKey || ANSWERING || performance.now() - loadedAt < MOMENT) return;
  if (waitingForPlace && PLACES[event.key]) { waitingForPlace = false; location.assign(PLACES[event.key]); return; }
  waitingForPlace = event.key === "g";
  if (event.key === "/") { const box = document.getElementById("site-search"); if (box) { event.preventDefault(); box.focus(); } }
  if (event.key === "?") { event.preventDefault(); location.assign("/keyboard"); }
});

// On those pages the answer has the focus, and Ctrl and Enter sends it.
if (ANSWERING) {
  if (document.activeElement === document.body) document.querySelector("main textarea[name=text], main input[name=outcome]")?.focus();
  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) event.target.closest("main form")?.requestSubmit();
  });
}

// "Explore the picture": the same specification, drawn live, in the page's colours. The bundle is fetched when first asked for.
const SIGNALS = ["paper", "panel", "ink", "ink_2", "rule", "control_edge", "series_1", "series_2", "series_3", "series_4", "context",
  "series_1_text", "series_2_text", "series_3_text", "series_4_text", "concern", "better", "ordinary"];
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue("--" + name.replaceAll("_", "-")).trim();
let bundle = null;
const loadBundle = () => (bundle ??= new Promise((done, failed) => {
  const element = document.createElement("script");
  element.src = script.dataset.bundle;
  element.onload = done;
  element.onerror = failed;
  document.head.append(element);
}));
const drawn = [];
const recolour = (view) => { for (const name of SIGNALS) view.signal(name, colour(name)); return view.runAsync(); };
async function explore(figure, button) {
  button.disabled = true;
  button.textContent = "Drawing…";
  const width = figure.clientWidth < 500 ? "narrow" : "wide";
  const [specification] = await Promise.all([fetch(figure.dataset.spec + "&width=" + width).then((answer) => answer.json()), loadBundle()]);
  const place = document.createElement("div");
  place.className = "picture live";
  const result = await window.vegaEmbed(place, specification, { ast: true, actions: false, renderer: "svg", defaultStyle: false, tooltip: { disableDefaultStyle: true } });
  await recolour(result.view);
  drawn.push(result.view);
  figure.querySelector(".picture").replaceWith(place);
  button.remove();
}
for (const button of document.querySelectorAll("button.explore")) {
  button.hidden = false;
  button.addEventListener("click", () => explore(button.closest("figure"), button));
}
// A change of the reader's theme recolours what is drawn; nothing is specified again.
new MutationObserver(() => drawn.forEach(recolour)).observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => drawn.forEach(recolour));

// Preferences show at once; the form stores them.
for (const input of document.querySelectorAll("form.preferences input[type=radio]")) {
  input.addEventListener("change", () => {
    const root = document.documentElement;
    if (input.name === "theme" && input.value === "device") delete root.dataset.theme;
    else if (["theme", "reading"].includes(input.name)) root.dataset[input.name] = input.value;
  });
}
