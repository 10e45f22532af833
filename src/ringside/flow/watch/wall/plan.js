/* What stands on the wall and where: pure functions of the address, the window and the figures. */

export const MOST = 12;
const LABELS = { push: 'Push', moq: 'MoQ', 'll-hls': 'LL-HLS', 'll-dash': 'LL-DASH', shaka: 'Shaka', 'native-hls': 'Native' };
const NAMES = { hls: 'll-hls', dash: 'll-dash', native: 'native-hls' };
const GAP_PX = 10;
const HELD = 3; // requests held to one host, of the six connections that a browser opens over HTTP/1.1

/** A path or a player's name → what people call it. */
export const labelOf = (name) => LABELS[NAMES[name] ?? name] ?? name ?? '–';

/** `push,hls , dash` → the names, at most twelve; `fallback` where nothing is asked. */
export function playersOf(asked, fallback) {
  const names = (asked ?? '').split(',').map((name) => name.trim()).filter(Boolean);
  return (names.length ? names : fallback).slice(0, MOST);
}

/** Is this host the machine itself? */
export const isLoopback = (host) => host === 'localhost' || /^127\./.test(host);

/** The origins that `count` tiles come from, in turn: those asked, or on loopback an address for each (a browser opens six
    HTTP/1.1 connections to a host), or the page's own. */
export function originsOf(asked, page, count, spreads = true) {
  const edges = (asked ?? '').split(',').map((edge) => edge.trim()).filter(Boolean);
  const { protocol, hostname, port, origin } = new URL(page);
  if (edges.length) return Array.from({ length: count }, (_, at) => new URL(edges[at % edges.length], page).origin);
  const many = spreads && protocol === 'http:' && isLoopback(hostname);
  return Array.from({ length: count }, (_, at) => (many ? `http://127.0.0.${at + 1}${port && `:${port}`}` : origin));
}

/** Whether some host is to hold more requests than a browser has connections for: each path but MoQ holds one (a stream, a
    playlist, a segment in the making) and asks for more beside it; over TLS they all share one connection. */
export function isCrowded(names, origins) {
  const holding = origins.filter((origin, at) => names[at] !== 'moq' && origin.startsWith('http:'));
  return holding.some((one) => holding.filter((origin) => origin === one).length > HELD);
}

/** Columns that make `count` pictures of 16:9, each with a strip of `foot_px` below, largest in `width` × `height`. */
export function columnsFor(count, width, height, foot_px) {
  let best = { columns: 1, wide: 0 };
  for (let columns = 1; columns <= count; columns += 1) {
    const rows = Math.ceil(count / columns);
    const across = (width - (columns - 1) * GAP_PX) / columns;
    const down = ((height - (rows - 1) * GAP_PX) / rows - foot_px) * (16 / 9);
    const wide = Math.min(across, down);
    if (wide > best.wide + 1) best = { columns, wide };
  }
  return best;
}

/** The middle of some numbers; NaN of none. */
export function medianOf(numbers) {
  const known = numbers.filter(Number.isFinite).sort((a, b) => a - b);
  const half = known.length >> 1;
  if (!known.length) return NaN;
  return known.length % 2 ? known[half] : (known[half - 1] + known[half]) / 2;
}

/** Greatest less least of the numbers that are known; NaN of fewer than two. */
export function spreadOf(numbers) {
  const known = numbers.filter(Number.isFinite);
  return known.length < 2 ? NaN : Math.max(...known) - Math.min(...known);
}

/** How good a distance from the common moment is: within a frame at 30 fps, within fifty, or beyond. */
export function toneOf(ms) {
  const far = Math.abs(ms);
  if (!Number.isFinite(far)) return 'unknown';
  return far <= 34 ? 'good' : far <= 50 ? 'fair' : 'bad';
}

/** Milliseconds as the wall writes them: `+12`, `−340`, `–`. */
export function signed(ms) {
  const whole = Math.round(ms);
  return Number.isFinite(whole) ? `${whole < 0 ? '−' : '+'}${Math.abs(whole)}` : '–';
}

/** UTC milliseconds → `19:30:04.123`, in UTC. */
export function momentOf(utc_ms) {
  return Number.isFinite(utc_ms) && utc_ms >= 0 ? new Date(utc_ms).toISOString().slice(11, 23) : '–';
}

/** Milliseconds → `12`, `1.4 s` beyond a second, a dash where unknown. */
export function spreadText(ms) {
  if (!Number.isFinite(ms)) return '–';
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}
