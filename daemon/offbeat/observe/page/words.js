// Numbers, times and states as a person reads them.

const OPEN = { value: "out of step", rhythm: "out of rhythm", stuck: "stuck", silent: "silent", rule: "against a rule" };

export const short = (v) => {
  if (v === null || v === undefined) return "–";
  const size = Math.abs(v);
  if (size && (size >= 1e7 || size < 1e-4)) return v.toExponential(2);
  return String(size >= 1000 ? Math.round(v) : Number(v.toPrecision(4)));
};

export const between = (low, high) => (low === null || high === null ? "–" : `${short(low)} to ${short(high)}`);

export const span = (seconds) => {
  if (seconds === null) return "–";
  const s = Math.max(seconds, 0);
  if (s < 10) return `${Number(s.toPrecision(2))} s`;
  if (s < 90) return `${Math.round(s)} s`;
  if (s < 5400) return `${Math.round(s / 60)} min`;
  return s < 129600 ? `${Math.round(s / 3600)} h` : `${Math.round(s / 86400)} d`;
};

export const ago = (time) => {
  if (time === null) return "never";
  const seconds = Date.now() / 1000 - time;
  return seconds < 1 ? "just now" : `${span(Math.round(seconds))} ago`;
};

export const when = (time) => new Date(time * 1000).toLocaleString();

export const many = (count, what) => `${count.toLocaleString()} ${what}${count === 1 ? "" : "s"}`;

export const sum = (counts) => Object.values(counts).reduce((total, count) => total + count, 0);

export const percent = (share) => `${Math.round(share * 100)} %`;

export const score = (v) => (v === null ? "–" : v.toFixed(2));

/** Return how loud a score is: "bad" from 2 on, "warn" from 1 on. */
export const level = (v) => (v === null ? "faint" : v >= 2 ? "bad" : v >= 1 ? "warn" : "");

/** Return a sensor's state in words, and the class of their colour. */
export const stateOf = (sensor) => {
  if (sensor.open.length) return [sensor.open.map((kind) => OPEN[kind] || kind).join(", "), "bad"];
  if (sensor.last_seen === null) return ["not heard yet", "faint"];
  if (sensor.readiness === "ready") return sensor.off ? ["quiet, not as learnt", "faint"] : ["in step", "calm"];
  if (sensor.readiness === "provisional") return ["in step, provisional", "faint"];
  const left = sensor.eta_seconds ? `, ${span(sensor.eta_seconds)} left` : "";
  return [`${sensor.readiness} ${percent(sensor.progress || 0)}${left}`, "faint"];
};
