import assert from 'node:assert/strict';
import { test } from 'node:test';
import { STOCK, Stalls } from '../../../src/ringside/flow/watch/player/stalls.js';

test('each stall asks for more room, up to a limit', () => {
  const stalls = new Stalls({ costs_ms: 40, most_ms: 80, wears_off: 1 / 500 });
  assert.equal(stalls.at(0), 0);
  const rooms = [1000, 1010, 1020, 1030].map((now_ms) => {
    stalls.stalled(now_ms);
    return stalls.at(now_ms);
  });
  assert.deepEqual(rooms, [40, 80, 80, 80]);
});

test('what a stall cost is given back whole, when it has worn off', () => {
  const stalls = new Stalls(STOCK);
  stalls.stalled(0);
  stalls.stalled(0);
  assert.deepEqual([29_000, 31_000, 59_000, 61_000, 600_000].map((now_ms) => stalls.at(now_ms)), [300, 150, 150, 0, 0]);
});

test('a stall after a quiet while costs as much as the first', () => {
  const stalls = new Stalls(STOCK);
  stalls.stalled(0);
  stalls.stalled(600_000);
  assert.equal(stalls.at(600_000), 150);
});
