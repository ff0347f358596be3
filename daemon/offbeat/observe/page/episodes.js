// Episodes: those that are open, and those of one sensor.

import { $, make, show, write } from "./nodes.js";
import { many, percent, score, span, when } from "./words.js";

const FEW = 6;
let showAll = false, last = [];

const lasting = (episode) =>
  episode.closed_at === null ? `since ${when(episode.opened_at)}` : `${when(episode.opened_at)}, lasted ${span(episode.closed_at - episode.opened_at)}`;

/** Return what was strange, and of an episode that is over also how it ended. */
const sentences = (episode) =>
  episode.closed_at === null || !episode.opening || episode.opening === episode.message ? episode.message : `${episode.opening} ${episode.message}`;

/** Return what an episode rests on: the worst score, shares of channels, the loudest detectors. */
const reasons = (episode) => {
  const parts = [episode.kind, lasting(episode)];
  if (episode.label) parts.push(`labelled ${episode.label.replace("_", " ")}`);
  if (episode.peak_score !== null) parts.push(`worst score ${score(episode.peak_score)}`);
  const shares = Object.entries(episode.contributions).sort((a, b) => b[1] - a[1]).slice(0, 4);
  if (shares.length > 1) parts.push(shares.map(([channel, share]) => `${channel} ${percent(share)}`).join(", "));
  const loud = Object.entries(episode.streams).sort((a, b) => b[1] - a[1]).slice(0, 3);
  if (loud.length) parts.push(`by ${loud.map(([stream]) => stream).join(", ")}`);
  return parts.join(" · ");
};

const build = (onOpen) => (episode) => {
  const line = make("li");
  const text = make("div");
  text.append(make("p", undefined, { class: "message" }), make("p", undefined, { class: "reasons" }));
  line.append(text);
  if (onOpen) {
    const button = make("button", "Show", { type: "button", "aria-label": `Show ${episode.sensor}` });
    button.addEventListener("click", () => onOpen(episode.sensor));
    line.append(button);
  }
  return line;
};

const fill = (line, episode) => {
  const severity = episode.closed_at === null ? episode.severity : `${episode.severity} closed`;
  line.className = severity;
  write(line.querySelector(".message"), sentences(episode));
  write(line.querySelector(".reasons"), `${episode.severity} · ${reasons(episode)}`);
};

const showNone = (list, text) => list.replaceChildren(make("li", text, { class: "none" }));
const clearNone = (list) => list.querySelector(".none")?.remove();

export const showHistory = (episodes) => {
  if (!episodes.length) return showNone($("history"), "None so far.");
  clearNone($("history"));
  return show($("history"), episodes, (one) => one.id, build(null), fill, $("detail-title"));
};

export const showOpen = (episodes, onOpen) => {
  last = episodes;
  const button = $("all-open");
  button.hidden = episodes.length <= FEW;
  button.setAttribute("aria-expanded", String(showAll));
  write(button, showAll ? "Show fewer" : `Show all ${many(episodes.length, "episode")}`);
  button.onclick = () => { showAll = !showAll; showOpen(last, onOpen); };
  if (!episodes.length) return showNone($("open"), "Nothing is out of step.");
  clearNone($("open"));
  // The newest come first: they are what a person has not seen yet.
  const newest = [...episodes].reverse().slice(0, showAll ? undefined : FEW);
  return show($("open"), newest, (one) => one.id, build(onOpen), fill, $("open-title"));
};
