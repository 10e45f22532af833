import assert from 'node:assert/strict';
import { test } from 'node:test';
import { best, parseUtc, sampleOf } from '../../../src/ringside/flow/watch/sync/clock.js';
import { latencyOf, nextLook_ms } from '../../../src/ringside/flow/watch/sync/latency.js';

test('the clock is read to the microsecond', () => {
  assert.ok(Math.abs(parseUtc('2026-11-22T19:30:00.123456Z') - (Date.UTC(2026, 10, 22, 19, 30, 0) + 123.456)) < 0.001);
  assert.equal(parseUtc('2026-11-22T19:30:00Z\n'), Date.UTC(2026, 10, 22, 19, 30, 0));
});

test('what is no UTC time is no sample', () => {
  for (const text of ['', 'soon', '<html>', '2026-11-22T19:30:00+01:00', '2026-13-45T99:99:99Z']) assert.ok(Number.isNaN(parseUtc(text)), text);
});

test('the offset assumes the answer was made halfway', () => {
  assert.deepEqual(sampleOf(1000, 1020, 5010), { offset_ms: 4000, trip_ms: 20 });
});

test('the sample with the least round trip is believed', () => {
  const samples = [{ offset_ms: 90, trip_ms: 200 }, { offset_ms: 7, trip_ms: 4 }, { offset_ms: 30, trip_ms: 60 }];
  assert.equal(best(samples).offset_ms, 7);
  assert.equal(best([]), null);
});

test('the picture is believed over the playlist while it is fresh', () => {
  const picture = { latency_ms: 900, read_ms: 10_000 };
  assert.deepEqual(latencyOf({ picture, date_time_ms: 8000 }, 10_500), { latency_ms: 900, latency_source: 'picture' });
  assert.deepEqual(latencyOf({ picture, date_time_ms: 18_000 }, 20_000), { latency_ms: 2000, latency_source: 'date-time' });
  assert.deepEqual(latencyOf({ picture: null, date_time_ms: NaN }, 0), { latency_ms: null, latency_source: null });
});

test('a picture without a strip is looked at seldom', () => {
  assert.ok(nextLook_ms(0) <= 250);
  assert.ok(nextLook_ms(100) >= 5000);
});
