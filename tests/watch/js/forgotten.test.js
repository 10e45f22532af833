import assert from 'node:assert/strict';
import { test } from 'node:test';
import { forgotten } from '../../../src/ringside/flow/watch/player/forgotten.js';

/* Two segments of five parts of 0.2 s, from 40 s on; those named are marked as loaded. */
function listed(...loaded) {
  const segments = [{ sn: 7 }, { sn: 8 }];
  return segments.flatMap((fragment, at) => [0, 1, 2, 3, 4].map((index) => {
    const start = 40 + at + index * 0.2;
    return { fragment, index, start, end: start + 0.2, loaded: loaded.includes(`${fragment.sn}.${index}`) };
  }));
}
const named = (pairs) => pairs.map(([part, from]) => `${part.fragment.sn}.${part.index} as ${from.fragment.sn}.${from.index}`);

test('a part in the buffer without its mark is known by a later one of its segment', () => {
  const parts = listed('7.2', '7.3', '7.4');
  assert.deepEqual(named(forgotten(parts, [[38, 40.999999]])), ['7.0 as 7.2', '7.1 as 7.2']);
  assert.deepEqual(forgotten(listed('7.0', '7.1', '7.2', '7.3', '7.4'), [[38, 40.999999]]), []);
});

test('what was never there is not taken for loaded', () => {
  assert.deepEqual(named(forgotten(listed('7.3', '7.4'), [[40.5, 41]])), [], 'a viewer who joined within the segment');
  assert.deepEqual(named(forgotten(listed('7.3', '7.4'), [[38, 40.2], [40.5, 41]])), ['7.0 as 7.3'], 'a gap stays one');
});

test('the part on its way, and a rung that is new, are left to hls.js', () => {
  assert.deepEqual(forgotten(listed('7.0', '7.1'), [[38, 40.6]]), []);
  assert.deepEqual(forgotten(listed(), [[38, 40.9]]), []);
});
