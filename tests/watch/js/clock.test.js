import assert from 'node:assert/strict';
import { test } from 'node:test';
import { best, parseUtc, sampleOf } from '../../../src/ringside/flow/watch/sync/clock.js';
import { admit, driftOf, estimate, isStale, slewed } from '../../../src/ringside/flow/watch/sync/filter.js';
import { latencyOf, nextLook_ms } from '../../../src/ringside/flow/watch/sync/latency.js';

function dice(seed) {
  let state = seed;
  return () => (state = (state * 48271) % 2147483647) / 2147483647;
}

/** An exchange at local `at_ms` over two ways of so long, with a server that is `offset_ms` ahead. */
const exchange = (at_ms, out_ms, back_ms, offset_ms) => sampleOf(at_ms, at_ms + out_ms + back_ms, at_ms + out_ms + offset_ms);

const gather = (list) => list.reduce((samples, sample) => admit(samples, sample), []);

test('the clock is read to the microsecond', () => {
  assert.ok(Math.abs(parseUtc('2026-11-22T19:30:00.123456Z') - (Date.UTC(2026, 10, 22, 19, 30, 0) + 123.456)) < 0.001);
  assert.equal(parseUtc('2026-11-22T19:30:00Z\n'), Date.UTC(2026, 10, 22, 19, 30, 0));
});

test('what is no UTC time is no sample', () => {
  for (const text of ['', 'soon', '<html>', '2026-11-22T19:30:00+01:00', '2026-13-45T99:99:99Z']) assert.ok(Number.isNaN(parseUtc(text)), text);
});

test('the offset assumes the answer was made halfway', () => {
  assert.deepEqual(sampleOf(1000, 1020, 5010), { offset_ms: 4000, trip_ms: 20, at_ms: 1010, server_ms: 5010 });
});

test('the sample with the least round trip is the best', () => {
  const samples = [{ offset_ms: 90, trip_ms: 200 }, { offset_ms: 7, trip_ms: 4 }, { offset_ms: 30, trip_ms: 60 }];
  assert.equal(best(samples).offset_ms, 7);
  assert.equal(best([]), null);
  assert.equal(estimate([], 0), null);
});

test('lopsided spikes do not move the clock, whichever way they lean', () => {
  for (const seed of [1, 2, 3, 4, 5]) {
    const random = dice(seed);
    const samples = gather(Array.from({ length: 14 }, (_, i) => {
      const spike_ms = random() < 0.6 ? random() * 400 : 0;
      return exchange(i * 1000, 4 + (seed % 2 ? spike_ms : 0), 4 + (seed % 2 ? 0 : spike_ms), 5000);
    }));
    assert.ok(Math.abs(estimate(samples, 14_000).offset_ms - 5000) < 1, `seed ${seed}`);
  }
});

test('even where every exchange is lopsided, the error is less than half the least trip', () => {
  const random = dice(9);
  const samples = gather(Array.from({ length: 10 }, (_, i) => exchange(i * 1000, 2 + random() * 80, 2 + random() * 80, -10_800_000)));
  const { offset_ms, error_ms } = estimate(samples, 10_000);
  assert.ok(Math.abs(offset_ms + 10_800_000) <= error_ms && error_ms <= best(samples).trip_ms / 2 + 1);
});

test('an answer out of a cache stands apart and is not believed, however quick it was', () => {
  const good = Array.from({ length: 6 }, (_, i) => exchange(i * 1000, 6, 6, 100));
  const cached = sampleOf(6000, 6001, good[2].server_ms);
  assert.ok(isStale(good, cached));
  const older = sampleOf(6000, 6001, good[2].server_ms - 700); // another cache's
  assert.ok(Math.abs(estimate(gather([...good, older]), 7000).offset_ms - 100) < 1);
});

test('between one old answer and one fresh one, the later is believed', () => {
  const samples = gather([exchange(0, 2, 2, 100), sampleOf(5000, 5001, 1200)]);
  assert.ok(Math.abs(estimate(samples, 5001).offset_ms - 100) < 1);
});

test('a server that was set anew is believed after three answers, one wrong answer never', () => {
  const good = Array.from({ length: 12 }, (_, i) => exchange(i * 1000, 3, 3, 0));
  const wrong = gather([...good, exchange(12_000, 3, 3, 9000)]);
  assert.ok(Math.abs(estimate(wrong, 12_000).offset_ms) < 1);
  const anew = gather([...good, ...[12, 13, 14].map((s) => exchange(s * 1000, 3, 3, 9000))]);
  assert.ok(Math.abs(estimate(anew, 14_000).offset_ms - 9000) < 1);
});

test('a slow clock is used for what it is worth', () => {
  const { offset_ms, error_ms } = estimate(gather([exchange(0, 1500, 1600, 700)]), 3100);
  assert.ok(Math.abs(offset_ms - 700) <= error_ms && error_ms > 1000);
});

test('drift is found over minutes and carried on between answers', () => {
  const drift = 80e-6;
  const samples = gather(Array.from({ length: 14 }, (_, i) => exchange(i * 45_000, 3, 3, drift * i * 45_000)));
  assert.ok(Math.abs(driftOf(samples) - drift) < 5e-6);
  const later_ms = 14 * 45_000;
  assert.ok(Math.abs(estimate(samples, later_ms).offset_ms - drift * later_ms) < 1);
  assert.equal(driftOf(samples.slice(0, 3)), 0, 'not from so little');
});

test('what is shown moves no faster than steering follows, and leaps only where players leap', () => {
  assert.equal(slewed(0, 100, 1000), 20);
  assert.equal(slewed(0, -5, 1000), -5);
  assert.equal(slewed(0, 5000, 1000), 5000);
  assert.equal(slewed(0, 100, -5), 0);
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
