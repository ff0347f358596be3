// Charts of one sensor's last window: each channel within its expected band, and the score.

import { $, make } from "./nodes.js";
import { between, many, score, short, when } from "./words.js";

/* global uPlot */

const MOST_CHANNELS = 12, VALUE_HEIGHT = 200, SCORE_HEIGHT = 130;
/** Room for the last label of the axis of time, which stands out by half of it. */
const RIGHT = 36;
let charts = [], spans = [];

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

const two = (n) => String(n).padStart(2, "0");

/** Write the times of an axis on a clock of 24 hours, as fine as its steps are. */
const clock = (_, times, __, ___, step) => times.map((time) => {
  const at = new Date(time * 1000), day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  if (step >= 86400) return day;
  const minutes = `${two(at.getHours())}:${two(at.getMinutes())}`;
  if (step >= 60) return minutes === "00:00" ? day : minutes;
  return `${minutes}:${two(at.getSeconds())}${step < 1 ? `.${Math.floor(at.getMilliseconds() / 100)}` : ""}`;
});

/** Shade the times in which an episode was open. */
const shade = (u) => {
  u.ctx.save();
  u.ctx.fillStyle = colour("--shade");
  const { left, top, width, height } = u.bbox;
  for (const [from, to] of spans) {
    const start = Math.max(u.valToPos(from, "x", true), left);
    const end = Math.min(to === null ? left + width : u.valToPos(to, "x", true), left + width);
    if (end > start) u.ctx.fillRect(start, top, end - start, height);
  }
  u.ctx.restore();
};

/** Let the legend tell of the newest reading of which all is known, as long as nothing is pointed at. */
const newest = (u) => {
  if (u.cursor.left >= 0) return;
  const at = u.data[0].findLastIndex((_, i) => u.data.every((line) => line[i] !== null));
  u.setLegend({ idx: at < 0 ? u.data[0].length - 1 : at });
};

const options = (height, series, extra) => {
  const axis = { stroke: colour("--faint"), grid: { stroke: colour("--line"), width: 1 }, ticks: { stroke: colour("--line"), width: 1 }, font: "12px system-ui, sans-serif" };
  return {
    width: $("charts").clientWidth, height, series: [{ value: (_, time) => (time === null ? "–" : when(time)) }, ...series],
    axes: [{ ...axis, values: clock, space: 80 }, { ...axis, size: 64 }], cursor: { sync: { key: "window" }, drag: { x: true, y: false } },
    padding: [null, RIGHT, null, null],
    hooks: { drawClear: [shade], ready: [newest], setData: [newest], setCursor: [newest] }, ...extra,
  };
};

const number = (format) => (_, v) => format(v);

const valueOptions = () => {
  const edge = { stroke: colour("--band-edge"), width: 1, points: { show: false }, value: number(short) };
  const value = { label: "value", stroke: colour("--curve"), width: 1.5, spanGaps: true, points: { show: true, size: 4, fill: colour("--curve") }, value: number(short) };
  return options(VALUE_HEIGHT, [{ ...edge, label: "expected from" }, { ...edge, label: "to" }, value], { bands: [{ series: [2, 1], fill: colour("--band") }] });
};

const scoreOptions = () => {
  const line = { label: "score", stroke: colour("--warn"), width: 1.5, points: { show: false }, value: number(score) };
  const bound = { label: "boundary", stroke: colour("--faint"), width: 1, dash: [4, 4], points: { show: false }, value: number(score) };
  return options(SCORE_HEIGHT, [line, bound], { scales: { y: { range: (_, low, high) => [0, Math.max(high * 1.05, 1.5)] } } });
};

const valueWords = (sensor, c) => {
  const values = sensor.window.values[c].filter((v) => v !== null), channel = sensor.channels[c];
  if (!values.length) return `${channel.channel}: no reading yet`;
  return `${channel.channel}: ${many(values.length, "reading")} from ${short(Math.min(...values))} to ${short(Math.max(...values))}, last ${short(channel.value)}, expected ${between(channel.low, channel.high)}`;
};

const scoreWords = (sensor) => {
  const judged = sensor.window.scores.filter((v) => v !== null);
  return judged.length ? `score: last ${score(judged.at(-1))}, highest ${score(Math.max(...judged))}; 1 is the boundary` : "score: none yet";
};

const plans = (sensor) => {
  const { times, values, low, high, scores } = sensor.window;
  const shown = sensor.channels.slice(0, MOST_CHANNELS).map((channel, c) => ({
    title: channel.channel, words: valueWords(sensor, c), options: valueOptions, data: [times, low[c], high[c], values[c]],
  }));
  return [...shown, { title: "score", words: scoreWords(sensor), options: scoreOptions, data: [times, scores, times.map(() => 1)] }];
};

const draw = (plan) => {
  const box = make("div", undefined, { role: "img", "aria-label": plan.words });
  $("charts").append(make("h3", plan.title), box);
  const plot = new uPlot(plan.options(), plan.data, box);
  // It follows the mouse; the words of the chart are its label.
  plot.root.querySelector(".u-legend").setAttribute("aria-hidden", "true");
  return { box, plot };
};

/** Draw a sensor's charts from nothing. */
export const drawCharts = (sensor) => {
  spans = sensor.episodes.map((one) => [one.opened_at, one.closed_at]);
  for (const chart of charts) chart.plot.destroy();
  $("charts").replaceChildren();
  charts = plans(sensor).map(draw);
};

/** Bring the charts that are there up to date. */
export const updateCharts = (sensor) => {
  spans = sensor.episodes.map((one) => [one.opened_at, one.closed_at]);
  plans(sensor).forEach((plan, i) => {
    charts[i].plot.setData(plan.data);
    charts[i].box.setAttribute("aria-label", plan.words);
  });
};

export const resizeCharts = () => {
  for (const { plot } of charts) plot.setSize({ width: $("charts").clientWidth, height: plot.height });
};
