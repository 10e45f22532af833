import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CELLS, crc8, decode, encode, levelsOf } from '../../../src/ringside/flow/watch/sync/strip.js';

const NOW_MS = 1790000000123;
const bright = (cells, white = 235, black = 16) => cells.map((cell) => (cell ? white : black));

test('the crc is CRC-8 with polynomial 0x07', () => {
  assert.equal(crc8([...'123456789'].map((c) => c.charCodeAt(0))), 0xf4);
});

test('a strip starts with its sync and holds the time, most significant bit first', () => {
  const cells = encode(0x0102_0304_0506);
  assert.equal(cells.length, CELLS);
  assert.equal(cells.slice(0, 8).join(''), '10101010');
  assert.equal(cells.slice(8, 56).join(''), [1, 2, 3, 4, 5, 6].map((b) => b.toString(2).padStart(8, '0')).join(''));
});

test('what was drawn is read back, for any time', () => {
  for (const utc_ms of [0, 1, 255, 256, NOW_MS, 2 ** 32, 2 ** 48 - 1]) assert.equal(decode(bright(encode(utc_ms))), utc_ms);
});

test('a washed-out and noisy strip is still read', () => {
  const noisy = bright(encode(NOW_MS), 170, 90).map((level, at) => level + ((at * 37) % 41) - 20);
  assert.equal(decode(noisy), NOW_MS);
});

test('any single wrong cell makes it no strip, never a wrong time', () => {
  for (let at = 0; at < CELLS; at += 1) {
    const cells = encode(NOW_MS);
    cells[at] = 1 - cells[at];
    assert.equal(decode(bright(cells)), null, `cell ${at}`);
  }
});

test('a picture without a strip says nothing', () => {
  assert.equal(decode(new Array(CELLS).fill(128)), null);
  assert.equal(decode(Array.from({ length: CELLS }, (_, at) => at * 4)), null);
  assert.equal(decode([]), null);
});

test('cells are read in their middles, where a scaler has not mixed them', () => {
  const [cell_px, rows] = [4, 4];
  const cells = bright(encode(NOW_MS));
  const pixels = new Uint8ClampedArray(CELLS * cell_px * rows * 4).fill(128);
  for (let y = 1; y < rows - 1; y += 1) {
    cells.forEach((level, cell) => [1, 2].forEach((x) => {
      const at = (y * CELLS * cell_px + cell * cell_px + x) * 4;
      pixels.fill(level, at, at + 3);
    }));
  }
  assert.equal(decode(levelsOf(pixels, cell_px, rows)), NOW_MS);
});
