// What was received and not used: how much in the head of the page, and why where that is opened.

import { $, make, show, write } from "./nodes.js";
import { many, sum } from "./words.js";

/** Reasons in words, by the names of the metrics' label `reason`. What was to be expected is not told of here. */
const WHY = {
  duplicate: "heard before",
  late: "older than allowed",
  future: "of a time that is still to come",
  not_finite: "no finite number",
  oversize: "longer than limits.max_payload",
  undecodable: "not what its source says it is",
  no_value: "without a number that its source includes",
  bad_time: "without a time that can be read",
  no_source: "on a topic of no source",
  sensor_limit: "of a sensor beyond limits.max_sensors",
  bad_sensor_id: "on a topic that names no sensor",
  inbox_full: "shed, for more came than could be judged",
};

/** Show what was dropped since the start; nothing where nothing was. */
export const showDrops = ({ messages_dropped: messages, readings_dropped: readings }) => {
  const kinds = [["message", messages], ["reading", readings]].filter(([, counts]) => sum(counts));
  const reasons = kinds.flatMap(([what, counts]) => Object.entries(counts).filter(([, count]) => count)
    .sort((a, b) => b[1] - a[1]).map(([reason, count]) => ({ what, reason, count })));
  const box = $("drops");
  if (!reasons.length && box.contains(document.activeElement)) $("open-title").focus();
  box.hidden = !reasons.length;
  if (!reasons.length) return;
  write($("drops-sum"), `${kinds.map(([what, counts]) => many(sum(counts), what)).join(", ")} not used`);
  show($("drops-why"), reasons, ({ what, reason }) => `${what} ${reason}`, () => make("li"), (line, { what, reason, count }) => {
    write(line, `${many(count, what)} ${WHY[reason] || reason}`);
    line.title = reason;
  }, $("drops-sum"));
  box.title = reasons.map(({ what, reason, count }) => `${many(count, what)}: ${reason}`).join("\n");
};
