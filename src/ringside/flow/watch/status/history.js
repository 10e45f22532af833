/* The last ten minutes, kept in the page: one row of numbers for each message. Pure. */

export const KEEP_S = 600;

/** `path` of a value in nested data, or null: `pick(s, 'parts', 'lateness_ms', 'p99')`. */
export function pick(data, ...path) {
  const value = path.reduce((at, key) => (at !== null && typeof at === 'object' ? at[key] : undefined), data);
  return value ?? null;
}

/** A list, whatever came in its place. */
export const list = (value) => (Array.isArray(value) ? value : []);

const number = (value) => (typeof value === 'number' && Number.isFinite(value) ? value : null);

/** A new, empty history. */
export const empty = () => ({ times_s: [], columns: {} });

/** A history and one moment's `{name: number}` → the history with it, older than ten minutes gone; gaps are null. */
export function push(history, time_s, row) {
  if (time_s <= (history.times_s.at(-1) ?? -Infinity)) return history;
  const length = history.times_s.length;
  const from = history.times_s.findIndex((time) => time > time_s - KEEP_S);
  const drop = from < 0 ? length : from;
  const columns = {};
  for (const name of new Set([...Object.keys(history.columns), ...Object.keys(row)])) {
    const before = history.columns[name] ?? new Array(length).fill(null);
    const kept = [...before.slice(drop), number(row[name])];
    if (kept.some((value) => value !== null)) columns[name] = kept;
  }
  return { times_s: [...history.times_s.slice(drop), time_s], columns };
}

/** The origin's tracks, told as a list or by name → a list of {name, ...}. */
export function tracksOf(message) {
  const tracks = pick(message, 'origin', 'tracks');
  if (Array.isArray(tracks)) return tracks;
  return tracks !== null && typeof tracks === 'object' ? Object.entries(tracks).map(([name, track]) => ({ name, ...track })) : [];
}

/** One message → the numbers that the charts draw. */
export function rowOf(message) {
  const workers = pick(message, 'edge', 'workers');
  const cpu = [pick(message, 'encoder', 'cpu_cores'), pick(message, 'origin', 'cpu_cores'), ...(Array.isArray(workers) ? workers : []).map((one) => pick(one, 'cpu_cores'))];
  const row = {
    egress_bps: pick(message, 'edge', 'egress_bps'),
    viewers: pick(message, 'edge', 'viewers'),
    held: pick(message, 'edge', 'held'),
    loop_lag: pick(message, 'edge', 'loop_lag_ms'),
    requests: pick(message, 'edge', 'requests_per_s'),
    upstream: pick(message, 'upstream', 'requests_per_s'),
    lateness_p50: pick(message, 'parts', 'lateness_ms', 'p50'),
    lateness_p99: pick(message, 'parts', 'lateness_ms', 'p99'),
    speed: pick(message, 'encoder', 'speed'),
    encoder_cores: pick(message, 'encoder', 'cpu_cores'),
    all_cores: cpu.some((one) => number(one) !== null) ? cpu.reduce((sum, one) => sum + (number(one) ?? 0), 0) : null,
  };
  const rungs = pick(message, 'encoder', 'rungs');
  for (const rung of Array.isArray(rungs) ? rungs : []) row[`rung:${pick(rung, 'name')}`] = pick(rung, 'bitrate_bps');
  return row;
}
