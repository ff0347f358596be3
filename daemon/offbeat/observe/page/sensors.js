// The list of sensors: a page of it at a time, searched and sorted by the daemon.

import { ask } from "./api.js";
import { $, make, show, write } from "./nodes.js";
import { ago, between, level, score, short, stateOf } from "./words.js";

const PAGE = 50, TYPING_MS = 200;
const FIRST = { name: "ascending", score: "descending", seen: "descending" };
const OTHER = { ascending: "descending", descending: "ascending" };
const list = { offset: 0, sort: "score", reverse: false, asked: 0 };

const build = (onOpen) => (sensor) => {
  const line = make("tr");
  const name = make("th", undefined, { scope: "row" });
  const button = make("button", sensor.sensor, { type: "button" });
  button.addEventListener("click", () => onOpen(sensor.sensor));
  name.append(button);
  line.append(name, make("td"), make("td"), make("td", undefined, { class: "number" }), make("td", undefined, { class: "number wide" }), make("td", undefined, { class: "number wide" }));
  return line;
};

const fill = (line, sensor) => {
  const [, strange, state, value, expected, heard] = line.children;
  const [words, tone] = stateOf(sensor);
  const first = sensor.channels[0];
  const more = sensor.channels.length > 1 ? ` (${first.channel}, 1 of ${sensor.channels.length})` : "";
  write(strange, score(sensor.score));
  // A score that was guessed from a few readings raises no alert, and should raise no eyebrow.
  strange.className = `number ${sensor.readiness === "learning" ? "faint" : level(sensor.score)}`;
  write(state, words);
  state.title = sensor.reason;
  state.className = tone;
  write(value, short(first.value) + more);
  write(expected, between(first.low, first.high));
  write(heard, ago(sensor.last_seen));
};

const counted = (page) => {
  if (!page.matching) return `No sensor matches; there are ${page.total.toLocaleString()}.`;
  const shown = `${list.offset + 1} to ${list.offset + page.sensors.length} of ${page.matching.toLocaleString()}`;
  return page.matching < page.total ? `${shown} (${page.total.toLocaleString()} in all)` : shown;
};

export const loadSensors = async (onOpen) => {
  const turn = (list.asked += 1);
  const page = await ask("/api/v1/sensors", {
    search: $("words").value, open: $("only-open").checked ? "1" : "", sort: list.sort, reverse: list.reverse ? "1" : "", limit: PAGE, offset: list.offset,
  });
  // An answer that comes after a newer question is of no use any more.
  if (turn !== list.asked) return;
  show($("rows"), page.sensors, (one) => one.sensor, build(onOpen), fill, $("sensors"));
  write($("count"), counted(page));
  $("back").disabled = list.offset === 0;
  $("on").disabled = list.offset + page.sensors.length >= page.matching;
};

/** By score those that are out of step stand before all others, or after them: that is no plain order, and the head says so. */
const showOrder = (head, sort, order) => {
  head.setAttribute("aria-sort", sort === "score" ? "other" : order);
  head.dataset.order = order;
};

const sortBy = (sort) => {
  list.reverse = list.sort === sort && !list.reverse;
  list.sort = sort;
  for (const button of document.querySelectorAll("[data-sort]")) {
    const head = button.closest("th"), mine = button.dataset.sort === sort;
    if (mine) showOrder(head, sort, list.reverse ? OTHER[FIRST[sort]] : FIRST[sort]);
    else for (const name of ["aria-sort", "data-order"]) head.removeAttribute(name);
  }
};

/** Let the controls of the list work; `load` shows it anew. */
export const startSensors = (load) => {
  let timer = 0;
  const search = () => {
    clearTimeout(timer);
    timer = setTimeout(() => { list.offset = 0; load(); }, TYPING_MS);
  };
  $("search").addEventListener("submit", (event) => event.preventDefault());
  for (const id of ["words", "only-open"]) $(id).addEventListener("input", search);
  const turn = (by) => () => { list.offset = Math.max(list.offset + by, 0); load(); };
  $("back").addEventListener("click", turn(-PAGE));
  $("on").addEventListener("click", turn(PAGE));
  for (const button of document.querySelectorAll("[data-sort]")) {
    button.addEventListener("click", () => { sortBy(button.dataset.sort); list.offset = 0; load(); });
  }
};
