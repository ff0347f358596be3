// One sensor in full.

import { ask } from "./api.js";
import { drawCharts, resizeCharts, updateCharts } from "./charts.js";
import { showHistory } from "./episodes.js";
import { $, make, show, write } from "./nodes.js";
import { ago, between, percent, score, short, span, stateOf, when } from "./words.js";

const MOST_VOICES = 8, MOST_READINGS = 20, LOUDEST = 8, AUDIBLE = 1;
const shown = { sensor: null, data: null, opener: null };

const factsOf = (sensor) => {
  const [words] = stateOf(sensor);
  const facts = [
    ["State", words], ["Score", score(sensor.score)], ["Chance that such a bout begins", short(sensor.p_value)],
    ["Last heard", ago(sensor.last_seen)], ["Usual gap", span(sensor.usual_gap_seconds)], ["Late readings", String(sensor.late)],
  ];
  const open = sensor.episodes.find((one) => one.closed_at === null);
  const shares = open ? Object.entries(open.contributions).sort((a, b) => b[1] - a[1]) : [];
  if (shares.length > 1) facts.push(["Shares", shares.map(([channel, share]) => `${channel} ${percent(share)}`).join(", ")]);
  if (sensor.reason) facts.push([sensor.readiness === "ready" ? "To know" : "Not ready because", sensor.reason]);
  for (const channel of sensor.channels.slice(0, 6)) facts.push([`${channel.channel} now`, `${short(channel.value)}, expected ${between(channel.low, channel.high)}`]);
  return facts;
};

const showFacts = (sensor) => {
  const build = ([name]) => {
    const pair = make("div");
    pair.append(make("dt", name), make("dd"));
    return pair;
  };
  show($("facts"), factsOf(sensor), ([name]) => name, build, (pair, [, value]) => write(pair.lastChild, value), $("detail-title"));
};

const showVoices = (sensor) => {
  const build = (voice) => {
    const line = make("li"), bar = make("span", undefined, { class: "bar", "aria-hidden": "true" });
    bar.append(make("span"));
    line.append(make("span", undefined, { class: "loud" }), bar, make("span", `${voice.about} (${voice.stream}${voice.votes ? "" : ", has no vote"})`));
    return line;
  };
  const fill = (line, voice) => {
    write(line.querySelector(".loud"), voice.surprise.toFixed(1));
    line.querySelector(".bar > span").style.width = `${Math.min(Math.max(voice.surprise / LOUDEST, 0), 1) * 100}%`;
  };
  // Those that alert come first, then those that only watch; each loudest first, as they are told.
  const audible = sensor.voices.filter((voice) => voice.surprise >= AUDIBLE);
  const loud = audible.sort((a, b) => b.votes - a.votes).slice(0, MOST_VOICES);
  show($("voices"), loud, (voice) => voice.stream, build, fill, $("detail-title"));
  write($("calm"), loud.length ? "" : "Nothing strange.");
};

const reading = (sensor, i) => {
  const { times, values, low, high, scores } = sensor.window;
  const line = make("tr");
  line.append(make("th", when(times[i]), { scope: "row" }));
  for (let c = 0; c < values.length; c += 1) line.append(make("td", `${short(values[c][i])} (${between(low[c][i], high[c][i])})`, { class: "number" }));
  line.append(make("td", score(scores[i]), { class: "number" }));
  return line;
};

/** Show the last readings as text, for those who do not look at charts; made when it is opened. */
const showReadings = () => {
  if (!$("readings").open || !shown.data) return;
  const sensor = shown.data, count = sensor.window.times.length;
  const head = make("tr"), body = make("tbody"), table = make("table"), top = make("thead");
  head.append(...["Time", ...sensor.channels.map((one) => `${one.channel} (expected)`), "Score"].map((name) => make("th", name, { scope: "col" })));
  for (let i = count - 1; i >= Math.max(count - MOST_READINGS, 0); i -= 1) body.append(reading(sensor, i));
  top.append(head);
  table.append(top, body);
  $("readings-table").replaceChildren(table);
};

const showSensor = (sensor, anew) => {
  shown.data = sensor;
  write($("detail-title"), sensor.sensor);
  showFacts(sensor);
  if (anew) drawCharts(sensor);
  else updateCharts(sensor);
  showReadings();
  showVoices(sensor);
  showHistory(sensor.episodes);
};

const address = (sensor) => `/api/v1/sensors/${sensor.split("/").map(encodeURIComponent).join("/")}`;

/** Ask for the sensor that is shown again, if one is. */
export const refreshDetail = async () => {
  const sensor = shown.sensor;
  if (sensor === null) return;
  const data = await ask(address(sensor));
  if (shown.sensor === sensor) showSensor(data, shown.data === null);
};

/** Show a sensor, and go to it. */
export const openDetail = async (sensor) => {
  Object.assign(shown, { sensor, data: null });
  const data = await ask(address(sensor));
  if (shown.sensor !== sensor) return;
  $("detail").hidden = false;
  showSensor(data, true);
  $("detail-title").focus({ preventScroll: true });
  $("detail").scrollIntoView({ block: "start" });
};

export const closeDetail = () => {
  if (shown.sensor === null) return;
  $("detail").hidden = true;
  Object.assign(shown, { sensor: null, data: null });
  (shown.opener?.isConnected ? shown.opener : $("words")).focus();
};

/** Remember where the focus was, to go back to when the sensor is closed. */
export const remember = () => { shown.opener = document.activeElement; };

export const startDetail = () => {
  $("readings").addEventListener("toggle", showReadings);
  new ResizeObserver(resizeCharts).observe($("charts"));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { if (shown.data) drawCharts(shown.data); });
};
