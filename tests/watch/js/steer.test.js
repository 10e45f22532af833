import assert from 'node:assert/strict';
import { test } from 'node:test';
import { begin, steer } from '../../../src/ringside/flow/watch/sync/steer.js';
import { around, followed } from '../../../src/ringside/flow/watch/sync/pacer.js';
import { noted, refreshOf, rungOf } from '../../../src/ringside/flow/watch/sync/phase.js';
import { isPlausible, shiftFor } from '../../../src/ringside/flow/watch/sync/latency.js';

function dice(seed = 1) {
  let state = seed;
  return () => (state = (state * 48271) % 2147483647) / 2147483647;
}

/** A playhead that obeys, seen through noise: `late_ms` is the truth, `drift` what its clock gains on ours. */
class Playhead {
  constructor({ late_ms = 0, ahead_ms = 500, behind_ms = 0, drift = 0, noise_ms = 0, seed = 1, settled = true } = {}) {
    Object.assign(this, { late_ms, ahead_ms, behind_ms, drift, noise_ms });
    this.random = dice(seed);
    this.state = { ...begin(), starting: !settled };
    [this.now_ms, this.rates, this.jumps, this.trace] = [0, [1], [], []];
  }

  run(seconds, { slope = 0, gap_ms = 100, odd = () => 0 } = {}) {
    for (const end_ms = this.now_ms + seconds * 1000; this.now_ms < end_ms;) {
      const seen_ms = this.late_ms + (this.random() - 0.5) * 2 * this.noise_ms + odd(this.now_ms);
      const input = { late_ms: seen_ms, ahead_ms: this.ahead_ms, behind_ms: this.behind_ms, slope };
      const { state, rate, jump_ms } = steer(this.state, input, this.now_ms);
      this.state = state;
      if (rate !== this.rates.at(-1)) this.rates.push(rate);
      if (jump_ms !== null) {
        this.jumps.push(jump_ms);
        this.late_ms -= jump_ms;
        this.ahead_ms -= jump_ms;
      }
      const waits = rate === 0 ? Math.min(gap_ms, Math.max(1, -this.late_ms)) : gap_ms;
      this.late_ms += (1 - rate * (1 + this.drift) - slope) * waits;
      this.now_ms += waits;
      this.trace.push(this.late_ms);
    }
    return this;
  }

  fresh() {
    [this.rates, this.jumps, this.trace] = [[this.state.rate], [], []];
    return this;
  }

  get worst_ms() {
    return Math.max(...this.trace.map(Math.abs));
  }
}

test('who is on time is left alone', () => {
  assert.deepEqual(new Playhead({ noise_ms: 2 }).run(60).rates, [1]);
});

test('a clock that drifts is held within five milliseconds, by rates nobody hears', () => {
  for (const drift of [100e-6, -100e-6, 300e-6]) {
    const head = new Playhead({ drift, noise_ms: 1 }).run(120);
    assert.ok(head.worst_ms < 6, `${head.worst_ms}`);
    assert.ok(head.rates.every((rate) => Math.abs(rate - 1) <= 0.011), head.rates.join());
    assert.ok(head.rates.length < 60, `${head.rates.length} changes in two minutes`);
  }
});

test('a noisy look does not wake the steering', () => {
  const head = new Playhead({ noise_ms: 8, seed: 5 }).run(60);
  assert.ok(head.worst_ms < 8, `${head.worst_ms}`);
  assert.ok(head.rates.every((rate) => Math.abs(rate - 1) <= 0.01));
});

test('a playhead that goes in steps, as sound drives it while it is stretched, is brought home and then left alone', () => {
  const head = new Playhead({ late_ms: 200, drift: 20e-6 });
  const steps = (now_ms) => (head.state.rate === 1 ? 0 : ((now_ms / 100) % 17) * 1.2 - 10);
  head.run(15, { odd: steps }).fresh().run(120, { odd: steps });
  assert.ok(head.worst_ms < 20, `${head.worst_ms}`);
  assert.ok(head.rates.length < 4, head.rates.join());
});

test('a single look that is far off is not believed, a lasting change is', () => {
  const spikes = new Playhead().run(20, { odd: (now_ms) => (Math.round(now_ms / 100) % 20 === 7 ? 300 : 0) });
  assert.deepEqual(spikes.rates, [1]);
  const moved = new Playhead({ late_ms: 120 }).run(8).fresh().run(5);
  assert.ok(moved.worst_ms < 5, `${moved.worst_ms}`);
});

test('once settled, no rate leaves three percent and no step is more than one', () => {
  const head = new Playhead({ noise_ms: 3 }).run(10);
  head.late_ms = 100;
  head.fresh().run(15);
  assert.ok(Math.max(...head.rates) <= 1.0301, head.rates.join());
  head.rates.slice(1).forEach((rate, i) => assert.ok(Math.abs(rate - head.rates[i]) <= 0.0101, head.rates.join()));
  assert.ok(Math.abs(head.late_ms) < 5);
});

test('half a second late is made good within twelve seconds without a jump', () => {
  const head = new Playhead({ late_ms: 500, ahead_ms: 2000 }).run(14);
  assert.deepEqual(head.jumps, []);
  assert.ok(Math.abs(head.late_ms) < 50, `${head.late_ms}`);
  assert.ok(Math.max(...head.rates) <= 1.0501);
});

test('two seconds late is one jump, as far as there is something to play', () => {
  const head = new Playhead({ late_ms: 2000, ahead_ms: 2300 }).run(10);
  assert.equal(head.jumps.length, 1);
  assert.ok(Math.abs(head.late_ms) < 50, `${head.late_ms}`);
  const short = new Playhead({ late_ms: 2000, ahead_ms: 1500 }).run(2);
  assert.ok(short.jumps[0] <= 1440 && short.ahead_ms >= 60);
});

test('late with nothing ahead is no reason to jump or to hurry', () => {
  const head = new Playhead({ late_ms: 3000, ahead_ms: 0 }).run(5);
  assert.deepEqual([head.jumps, head.rates], [[], [1]]);
});

test('a moving target is followed by everyone alike, from wherever they stand', () => {
  const heads = [3, -4, 0, 5].map((late_ms, seed) => new Playhead({ late_ms, ahead_ms: 3000, noise_ms: 3, seed: seed + 1 }).run(5).fresh());
  for (const head of heads) head.run(50, { slope: 0.04 }).run(5);
  for (const head of heads) assert.ok(head.worst_ms < 50, `${head.worst_ms}`);
  const spread = heads[0].trace.map((_, i) => Math.max(...heads.map(({ trace }) => trace[i])) - Math.min(...heads.map(({ trace }) => trace[i])));
  assert.ok(Math.max(...spread) < 40, `${Math.max(...spread)}`);
  assert.ok(heads.every(({ rates, jumps }) => Math.min(...rates) >= 0.95 - 1e-9 && !jumps.length));
});

test('at the start the playhead is put where it belongs, forward by a jump, back by waiting', () => {
  const late = new Playhead({ late_ms: 700, ahead_ms: 900, settled: false }).run(2);
  assert.equal(late.jumps.length, 1);
  assert.ok(Math.abs(late.late_ms) < 50);
  const early = new Playhead({ late_ms: -1100, ahead_ms: 1000, settled: false }).run(3);
  assert.deepEqual(early.jumps, []);
  assert.ok(early.rates.includes(0) && early.rates.at(-1) > 0.9);
  assert.ok(Math.abs(early.late_ms) < 40, `${early.late_ms}`);
});

test('in a background tab that looks once a minute nothing runs away', () => {
  const head = new Playhead({ drift: 100e-6 }).run(10).run(300, { gap_ms: 60_000 });
  assert.ok(head.worst_ms < 200, `${head.worst_ms}`);
  head.fresh().run(1800, { gap_ms: 60_000 });
  assert.ok(head.worst_ms < 40, `${head.worst_ms}`);
});

test('while nothing can be said the rate is one', () => {
  const { rate, jump_ms } = steer(new Playhead({ late_ms: 300 }).run(3).state, { late_ms: null, ahead_ms: 0 }, 9000);
  assert.deepEqual([rate, jump_ms], [1, null]);
});

test('media around the playhead ends at the first gap', () => {
  const spans = [[0, 10], [12, 20]];
  const buffered = { length: 2, start: (i) => spans[i][0], end: (i) => spans[i][1] };
  assert.deepEqual(around(buffered, 9), { ahead_ms: 1000, behind_ms: 9000 });
  assert.deepEqual(around(buffered, 11), { ahead_ms: 0, behind_ms: 0 });
});

test('a floor that leaps is followed no faster than steering can', () => {
  assert.equal(followed(null, 300, 100), 300);
  assert.equal(followed(300, 500, 100), 302);
  assert.equal(followed(300, null, 100), null);
});

test('a clock by which the newest picture is of the future, or an hour old, is shifted to sense', () => {
  assert.ok(isPlausible(140) && isPlausible(20_000));
  for (const age_ms of [-3_600_000, 10_800_000]) {
    assert.ok(!isPlausible(age_ms));
    assert.equal(age_ms + shiftFor(age_ms), 150);
  }
});

const REFRESH_MS = 1000 / 60;
const shownAt = (latency_ms) => Array.from({ length: 8 }, (_, i) => latency_ms + (i % 2) * 0.2);

test('two players on neighbouring refreshes of one screen aim at the same one', () => {
  const [early, late] = [shownAt(1183), shownAt(1183 + 2 * REFRESH_MS)];
  for (const target_ms of [1190, 1196, 1200, 1210]) {
    const rungs = [early, late].map((shown) => Math.round((rungOf(shown, REFRESH_MS, target_ms) - 1183) / REFRESH_MS * 10) / 10);
    const nearest = Math.round((target_ms - 1183) / REFRESH_MS);
    assert.ok(Math.abs(rungs[0] - nearest) <= 0.41 * Math.abs(nearest) + 0.1 && Math.abs(rungs[1] - nearest) <= 0.41 * Math.abs(2 - nearest) + 0.1);
  }
});

test('who stands on the rung nearest to the target steers to that rung, who stands beside it leans over', () => {
  assert.ok(Math.abs(rungOf(shownAt(1203), REFRESH_MS, 1200) - 1203.2) < 0.3);
  assert.ok(rungOf(shownAt(1203 + REFRESH_MS), REFRESH_MS, 1200) < 1203 - 6);
  assert.ok(rungOf(shownAt(1203 - REFRESH_MS), REFRESH_MS, 1200) > 1203 + 6);
});

test('where no ladder is to be seen the target is the aim', () => {
  assert.equal(rungOf([1200, 1217, 1200, 1217, 1200, 1217, 1200, 1217], REFRESH_MS, 1190), 1190);
  assert.equal(rungOf(shownAt(1203).slice(2), REFRESH_MS, 1200), 1200);
  assert.equal(rungOf(shownAt(1203), null, 1200), 1200);
});

test('a screen tells its refresh, whatever frames were missed', () => {
  const times = Array.from({ length: 20 }, (_, i) => i * REFRESH_MS + (i > 12 ? 50 : 0));
  assert.ok(Math.abs(refreshOf(times) - REFRESH_MS) < 0.1);
  assert.equal(refreshOf(times.slice(0, 5)), null);
  assert.equal(noted(Array(8).fill(1), 2).length, 8);
});
