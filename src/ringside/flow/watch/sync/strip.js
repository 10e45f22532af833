/* The strip: a picture's own word on when it was taken.

   Along the bottom edge of a frame, one eighteenth of its height, 64 equal cells, white = 1 and black = 0:
   8 cells of sync 10101010, 48 bits of UTC milliseconds (most significant first), 8 bits of CRC-8 (polynomial
   0x07, initial value 0) over those six bytes. Everything here is pure but StripReader, which owns a canvas. */

export const CELLS = 64;
const SYNC = [1, 0, 1, 0, 1, 0, 1, 0];
const LEAST_CONTRAST = 24; // of 255, between the darkest white and the lightest black of the sync cells
const CELL_PX = 4;
const ROWS_PX = 4;

/** CRC-8, polynomial 0x07, initial value 0, no reflection. */
export function crc8(bytes) {
  let crc = 0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 0x80 ? ((crc << 1) ^ 0x07) & 0xff : crc << 1;
  }
  return crc;
}

/** UTC milliseconds → 64 cells of 0 and 1. */
export function encode(utc_ms) {
  const bytes = [];
  for (let rest = utc_ms, i = 0; i < 6; i += 1, rest = Math.floor(rest / 256)) bytes.unshift(rest % 256);
  const bits = [...bytes, crc8(bytes)].flatMap((byte) => [7, 6, 5, 4, 3, 2, 1, 0].map((shift) => (byte >> shift) & 1));
  return [...SYNC, ...bits];
}

/** 64 brightnesses (0 to 255) → UTC milliseconds, or null where there is no strip. */
export function decode(levels) {
  const white = Math.min(levels[0], levels[2], levels[4], levels[6]);
  const black = Math.max(levels[1], levels[3], levels[5], levels[7]);
  if (levels.length !== CELLS || white - black < LEAST_CONTRAST) return null;
  const threshold = (white + black) / 2;
  const bytes = [];
  for (let at = SYNC.length; at < CELLS; at += 8) {
    let byte = 0;
    for (let bit = 0; bit < 8; bit += 1) byte = (byte << 1) | (levels[at + bit] > threshold ? 1 : 0);
    bytes.push(byte);
  }
  const crc = bytes.pop();
  return crc8(bytes) === crc ? bytes.reduce((sum, byte) => sum * 256 + byte, 0) : null;
}

/** RGBA pixels of the strip, `CELLS * cell_px` wide and `rows` high → 64 brightnesses, read in the cells' middles. */
export function levelsOf(pixels, cell_px, rows) {
  const levels = new Array(CELLS);
  for (let cell = 0; cell < CELLS; cell += 1) {
    let sum = 0;
    let count = 0;
    for (let y = 1; y < rows - 1; y += 1) {
      for (let x = 1; x < cell_px - 1; x += 1) {
        const at = (y * cell_px * CELLS + cell * cell_px + x) * 4;
        sum += 0.299 * pixels[at] + 0.587 * pixels[at + 1] + 0.114 * pixels[at + 2];
        count += 1;
      }
    }
    levels[cell] = sum / count;
  }
  return levels;
}

/** Reads the strip of the frame that a video shows now. */
export class StripReader {
  #context;

  constructor(canvas = new OffscreenCanvas(CELLS * CELL_PX, ROWS_PX)) {
    canvas.width = CELLS * CELL_PX;
    canvas.height = ROWS_PX;
    this.#context = canvas.getContext('2d', { willReadFrequently: true, alpha: false });
  }

  /** UTC milliseconds of the frame on the screen, or null: no strip, no frame, or not ours to read. */
  read(video) {
    const { videoWidth: width, videoHeight: height } = video;
    if (!width || !height || !this.#context) return null;
    const high = height / 18;
    this.#context.drawImage(video, 0, height - high, width, high, 0, 0, CELLS * CELL_PX, ROWS_PX);
    try {
      return decode(levelsOf(this.#context.getImageData(0, 0, CELLS * CELL_PX, ROWS_PX).data, CELL_PX, ROWS_PX));
    } catch {
      return null; // a picture from another origin taints the canvas
    }
  }
}
