/* A photograph of the wall: every screen at the same instant, its strip enlarged and read. */
import { CELLS, decode, levelsOf } from '../sync/strip.js';
import { labelOf, momentOf, signed, spreadOf } from './plan.js';

const CELL_PX = 4;
const ROWS_PX = 4;
const WIDE_PX = 1280;
const HEAD_PX = 112;
const FEW = 5;
const ROWS = { few: { high: 104, thumb: 160 }, many: { high: 68, thumb: 100 } };

function canvas(width, height) {
  return Object.assign(document.createElement('canvas'), { width, height });
}

/* all pictures are taken first, one after the other without a pause, and read afterwards */
function take(video) {
  const { videoWidth: width, videoHeight: height } = video;
  if (!width) return null;
  const frame = canvas(width, height);
  frame.getContext('2d').drawImage(video, 0, 0);
  return frame;
}

function strip(frame) {
  const small = canvas(CELLS * CELL_PX, ROWS_PX);
  const pen = small.getContext('2d', { willReadFrequently: true });
  const high = frame.height / 18;
  pen.drawImage(frame, 0, frame.height - high, frame.width, high, 0, 0, small.width, ROWS_PX);
  try {
    return decode(levelsOf(pen.getImageData(0, 0, small.width, ROWS_PX).data, CELL_PX, ROWS_PX));
  } catch {
    return null; // a picture from another origin may not be read
  }
}

/** The tiles now → `{at_ms, spread_ms, shots: [{label, edge, frame, taken_ms}]}`; screens without a picture are left out. */
export function photograph(tiles, clock) {
  const at_ms = clock.now();
  const frames = tiles.map(({ player }) => take(player.video));
  const shots = tiles
    .map(({ player, edge }, at) => ({ label: labelOf(player.path), edge, frame: frames[at] }))
    .filter(({ frame }) => frame)
    .map((shot) => ({ ...shot, taken_ms: strip(shot.frame) ?? NaN }));
  return { at_ms, spread_ms: spreadOf(shots.map(({ taken_ms }) => taken_ms)), shots };
}

/** What a spread of capture times means, in words. */
export function verdictOf(spread_ms) {
  if (!Number.isFinite(spread_ms)) return 'The pictures carry no strip to read.';
  if (spread_ms < 1) return 'Every screen shows the same frame.';
  return `The screens are ${Math.round(spread_ms)} ms apart.`;
}

/** The photograph as one picture. */
export function print({ at_ms, spread_ms, shots }) {
  const size = shots.length > FEW ? ROWS.many : ROWS.few;
  const sheet = canvas(WIDE_PX, HEAD_PX + shots.length * size.high + 16);
  const pen = sheet.getContext('2d');
  pen.fillStyle = '#090b0e';
  pen.fillRect(0, 0, sheet.width, sheet.height);
  write(pen, verdictOf(spread_ms), 32, 56, { px: 30, weight: 650 });
  write(pen, `${shots.length} screens photographed at ${momentOf(at_ms)} UTC; each strip is read from its own picture`, 32, 86, { px: 16, colour: '#9aa6b2' });
  const common_ms = commonOf(shots.map(({ taken_ms }) => taken_ms));
  shots.forEach((shot, at) => row(pen, shot, HEAD_PX + at * size.high, size, shot.taken_ms - common_ms));
  return sheet;
}

/** The capture time that most screens show; of several, the earliest. */
export function commonOf(times_ms) {
  const counts = new Map();
  for (const ms of [...times_ms].sort((a, b) => a - b)) if (Number.isFinite(ms)) counts.set(ms, (counts.get(ms) ?? 0) + 1);
  return [...counts].reduce((most, one) => (one[1] > most[1] ? one : most), [NaN, 0])[0];
}

const SANS = 'system-ui, "Segoe UI", Roboto, "Noto Sans", sans-serif';
const MONO = 'ui-monospace, Menlo, "DejaVu Sans Mono", monospace';

function write(pen, text, x, y, { px, weight = 400, colour = '#eef2f6', align = 'left', face = SANS }) {
  pen.font = `${weight} ${px}px ${face}`;
  [pen.fillStyle, pen.textAlign] = [colour, align];
  pen.fillText(text, x, y);
  return pen.measureText(text).width;
}

function row(pen, { label, edge, frame, taken_ms }, y, { high, thumb }, apart_ms) {
  const [left, tall] = [32 + thumb + 20, thumb * (frame.height / frame.width)];
  const colour = Math.abs(apart_ms) < 1 ? '#3ecf8e' : Math.abs(apart_ms) < 35 ? '#f5b83d' : '#ff5d5d';
  pen.imageSmoothingEnabled = true;
  pen.drawImage(frame, 32, y, thumb, tall);
  const wide = write(pen, label, left, y + 17, { px: 17, weight: 600 });
  write(pen, edge, left + wide + 12, y + 17, { px: 14, colour: '#9aa6b2' });
  const apart = Math.abs(apart_ms) < 1 ? 'same frame' : `${signed(apart_ms)} ms`;
  write(pen, Number.isFinite(apart_ms) ? apart : 'no strip', WIDE_PX - 32, y + 17, { px: 16, weight: 600, colour, align: 'right' });
  write(pen, momentOf(taken_ms), WIDE_PX - 148, y + 17, { px: 17, weight: 600, align: 'right', face: MONO });
  pen.imageSmoothingEnabled = false;
  pen.drawImage(frame, 0, frame.height * (17 / 18), frame.width, frame.height / 18, left, y + 27, WIDE_PX - 32 - left, Math.min(high - 40, tall - 27));
}
