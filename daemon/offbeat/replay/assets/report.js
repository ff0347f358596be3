"use strict";
(() => {
  const NS = "http://www.w3.org/2000/svg";
  const LEFT = 58, RIGHT = 10, FIRST_CHANNELS = 6;

  const make = (tag, attributes = {}, text) => {
    const node = document.createElementNS(NS, tag);
    for (const name in attributes) node.setAttribute(name, attributes[name]);
    if (text !== undefined) node.textContent = text;
    return node;
  };
  const html = (tag, attributes = {}, text) => {
    const node = document.createElement(tag);
    for (const name in attributes) node.setAttribute(name, attributes[name]);
    if (text !== undefined) node.textContent = text;
    return node;
  };
  const pad = (n) => String(n).padStart(2, "0");
  const short = (v) => {
    if (v === null || v === undefined) return "–";
    const a = Math.abs(v);
    if (a && (a >= 1e7 || a < 1e-4)) return v.toExponential(2);
    return String(Number(v.toPrecision(5)));
  };

  // A recording without a clock counts from zero; such times are shown as what they are.
  const hasClock = (t0) => Math.abs(t0) >= 31536000;
  const timeText = (t0, dt, fine) => {
    if (!hasClock(t0)) {
      const s = t0 + dt;
      return s >= 172800 ? (s / 86400).toFixed(2) + " d" : s >= 7200 ? (s / 3600).toFixed(2) + " h" : s.toFixed(0) + " s";
    }
    const d = new Date((t0 + dt) * 1000);
    const day = `${d.getUTCFullYear()}-${pad(d.getUTCMonth() + 1)}-${pad(d.getUTCDate())}`;
    const clock = `${pad(d.getUTCHours())}:${pad(d.getUTCMinutes())}`;
    return `${day} ${clock}${fine ? ":" + pad(d.getUTCSeconds()) : ""}`;
  };
  const STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 172800,
    345600, 604800, 1209600, 2592000, 5184000, 15552000, 31536000];
  const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
  const timeTicks = (t0, a, b, room) => {
    const step = STEPS.find((s) => (b - a) / s <= room) || STEPS[STEPS.length - 1];
    const ticks = [];
    for (let t = Math.ceil((t0 + a) / step) * step; t <= t0 + b; t += step) {
      const d = new Date(t * 1000);
      const midnight = t % 86400 === 0;
      let text = step >= 86400 || midnight ? `${d.getUTCDate()} ${MONTHS[d.getUTCMonth()]}` : `${pad(d.getUTCHours())}:${pad(d.getUTCMinutes())}`;
      if (step < 60 && !midnight) text += ":" + pad(d.getUTCSeconds());
      ticks.push([t - t0, hasClock(t0) ? text : timeText(0, t, false)]);
    }
    return ticks;
  };
  const numberTicks = (a, b, count) => {
    const raw = (b - a) / count, size = Math.pow(10, Math.floor(Math.log10(raw)));
    const step = [1, 2, 2.5, 5, 10].map((m) => m * size).find((s) => s >= raw) || 10 * size;
    const ticks = [];
    for (let v = Math.ceil(a / step) * step; v <= b + 1e-9 * step; v += step) ticks.push(Math.abs(v) < step * 1e-9 ? 0 : v);
    return ticks;
  };

  class Sensor {
    constructor(details) {
      this.details = details;
      this.data = JSON.parse(details.querySelector("script").textContent);
      this.holder = details.querySelector(".plots");
      this.end = this.data.t.length ? this.data.t[this.data.t.length - 1] : 1;
      this.from = 0;
      this.to = Math.max(this.end, 1e-6);
      this.all = false;
      this.chosen = -1;
      details.querySelectorAll("tr[data-episode]").forEach((row) =>
        row.querySelector("button").addEventListener("click", () => this.show(Number(row.dataset.episode))));
      this.draw();
    }

    show(index) {
      const episode = this.data.episodes[index];
      const last = episode.b === null ? this.end : episode.b;
      const margin = Math.max(1.5 * (last - episode.a), (this.data.gap || 0) * 2, this.end * 0.01);
      this.chosen = index;
      this.zoom(Math.max(0, episode.a - margin), Math.min(this.end, last + margin));
      this.holder.scrollIntoView({ block: "nearest" });
    }

    zoom(from, to) {
      if (to - from < this.end * 1e-5) return;
      this.from = from;
      this.to = to;
      this.draw();
    }

    draw() {
      const { data, holder } = this;
      this.width = Math.max(holder.clientWidth - 16, 280);
      holder.textContent = "";
      this.tip = holder.appendChild(html("div", { class: "tip", hidden: "" }));
      this.cursors = [];
      const drawn = data.channels.filter((c) => c.lo);
      const shown = this.all ? drawn : drawn.slice(0, FIRST_CHANNELS);
      const height = shown.length === 1 ? 210 : shown.length <= 3 ? 130 : 92;
      shown.forEach((c) => holder.appendChild(this.panel(c, height)));
      holder.appendChild(this.scorePanel(112));
      if (drawn.length > FIRST_CHANNELS) {
        const text = this.all ? "Fewer channels" : `All ${drawn.length} channels`;
        const button = holder.appendChild(html("button", { class: "more", type: "button" }, text));
        button.addEventListener("click", () => { this.all = !this.all; this.draw(); });
      }
      const still = data.channels.filter((c) => "constant" in c).map((c) => `${c.name} = ${short(c.constant)}`);
      const empty = data.channels.filter((c) => c.empty).map((c) => c.name);
      if (still.length) holder.appendChild(html("p", { class: "still" }, `Constant: ${still.join(", ")}`));
      if (empty.length) holder.appendChild(html("p", { class: "still" }, `Never observed: ${empty.join(", ")}`));
    }

    x(t) { return LEFT + (t - this.from) / (this.to - this.from) * (this.width - LEFT - RIGHT); }

    range() {
      const t = this.data.t;
      let a = 0, b = t.length;
      while (a < b && t[a] < this.from) a++;
      while (b > a && t[b - 1] > this.to) b--;
      return [Math.max(0, a - 1), Math.min(t.length, b + 1)];
    }

    frame(height, label, bottom) {
      const svg = make("svg", { viewBox: `0 0 ${this.width} ${height}`, height, role: "img", "aria-label": label });
      const clip = "c" + Math.random().toString(36).slice(2);
      const box = make("clipPath", { id: clip });
      box.appendChild(make("rect", { x: LEFT, y: 0, width: this.width - LEFT - RIGHT, height }));
      svg.appendChild(box);
      const back = make("g", { "clip-path": `url(#${clip})` });
      for (const [t, text] of timeTicks(this.data.t0, this.from, this.to, this.width / 95)) {
        svg.appendChild(make("line", { class: "grid", x1: this.x(t), x2: this.x(t), y1: 4, y2: height - bottom }));
        const room = this.x(t) > LEFT + 14 && this.x(t) < this.width - 24;
        if (bottom > 10 && room) svg.appendChild(make("text", { x: this.x(t), y: height - 5, "text-anchor": "middle" }, text));
      }
      this.data.episodes.forEach((e, i) => {
        const a = this.x(e.a), b = this.x(e.b === null ? this.end : e.b);
        const family = e.family === "health" ? " health" : "";
        const chosen = i === this.chosen ? " chosen" : "";
        const rect = make("rect", { class: "ep" + family + chosen, x: a, y: 4, width: Math.max(b - a, 1.5), height: height - bottom - 4 });
        back.appendChild(rect);
        back.appendChild(make("line", { class: "edge" + family, x1: this.x(e.o), x2: this.x(e.o), y1: 4, y2: height - bottom }));
      });
      for (const [a, b] of this.data.labels)
        back.appendChild(make("rect", { class: "lab", x: this.x(a), y: 0, width: Math.max(this.x(b) - this.x(a), 2), height: 4 }));
      svg.appendChild(back);
      const front = svg.appendChild(make("g", { "clip-path": `url(#${clip})` }));
      this.listen(svg, height, bottom);
      return [svg, front];
    }

    // Runs of points between which nothing is missing.
    runs(...columns) {
      const t = this.data.t, [a, b] = this.range(), runs = [];
      let run = [];
      for (let i = a; i < b; i++) {
        if (columns.some((c) => c[i] === null)) continue;
        const before = run[run.length - 1];
        if (run.length && this.data.gap && t[i] - t[before] > this.data.gap) { runs.push(run); run = []; }
        run.push(i);
      }
      if (run.length) runs.push(run);
      return runs;
    }

    path(run, y, column) {
      return run.map((i, k) => (k ? "L" : "M") + this.x(this.data.t[i]).toFixed(1) + " " + y(column[i]).toFixed(1)).join("");
    }

    area(run, y, low, high) {
      const back = run.slice().reverse();
      return this.path(run, y, high) + back.map((i) => "L" + this.x(this.data.t[i]).toFixed(1) + " " + y(low[i]).toFixed(1)).join("") + "Z";
    }

    panel(channel, height) {
      const title = channel.name + (channel.unit ? ` (${channel.unit})` : "");
      const hi = channel.hi || channel.lo;
      const [svg, front] = this.frame(height, `${title} over time with ${this.data.episodes.length} episodes`, 6);
      const [a, b] = this.range();
      let least = Infinity, most = -Infinity;
      for (let i = a; i < b; i++) {
        if (channel.lo[i] !== null) { least = Math.min(least, channel.lo[i]); most = Math.max(most, hi[i]); }
      }
      if (!(most >= least)) { least = 0; most = 1; }
      // The band may be far wider than the values, on a sensor that was never calm: it then leaves the picture.
      const room = Math.max(most - least, 1e-9 * Math.max(Math.abs(most), 1)) || 1;
      const floor = least - 0.35 * room, ceiling = most + 0.35 * room;
      if (channel.low) for (let i = a; i < b; i++) {
        if (channel.low[i] === null) continue;
        least = Math.min(least, Math.max(channel.low[i], floor));
        most = Math.max(most, Math.min(channel.high[i], ceiling));
      }
      const top = 18, bottom = height - 8, span = most - least || 1;
      const y = (v) => bottom - (v - least) / span * (bottom - top);
      for (const v of numberTicks(least, most, height > 150 ? 5 : 3)) {
        svg.insertBefore(make("line", { class: "grid", x1: LEFT, x2: this.width - RIGHT, y1: y(v), y2: y(v) }), svg.childNodes[1]);
        svg.appendChild(make("text", { x: LEFT - 6, y: y(v) + 4, "text-anchor": "end" }, short(v)));
      }
      if (channel.low) for (const run of this.runs(channel.low, channel.high))
        front.appendChild(make("path", { class: "band", d: this.area(run, y, channel.low, channel.high) }));
      for (const run of this.runs(channel.lo, hi)) {
        if (run.length === 1) front.appendChild(make("circle", { class: "dot", cx: this.x(this.data.t[run[0]]), cy: y(channel.lo[run[0]]), r: 1.6 }));
        else if (channel.hi) front.appendChild(make("path", { class: "envelope", d: this.area(run, y, channel.lo, hi) }));
        else front.appendChild(make("path", { class: "value", d: this.path(run, y, channel.lo) }));
      }
      svg.appendChild(make("text", { class: "title", x: LEFT + 6, y: 16 }, title));
      return svg;
    }

    scorePanel(height) {
      const { score } = this.data;
      const [svg, front] = this.frame(height, "score over time; 1.0 is the boundary of the budget", 20);
      const [a, b] = this.range();
      let most = 1.4;
      for (let i = a; i < b; i++) if (score[i] !== null) most = Math.max(most, score[i]);
      // Growing ever slower above 1: what matters is where the line is crossed, and how far, in this order.
      const bend = (v) => (v <= 1 ? Math.max(v, 0) : 1 + Math.log(v));
      const top = 12, bottom = height - 22;
      const y = (v) => bottom - bend(v) / bend(most) * (bottom - top);
      let below = Infinity;
      for (const v of [0, 1, 2, 5, 10, 100, 1000].filter((v) => v <= most)) {
        if (below - y(v) < 11) continue;
        below = y(v);
        svg.appendChild(make("text", { x: LEFT - 6, y: y(v) + 4, "text-anchor": "end" }, v === 1 ? "1.0" : String(v)));
      }
      svg.insertBefore(make("line", { class: "axis", x1: LEFT, x2: this.width - RIGHT, y1: bottom, y2: bottom }), svg.childNodes[1]);
      const one = score.map(() => 1);
      const over = score.map((v) => (v === null ? null : Math.max(v, 1)));
      for (const run of this.runs(score)) {
        front.appendChild(make("path", { class: "over", d: this.area(run, y, one, over) }));
        front.appendChild(make("path", { class: "score", d: this.path(run, y, score) }));
      }
      svg.appendChild(make("line", { class: "one", x1: LEFT, x2: this.width - RIGHT, y1: y(1), y2: y(1) }));
      svg.appendChild(make("text", { class: "title", x: LEFT + 6, y: 12 }, "score"));
      return svg;
    }

    listen(svg, height, bottom) {
      const cursor = make("line", { class: "cursor", y1: 4, y2: height - bottom, visibility: "hidden" });
      const brush = make("rect", { class: "brush", y: 4, height: height - bottom - 4, visibility: "hidden" });
      svg.append(brush, cursor);
      this.cursors.push(cursor);
      const time = (event) => {
        const box = svg.getBoundingClientRect();
        const px = (event.clientX - box.left) * this.width / box.width;
        return Math.min(Math.max(this.from + (px - LEFT) / (this.width - LEFT - RIGHT) * (this.to - this.from), this.from), this.to);
      };
      let start = null;
      svg.addEventListener("pointerdown", (event) => { if (event.button === 0) { start = time(event); svg.setPointerCapture(event.pointerId); } });
      svg.addEventListener("pointermove", (event) => {
        const t = time(event);
        this.tell(t, event);
        if (start === null) return;
        const a = this.x(Math.min(start, t)), b = this.x(Math.max(start, t));
        brush.setAttribute("x", a);
        brush.setAttribute("width", b - a);
        brush.setAttribute("visibility", "visible");
      });
      svg.addEventListener("pointerup", (event) => {
        if (start === null) return;
        const t = time(event), a = Math.min(start, t), b = Math.max(start, t);
        start = null;
        brush.setAttribute("visibility", "hidden");
        if (this.x(b) - this.x(a) > 6) this.zoom(a, b);
      });
      svg.addEventListener("dblclick", () => { this.chosen = -1; this.zoom(0, this.end); });
      svg.addEventListener("pointerleave", () => {
        this.tip.hidden = true;
        this.cursors.forEach((line) => line.setAttribute("visibility", "hidden"));
      });
    }

    tell(time, event) {
      const { data } = this, t = data.t;
      if (!t.length) return;
      let a = 0, b = t.length - 1;
      while (b - a > 1) { const m = (a + b) >> 1; if (t[m] <= time) a = m; else b = m; }
      const i = time - t[a] < t[b] - time ? a : b;
      const lines = [timeText(data.t0, t[i], true)];
      const drawn = data.channels.filter((c) => c.lo);
      for (const c of this.all ? drawn : drawn.slice(0, FIRST_CHANNELS)) {
        const span = c.hi && c.hi[i] !== c.lo[i] ? `${short(c.lo[i])} to ${short(c.hi[i])}` : short(c.lo[i]);
        const band = c.low && c.low[i] !== null ? `, expected ${short(c.low[i])} to ${short(c.high[i])}` : "";
        lines.push(`${c.name} ${span}${c.unit ? " " + c.unit : ""}${band}`);
      }
      lines.push(`score ${short(data.score[i])}`);
      this.tip.textContent = lines.join("\n");
      this.tip.hidden = false;
      const box = this.holder.getBoundingClientRect(), px = event.clientX - box.left;
      this.tip.style.left = (px > box.width / 2 ? px - this.tip.offsetWidth - 14 : px + 14) + "px";
      this.tip.style.top = Math.max(0, event.clientY - box.top - this.tip.offsetHeight - 10) + "px";
      this.cursors.forEach((line) => {
        line.setAttribute("x1", this.x(t[i]));
        line.setAttribute("x2", this.x(t[i]));
        line.setAttribute("visibility", "visible");
      });
    }
  }

  const drawn = new Map();
  const unfold = (details) => { if (details.open && !drawn.has(details)) drawn.set(details, new Sensor(details)); };
  const list = document.getElementById("sensors"), find = document.getElementById("find"), sort = document.getElementById("sort");
  const sections = [...list.querySelectorAll("details.sensor")];
  const arrange = () => {
    const by = sort.value;
    sections.sort((a, b) => (by === "name" ? 0 : Number(b.dataset[by]) - Number(a.dataset[by]))
      || a.dataset.name.localeCompare(b.dataset.name, undefined, { numeric: true }));
    list.append(...sections);
  };
  const filter = () => {
    const text = find.value.trim().toLowerCase();
    sections.forEach((s) => { s.hidden = !s.dataset.name.toLowerCase().includes(text); });
    document.getElementById("none").hidden = sections.some((s) => !s.hidden);
  };
  arrange();
  sections.forEach((s) => { s.addEventListener("toggle", () => unfold(s)); unfold(s); });
  sort.addEventListener("change", arrange);
  find.addEventListener("input", filter);
  let waiting = 0;
  addEventListener("resize", () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => drawn.forEach((sensor, details) => { if (details.open) sensor.draw(); }), 120);
  });
})();
