"use strict";
(() => {
  const PAGE = 50, AGAIN_MS = 5000, TYPING_MS = 200;
  const OPEN_WORDS = { value: "out of step", rhythm: "out of rhythm", stuck: "stuck", silent: "silent", rule: "against a rule" };
  const $ = (id) => document.getElementById(id);
  const view = { offset: 0, matching: 0, shown: null, plots: [] };

  const make = (tag, text, attributes = {}) => {
    const node = document.createElement(tag);
    if (text !== undefined && text !== null) node.textContent = text;
    for (const name in attributes) node.setAttribute(name, attributes[name]);
    return node;
  };
  const short = (v) => {
    if (v === null || v === undefined) return "–";
    const size = Math.abs(v);
    return size && (size >= 1e7 || size < 1e-4) ? v.toExponential(2) : String(Number(v.toPrecision(5)));
  };
  const span = (seconds) => {
    if (seconds === null) return "never";
    const s = Math.max(seconds, 0);
    if (s < 90) return `${Math.round(s)} s`;
    if (s < 5400) return `${Math.round(s / 60)} min`;
    return s < 129600 ? `${Math.round(s / 3600)} h` : `${Math.round(s / 86400)} d`;
  };
  const ago = (time) => (time === null ? "never" : `${span(Date.now() / 1000 - time)} ago`);
  const many = (count, what) => `${count.toLocaleString()} ${what}${count === 1 ? "" : "s"}`;
  const when = (time) => new Date(time * 1000).toLocaleString();

  const ask = async (path) => {
    const answer = await fetch(path, { headers: { Accept: "application/json" } });
    const body = await answer.json().catch(() => ({ error: `the daemon answered ${answer.status}` }));
    if (!answer.ok) throw new Error(body.error || `the daemon answered ${answer.status}`);
    return body;
  };

  const showStatus = (status) => {
    const sensors = Object.values(status.sensors).reduce((sum, n) => sum + n, 0);
    const open = Object.values(status.open_episodes).reduce((sum, n) => sum + n, 0);
    const learning = status.sensors.learning ? `, ${status.sensors.learning} still learning` : "";
    const ready = status.ready ? "ready" : `not ready: ${status.waiting_for}`;
    $("status").textContent = `${ready} · ${many(sensors, "sensor")}${learning} · ${many(open, "episode")} open · ${status.rows_scored.toLocaleString()} rows judged · version ${status.version}`;
    document.title = open ? `(${open}) Offbeat` : "Offbeat";
  };

  const episodeLine = (episode) => {
    const closed = episode.closed_at !== null;
    const line = make("li", undefined, { class: `${episode.severity} ${closed ? "closed" : ""}` });
    const time = closed ? `${when(episode.opened_at)}, lasted ${span(episode.closed_at - episode.opened_at)}` : `since ${when(episode.opened_at)}`;
    line.append(make("span", episode.message), " ", make("time", time));
    return line;
  };

  const showOpen = (episodes) => {
    const lines = episodes.slice(0, 100).map((episode) => {
      const line = episodeLine(episode);
      const button = make("button", "Show", { type: "button", "aria-label": `Show ${episode.sensor}` });
      button.addEventListener("click", () => open(episode.sensor));
      line.append(" ", button);
      return line;
    });
    if (episodes.length > 100) lines.push(make("li", `and ${episodes.length - 100} more`));
    $("open").replaceChildren(...(lines.length ? lines : [make("li", "Nothing is out of step.", { class: "closed" })]));
  };

  const sensorState = (sensor) => {
    if (sensor.open.length) return [sensor.open.map((kind) => OPEN_WORDS[kind] || kind).join(", "), "bad"];
    if (sensor.readiness === "ready") return ["in step", "calm"];
    return [`${sensor.readiness} ${Math.round((sensor.progress || 0) * 100)} %`, "faint"];
  };

  const row = (sensor) => {
    const line = make("tr");
    const name = make("td"), button = make("button", sensor.sensor, { type: "button" });
    button.addEventListener("click", () => open(sensor.sensor));
    name.append(button);
    const [words, tone] = sensorState(sensor);
    const level = sensor.score === null ? "faint" : sensor.score >= 2 ? "bad" : sensor.score >= 1 ? "warn" : "";
    const first = sensor.channels[0];
    const more = sensor.channels.length > 1 ? ` (${first.channel}, 1 of ${sensor.channels.length})` : "";
    line.append(
      name, make("td", sensor.score === null ? "–" : sensor.score.toFixed(2), { class: `number ${level}` }), make("td", words, { class: tone }),
      make("td", short(first.value) + more, { class: "number" }), make("td", first.low === null ? "–" : `${short(first.low)} to ${short(first.high)}`, { class: "wide" }),
      make("td", ago(sensor.last_seen), { class: "wide" }),
    );
    return line;
  };

  const showSensors = (list) => {
    view.matching = list.matching;
    $("rows").replaceChildren(...list.sensors.map(row));
    const last = view.offset + list.sensors.length;
    $("count").textContent = list.matching ? `${view.offset + 1} to ${last} of ${list.matching}${list.matching < list.total ? ` (${list.total} in all)` : ""}` : `No sensor matches; there are ${list.total}.`;
    $("back").disabled = view.offset === 0;
    $("on").disabled = last >= list.matching;
  };

  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const plot = (sensor, c) => {
    const box = make("div"), channel = sensor.channels[c];
    $("plots").append(make("h3", channel.channel), box);
    const times = sensor.window.times, flat = (v) => times.map(() => v);
    const axis = { stroke: colour("--faint"), grid: { stroke: colour("--line") }, ticks: { stroke: colour("--line") } };
    const options = {
      width: box.clientWidth || 600, height: 220, legend: { live: true }, cursor: { drag: { x: true, y: false } },
      axes: [axis, { ...axis, size: 70 }],
      series: [
        {}, { label: "value", stroke: colour("--curve"), width: 1.5, points: { show: times.length < 100 }, spanGaps: true },
        { label: "expected from", stroke: colour("--faint"), width: 0.5, points: { show: false } }, { label: "to", stroke: colour("--faint"), width: 0.5, points: { show: false } },
      ],
      bands: [{ series: [3, 2], fill: colour("--band") }],
    };
    view.plots.push(new uPlot(options, [times, sensor.window.values[c], flat(channel.low), flat(channel.high)], box));
  };

  const showDetail = (sensor) => {
    $("detail-title").textContent = sensor.sensor;
    const [words] = sensorState(sensor);
    const facts = [
      ["State", words], ["Score", sensor.score === null ? "–" : sensor.score.toFixed(2)], ["Chance of such a reading", short(sensor.p_value)],
      ["Last heard", ago(sensor.last_seen)], ["Usual gap", sensor.usual_gap_seconds === null ? "–" : span(sensor.usual_gap_seconds)], ["Late readings", String(sensor.late)],
    ];
    $("facts").replaceChildren(...facts.map(([name, value]) => { const pair = make("div"); pair.append(make("dt", name), make("dd", value)); return pair; }));
    for (const old of view.plots) old.destroy();
    view.plots = [];
    $("plots").replaceChildren();
    $("detail").hidden = false;
    sensor.channels.slice(0, 12).forEach((_, c) => plot(sensor, c));
    $("history").replaceChildren(...(sensor.episodes.length ? sensor.episodes.map(episodeLine) : [make("li", "None so far.", { class: "closed" })]));
  };

  const complain = (error) => { $("status").textContent = `The daemon does not answer: ${error.message}`; };
  const load = async () => {
    const query = new URLSearchParams({ search: $("words").value, sort: $("sort").value, limit: PAGE, offset: view.offset });
    if ($("only-open").checked) query.set("open", "1");
    showSensors(await ask(`/api/v1/sensors?${query}`));
  };
  const refresh = async () => {
    const [status, episodes] = await Promise.all([ask("/api/v1/status"), ask("/api/v1/episodes?open=1&limit=1000")]);
    showStatus(status);
    showOpen(episodes.episodes);
    await load();
  };
  const open = async (sensor) => {
    view.shown = sensor;
    try {
      showDetail(await ask(`/api/v1/sensors/${encodeURIComponent(sensor)}`));
      $("detail").focus();
      $("detail").scrollIntoView({ block: "start" });
    } catch (error) { complain(error); }
  };
  const soon = (work, ms) => { let timer = 0; return () => { clearTimeout(timer); timer = setTimeout(() => work().catch(complain), ms); }; };
  const search = soon(async () => { view.offset = 0; await load(); }, TYPING_MS);

  $("search").addEventListener("submit", (event) => event.preventDefault());
  for (const id of ["words", "sort", "only-open"]) $(id).addEventListener("input", search);
  $("back").addEventListener("click", () => { view.offset = Math.max(view.offset - PAGE, 0); load().catch(complain); });
  $("on").addEventListener("click", () => { view.offset += PAGE; load().catch(complain); });
  $("close").addEventListener("click", () => { $("detail").hidden = true; view.shown = null; $("words").focus(); });
  document.addEventListener("keydown", (event) => { if (event.key === "Escape" && view.shown) $("close").click(); });
  window.addEventListener("resize", soon(async () => { for (const one of view.plots) one.setSize({ width: one.root.parentNode.clientWidth, height: 220 }); }, TYPING_MS));

  const update = soon(refresh, 300);
  const events = new EventSource("/api/v1/events");
  events.addEventListener("episode", update);
  refresh().catch(complain);
  setInterval(() => { if (!document.hidden) refresh().catch(complain); }, AGAIN_MS);
})();
