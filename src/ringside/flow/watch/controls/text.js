/* How numbers are written on the pages. Pure. */

const two = (number) => String(Math.floor(number)).padStart(2, '0');

/** UTC milliseconds → the viewer's time of day, `19:30:04`; empty where unknown. */
export function timeOfDay(utc_ms) {
  if (!Number.isFinite(utc_ms)) return '';
  const date = new Date(utc_ms);
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

/** Seconds → `0:42`, `1:02:07`. */
export function span(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor((whole % 3600) / 60);
  return hours ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
}

/** Milliseconds → `1.24 s`; a dash where unknown. */
export const seconds = (ms) => (Number.isFinite(ms) ? `${(ms / 1000).toFixed(2)} s` : '–');

/** Milliseconds → `+12.4 ms`. */
export const signed_ms = (ms) => (Number.isFinite(ms) ? `${ms < 0 ? '−' : '+'}${Math.abs(ms).toFixed(1)} ms` : '–');

/* Three figures, for whatever is written small. */
const three = (value) => value.toFixed(value < 9.995 ? 2 : value < 99.95 ? 1 : 0);

/** Bits per second → `2.80 Mb/s`, `107 Mb/s`, `640 kb/s`. */
export function bits(bps) {
  if (!Number.isFinite(bps)) return '–';
  if (bps >= 999.5e6) return `${three(bps / 1e9)} Gb/s`;
  return bps >= 999_500 ? `${three(bps / 1e6)} Mb/s` : `${Math.round(bps / 1000)} kb/s`;
}
