// What the daemon is asked, and what it tells by itself.

const AGAIN_MS = 5000;

export const ask = async (path, query = {}) => {
  const given = Object.entries(query).filter(([, value]) => value !== "" && value !== null);
  const answer = await fetch(given.length ? `${path}?${new URLSearchParams(given)}` : path, { headers: { Accept: "application/json" } });
  const body = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(body.error || `the daemon answered ${answer.status}`);
  return body;
};

/**
 * Listen to server-sent events, again and again when the line breaks.
 *
 * @param on functions by name of event; each gets its data.
 * @param connected called when the line is there, and again when it is back.
 * @param lost called when it breaks.
 */
export const listen = (on, connected, lost) => {
  const events = new EventSource("/api/v1/events");
  for (const name in on) events.addEventListener(name, (event) => on[name](JSON.parse(event.data)));
  events.addEventListener("open", connected);
  events.addEventListener("error", () => {
    lost();
    // The browser tries again by itself unless it was refused: too many pages listen, or the daemon stops.
    if (events.readyState === EventSource.CLOSED) setTimeout(() => listen(on, connected, lost), AGAIN_MS);
  });
};
