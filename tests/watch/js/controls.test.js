import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fractionOf, landing, momentAt } from '../../../src/ringside/flow/watch/controls/bar.js';
import { KEYS } from '../../../src/ringside/flow/watch/controls/keys.js';
import { bits, seconds, span, timeOfDay } from '../../../src/ringside/flow/watch/controls/text.js';
import { firstMedia } from '../../../src/ringside/flow/watch/player/probe.js';

const RANGE = { start: 100, live: 400, over: false };

test('a moment and its place on the bar are one another', () => {
  for (const fraction of [0, 0.25, 0.5, 1]) assert.equal(fractionOf(momentAt(fraction, RANGE), RANGE), fraction);
  assert.equal(fractionOf(50, RANGE), 0);
  assert.equal(fractionOf(500, RANGE), 1);
});

test('landing near live is live, and nobody lands outside what is kept', () => {
  assert.deepEqual(landing(399.5, RANGE), { media_s: 400, live: true });
  assert.deepEqual(landing(9999, RANGE), { media_s: 400, live: true });
  assert.deepEqual(landing(250, RANGE), { media_s: 250, live: false });
  assert.ok(landing(0, RANGE).media_s >= 100);
  assert.equal(landing(9999, { ...RANGE, over: true }).live, false);
});

test('numbers are written as people read them', () => {
  assert.equal(span(42), '0:42');
  assert.equal(span(3727), '1:02:07');
  assert.equal(seconds(1240), '1.24 s');
  assert.equal(seconds(null), '–');
  assert.equal(bits(2_800_000), '2.80 Mb/s');
  assert.equal(bits(106_860_000), '107 Mb/s');
  assert.equal(bits(999_900_000), '1.00 Gb/s');
  assert.equal(bits(640_000), '640 kb/s');
  assert.match(timeOfDay(1790000000000), /^\d\d:\d\d:\d\d$/);
  assert.equal(timeOfDay(NaN), '');
});

test('no key is without a verb', () => {
  assert.ok(Object.values(KEYS).every((verb) => /^[a-z]+$/.test(verb)));
});

test('the first media playlist is found, whatever the line ends', () => {
  assert.equal(firstMedia('#EXTM3U\r\n#EXT-X-STREAM-INF:BANDWIDTH=1\r\nv720/index.m3u8\r\n'), 'v720/index.m3u8');
  assert.equal(firstMedia('#EXTM3U\n'), null);
});
