import assert from 'node:assert/strict';
import { test } from 'node:test';
import { begin, pathOf, probeIn_ms, step } from '../../../src/ringside/flow/watch/embed/ladder.js';

const DICE = 0.5;
const TICK = { type: 'tick', moving: false, waiting: false, stalled: false, online: true };
const refused = (status, more = {}) => ({ type: 'failed', kind: 'network', status, ...more });

/** A ladder and a hand on its clock. */
class Climber {
  constructor(...paths) {
    [this.now_ms, this.state, this.went, this.probes, this.kept] = [0, begin(paths.length ? paths : ['push', 'hls', 'native'], 0), [], [], null];
  }

  take(input) {
    const { state, go, probe, kept } = step(this.state, input, this.now_ms, DICE);
    [this.state, this.kept] = [state, kept];
    if (go) this.went.push(go);
    if (probe) this.probes.push([this.now_ms, probe]);
    return this;
  }

  live(seconds, how = {}) {
    for (const end_ms = this.now_ms + seconds * 1000; this.now_ms < end_ms;) {
      this.now_ms += 250;
      this.take({ ...TICK, ...how });
    }
    return this;
  }

  playing(seconds = 1) {
    return this.take({ type: 'manifest', over: false }).live(seconds, { moving: true });
  }

  get path() {
    return pathOf(this.state);
  }
}

test('the best path is taken first, and kept while it plays', () => {
  const climber = new Climber().playing(600);
  assert.equal(climber.path, 'push');
  assert.deepEqual([climber.went, climber.probes], [[], []]);
});

test('a path that is not offered gives way at once, and the session hears nothing of it', () => {
  const climber = new Climber().take(refused(404, { offered: false }));
  assert.deepEqual(climber.went, ['hls']);
  assert.equal(climber.kept, true);
});

test('a blocked path gives way at once', () => {
  for (const status of [0, 403, 405, 502]) assert.deepEqual(new Climber().take(refused(status)).went, ['hls'], String(status));
});

test('an event that is not there yet is no fault of the path', () => {
  const climber = new Climber().take(refused(404));
  assert.deepEqual(climber.went, []);
  assert.equal(climber.kept, false);
});

test('a full house is not asked twice as often', () => {
  const climber = new Climber().take(refused(503)).take(refused(503)).take(refused(503));
  assert.deepEqual(climber.went, []);
});

test('a proxy that lets nothing through is left after a few seconds', () => {
  const climber = new Climber().live(5, { waiting: true });
  assert.equal(climber.path, 'push');
  assert.equal(climber.live(2, { waiting: true }).path, 'hls');
});

test('a path that broke once is tried again; twice within a minute, it is left', () => {
  const climber = new Climber().playing().take(refused(0));
  assert.equal(climber.kept, false, 'the session asks again');
  climber.playing(5).take(refused(0));
  assert.equal(climber.path, 'hls');
});

test('two breaks far apart are two accidents', () => {
  const climber = new Climber().playing().take(refused(0)).playing(70).take(refused(0));
  assert.equal(climber.path, 'push');
});

test('a network cut for three seconds sends nobody away from a good path', () => {
  const climber = new Climber().playing().take(refused(0)).take(refused(0)).take(refused(0)).playing(60);
  assert.deepEqual(climber.went, []);
});

test('a path that does not come back is left', () => {
  const climber = new Climber().playing();
  for (let i = 0; i < 5; i += 1) climber.take(refused(0));
  assert.equal(climber.path, 'hls');
});

test('a path that hangs without a word is left', () => {
  const climber = new Climber().playing().live(11, { stalled: true });
  assert.equal(climber.path, 'push');
  assert.equal(climber.live(2, { stalled: true }).path, 'hls');
});

test('nobody changes paths without a network', () => {
  const climber = new Climber().playing().live(60, { stalled: true, online: false });
  assert.deepEqual(climber.went, []);
});

test('when nothing can be had, the next try begins with the best', () => {
  const climber = new Climber().take(refused(0)).take(refused(0));
  assert.deepEqual(climber.went, ['hls']);
  assert.equal(climber.kept, false, 'the session must say so');
  climber.take({ type: 'restart' });
  assert.deepEqual(climber.went, ['hls', 'push']);
});

test('a network that fails is no reason for the browser\'s own HLS, but pictures that hls.js cannot play are', () => {
  const failing = new Climber('hls', 'native').playing().take(refused(0)).playing().take(refused(0));
  assert.deepEqual(failing.went, []);
  const broken = { type: 'failed', kind: 'media', status: 0 };
  assert.deepEqual(new Climber('hls', 'native').playing().take(broken).playing().take(broken).went, ['native']);
});

test('what this browser cannot play is never tried again', () => {
  const climber = new Climber().take({ type: 'unsupported' });
  assert.deepEqual([climber.path, climber.state.paths], ['hls', ['hls', 'native']]);
  climber.take({ type: 'unsupported' }).take({ type: 'unsupported' });
  assert.equal(climber.kept, false, 'the last that cannot play is said');
});

test('a better path is asked for after half a minute, then ever more seldom, with jitter', () => {
  const climber = new Climber().take(refused(404, { offered: false })).playing(29);
  assert.equal(climber.probes.length, 0);
  climber.playing(2);
  assert.deepEqual(climber.probes, [[30_000, ['push']]]);
  climber.take({ type: 'probed', name: null }).live(100, { moving: true });
  assert.ok(climber.probes[1][0] - climber.probes[0][0] > 55_000);
  assert.equal(climber.probes.length, 2);
  assert.notEqual(probeIn_ms(0, 0), probeIn_ms(0, 0.9));
  assert.ok(probeIn_ms(30, 1) < 721_000);
});

test('it climbs back when the better path answers', () => {
  const climber = new Climber().take(refused(404, { offered: false })).playing(31).take({ type: 'probed', name: 'push' });
  assert.deepEqual(climber.went, ['hls', 'push']);
});

test('a path that fails again after the climb is asked after later each time', () => {
  const climber = new Climber();
  const waits = [];
  for (let i = 0; i < 3; i += 1) {
    const left_ms = climber.take(refused(0)).now_ms;
    const before = climber.probes.length;
    while (climber.probes.length === before) climber.playing(1);
    waits.push(climber.probes.at(-1)[0] - left_ms);
    climber.take({ type: 'probed', name: 'push' });
  }
  assert.ok(waits[1] > 1.5 * waits[0] && waits[2] > 1.5 * waits[1], String(waits));
});

test('a better path is not asked after while nothing plays', () => {
  const climber = new Climber().take(refused(404, { offered: false })).playing(1).live(120, { stalled: true });
  assert.deepEqual(climber.probes, []);
});

test('the past is had by HLS, and live again by the path that was left', () => {
  const climber = new Climber('moq', 'push', 'hls').playing().take({ type: 'past', by: 'hls' });
  assert.deepEqual(climber.went, ['hls']);
  climber.playing(600).take({ type: 'past', by: 'hls' });
  assert.deepEqual([climber.went, climber.probes], [['hls'], []], 'nobody is called back from the past');
  climber.take({ type: 'present' });
  assert.deepEqual(climber.went, ['hls', 'moq']);
  assert.equal(climber.take({ type: 'present' }).kept, false);
});

test('hours back are had by the DVR, whatever plays the present, and live again by the path that was left', () => {
  for (const path of ['push', 'hls', 'dash']) {
    const climber = new Climber(path).playing().take({ type: 'past', by: 'dvr' });
    assert.equal(climber.path, 'dvr');
    climber.playing(600).take({ type: 'past', by: 'dvr' }).take({ type: 'present' });
    assert.deepEqual([climber.went, climber.state.paths], [['dvr', path], [path]]);
  }
});

test('nobody falls to the DVR, and who cannot be back there is live again', () => {
  const falling = new Climber('push', 'hls').take({ type: 'past', by: 'dvr' }).take({ type: 'present' });
  for (let i = 0; i < 9; i += 1) falling.take(refused(0));
  assert.deepEqual(falling.went, ['dvr', 'push', 'hls']);
  const refusedThere = new Climber().playing().take({ type: 'past', by: 'dvr' }).take(refused(0)).take({ type: 'restart' });
  assert.deepEqual(refusedThere.went, ['dvr', 'push']);
  assert.deepEqual(new Climber('native').playing().take({ type: 'past', by: 'dvr' }).went, [], 'hls.js is not for this browser');
});

test('without HLS the past stays where it is', () => {
  assert.deepEqual(new Climber('push').playing().take({ type: 'past', by: 'hls' }).went, []);
});

test('whatever comes, the ladder stands on one of its paths', () => {
  let seed = 11;
  const random = () => (seed = (seed * 16807) % 2147483647) / 2147483647;
  const any = (...list) => list[Math.floor(random() * list.length)];
  const climber = new Climber('moq', 'push', 'hls', 'native');
  for (let i = 0; i < 20_000; i += 1) {
    climber.now_ms += random() * 3000;
    climber.take(any(
      { ...TICK, moving: random() < 0.5, waiting: random() < 0.3, stalled: random() < 0.3 }, refused(any(0, 404, 503, 500)), { type: 'manifest' },
      { type: 'failed', kind: 'media', status: 0 }, { type: 'restart' }, { type: 'past', by: any('hls', 'dvr') }, { type: 'present' }, { type: 'probed', name: any('moq', 'push', null, 'nonsense') }, { type: 'woke' },
    ));
    assert.ok(climber.state.paths.includes(climber.path));
  }
});
