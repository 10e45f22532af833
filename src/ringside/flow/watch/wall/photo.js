/* A photograph of the wall: every screen at the same instant, its strip enlarged and read. */
import { CELLS, decode, levelsOf } from '../sync/strip.js';
import { labelOf, momentOf, signed, spreadOf } from './plan.js';

const CELL_PX = 4;
const ROWS_PX = 4;
const THUMB_PX = 160;
const WIDE_PX = 1280;
const ROW_PX = 104;
const HEAD_PX = 112;

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
  const sheet = canvas(WIDE_PX, HEAD_PX + shots.length * ROW_PX + 24);
  const pen = sheet.getContext('2d');
  const sans = (px, weight = 400) => (pen.font = `${weight} ${px}px system-ui, "Segoe UI", Roboto, "Noto Sans", sans-serif`);
  pen.fillStyle = '#090b0e';
  pen.fillRect(0, 0, sheet.width, sheet.height);
  pen.fillStyle = '#eef2f6';
  sans(30, 650);
  pen.fillText(verdictOf(spread_ms), 32, 56);
  pen.fillStyle = '#9aa6b2';
  sans(16);
  pen.fillText(`${shots.length} screens photographed at ${momentOf(at_ms)} UTC; each strip is read from its own picture`, 32, 86);
  const least_ms = Math.min(...shots.map(({ taken_ms }) => taken_ms).filter(Number.isFinite));
  shots.forEach((shot, at) => row(pen, sans, shot, HEAD_PX + at * ROW_PX, shot.taken_ms - least_ms));
  return sheet;
}

function row(pen, sans, { label, edge, frame, taken_ms }, y, apart_ms) {
  const high = THUMB_PX * (frame.height / frame.width);
  pen.imageSmoothingEnabled = true;
  pen.drawImage(frame, 32, y, THUMB_PX, high);
  pen.fillStyle = '#eef2f6';
  sans(18, 600);
  pen.fillText(label, 212, y + 20);
  pen.fillStyle = '#9aa6b2';
  sans(14);
  pen.fillText(edge, 300, y + 20);
  pen.textAlign = 'right';
  pen.fillStyle = apart_ms < 1 ? '#3ecf8e' : apart_ms < 35 ? '#f5b83d' : '#ff5d5d';
  sans(16, 600);
  pen.fillText(Number.isFinite(apart_ms) ? (apart_ms < 1 ? 'same frame' : `${signed(apart_ms)} ms`) : '', WIDE_PX - 32, y + 20);
  pen.fillStyle = '#eef2f6';
  pen.font = '600 18px ui-monospace, Menlo, "DejaVu Sans Mono", monospace';
  pen.fillText(momentOf(taken_ms), WIDE_PX - 148, y + 20);
  pen.textAlign = 'left';
  pen.imageSmoothingEnabled = false;
  pen.drawImage(frame, 0, frame.height * (17 / 18), frame.width, frame.height / 18, 212, y + 34, WIDE_PX - 244, high - 34);
}
