/* How the engineer's numbers are written. Pure; anything missing is a dash. */
import { bits as bitsOf, span } from '../controls/text.js';

const NONE = '–';
const known = (value) => typeof value === 'number' && Number.isFinite(value);

export const bits = (bps) => (known(bps) ? bitsOf(bps) : NONE);
export const count = (value) => (known(value) ? Math.round(value).toLocaleString('en').replaceAll(',', '\u2009') : NONE);
export const fixed = (value, digits = 1) => (known(value) ? value.toFixed(digits) : NONE);
export const ms = (value) => (known(value) ? `${value < 10 ? value.toFixed(1) : Math.round(value)} ms` : NONE);
export const share = (value) => (known(value) ? `${(value * 100).toFixed(value > 0 && value < 0.1 ? 1 : 0)} %` : NONE);
export const lasting = (seconds) => (known(seconds) ? span(seconds) : NONE);
export const cores = (value) => (known(value) ? `${value.toFixed(2)}` : NONE);
export const text = (value) => (value === null || value === undefined || value === '' ? NONE : String(value));

/** Bytes → `148 MB`. */
export function bytes(value) {
  if (!known(value)) return NONE;
  const [size, unit] = value >= 1e9 ? [value / 1e9, 'GB'] : value >= 1e6 ? [value / 1e6, 'MB'] : [value / 1e3, 'kB'];
  return `${size < 10 ? size.toFixed(1) : Math.round(size)} ${unit}`;
}

/** `1280`, `720`, `30` → `1280×720 · 30`. */
export function size(width, height, fps) {
  if (!known(width) || !known(height)) return NONE;
  return `${width}×${height}${known(fps) ? ` · ${Number(fps.toFixed(2))}` : ''}`;
}
