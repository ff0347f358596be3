// The page: what is out of step now, all sensors, one sensor in full. It asks nobody but its own daemon.

import { ask, listen } from "./api.js";
import { closeDetail, openDetail, refreshDetail, remember, startDetail } from "./detail.js";
import { showDrops } from "./drops.js";
import { showOpen } from "./episodes.js";
import { $, make, write } from "./nodes.js";
import { loadSensors, startSensors } from "./sensors.js";
import { many, sum } from "./words.js";

const EVERY_MS = 5000, SOON_MS = 300, MOST_NEWS = 5, MOST_EPISODES = 1000;
const LOST = "The line to the daemon is broken; trying again. What is shown may be old.";
const SENSOR = "#sensor=";

const complain = (error) => write($("trouble"), error.message);
const attempt = (work) => work().catch(complain);

const showStatus = (status) => {
  const open = sum(status.open_episodes);
  const learning = (status.sensors.waiting || 0) + (status.sensors.learning || 0);
  write($("status"), [
    status.ready ? "ready" : `not ready: ${status.waiting_for}`,
    ...(status.configuration.problem ? [`the new configuration is not in force: ${status.configuration.problem}`] : []),
    many(sum(status.sensors), "sensor") + (learning ? `, ${learning.toLocaleString()} still learning` : ""),
    `${many(open, "episode")} open`, `${many(status.rows_scored, "reading")} judged`, `version ${status.version}`,
  ].join(" · "));
  showDrops(status);
  document.title = open ? `(${open}) Offbeat` : "Offbeat";
};

/** Go to a sensor by the address, so that it can be linked to and the browser's Back closes it. */
const go = (sensor) => {
  remember();
  if (location.hash === SENSOR + encodeURIComponent(sensor)) attempt(follow);
  else location.hash = SENSOR + encodeURIComponent(sensor);
};

const follow = async () => {
  if (location.hash.startsWith(SENSOR)) await openDetail(decodeURIComponent(location.hash.slice(SENSOR.length)));
  else closeDetail();
};

const load = () => attempt(() => loadSensors(go));

const refresh = async () => {
  const [status, open] = await Promise.all([ask("/api/v1/status"), ask("/api/v1/episodes", { open: "1", limit: MOST_EPISODES })]);
  showStatus(status);
  showOpen(open.episodes, go);
  await loadSensors(go);
  await refreshDetail();
};

const tell = (event) => {
  if (event.event !== "open") return;
  $("news").append(make("p", event.message));
  while ($("news").children.length > MOST_NEWS) $("news").firstChild.remove();
};

let timer = 0;
const soon = () => { clearTimeout(timer); timer = setTimeout(() => attempt(refresh), SOON_MS); };

startSensors(load);
startDetail();
window.addEventListener("hashchange", () => attempt(follow));
$("close").addEventListener("click", () => { history.replaceState(null, "", location.pathname); closeDetail(); });
document.addEventListener("keydown", (event) => { if (event.key === "Escape" && !$("detail").hidden) $("close").click(); });
document.addEventListener("visibilitychange", () => { if (!document.hidden) soon(); });
listen(
  { status: showStatus, episode: (event) => { tell(event); soon(); } },
  () => { write($("trouble"), ""); soon(); },
  () => write($("trouble"), LOST),
);
attempt(async () => { await refresh(); await follow(); });
setInterval(() => { if (!document.hidden) attempt(refresh); }, EVERY_MS);
