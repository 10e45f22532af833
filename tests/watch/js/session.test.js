import assert from 'node:assert/strict';
import { test } from 'node:test';
import { backoff_ms, begin, sentenceOf, step } from '../../../src/ringside/flow/watch/embed/session.js';

const DICE = 0.5;
const TICK = { type: 'tick', moving: false, paused: false, behind_s: 0, online: true, hidden: false };

/** A session and a hand on its clock: every input is given at the time it stands at. */
class Viewer {
  constructor() {
    [this.now_ms, this.state, this.did] = [0, begin(0), []];
  }

  take(input) {
    const { state, actions } = step(this.state, input, this.now_ms, DICE);
    this.state = state;
    this.did.push(...actions);
    return this;
  }

  /** Ticks of 250 ms for so long; `how` may be a function of nothing, asked each time. */
  live(seconds, how = {}) {
    for (const end_ms = this.now_ms + seconds * 1000; this.now_ms < end_ms;) {
      this.now_ms += 250;
      this.take({ ...TICK, ...how });
    }
    return this;
  }

  joined() {
    return this.take({ type: 'manifest', over: false }).live(1, { moving: true }).fresh();
  }

  fresh() {
    this.did = [];
    return this;
  }

  get sentence() {
    return sentenceOf(this.state, this.now_ms, 60);
  }
}

const refused = (status) => ({ type: 'failed', kind: 'network', status });

test('a viewer who joins a running event plays, and nothing is said', () => {
  const viewer = new Viewer().take({ type: 'manifest', over: false });
  assert.deepEqual(viewer.did, ['play']);
  viewer.live(1, { moving: true });
  assert.equal(viewer.state.phase, 'playing');
  assert.equal(viewer.sentence, null);
});

test('who waits for the first picture is told so, and again when it takes long', () => {
  const viewer = new Viewer();
  assert.equal(viewer.sentence, null);
  assert.equal(viewer.live(1).sentence, 'joining');
  assert.equal(viewer.live(6).sentence, 'slow_joining');
});

for (const [status, phase] of [[404, 'waiting'], [425, 'waiting'], [503, 'busy'], [429, 'busy'], [403, 'closed'], [0, 'unreachable'], [500, 'unreachable']]) {
  test(`a door that answers ${status} is ${phase}, and is tried again by itself`, () => {
    const viewer = new Viewer().take(refused(status));
    assert.equal(viewer.state.phase, phase);
    assert.equal(viewer.sentence, phase);
    assert.deepEqual(viewer.live(6).did.slice(0, 1), ['load']);
  });
}

test('an event that begins while one waits starts playing', () => {
  const viewer = new Viewer().take(refused(404)).live(3).fresh().take({ type: 'manifest', over: false });
  assert.deepEqual(viewer.did, ['play']);
  assert.equal(viewer.live(1, { moving: true }).state.phase, 'playing');
});

test('tries come further apart, never further than five seconds, and never in step', () => {
  const waits = [0, 1, 2, 3, 4, 9].map((attempt) => backoff_ms(attempt, 0.999));
  assert.ok(waits.every((wait, at) => at === 0 || wait >= waits[at - 1]));
  assert.ok(waits.at(-1) <= 5000);
  assert.ok(backoff_ms(9, 0) < backoff_ms(9, 0.9) - 2000);
});

test('a broken network keeps the player and asks again; after some tries it starts over', () => {
  const viewer = new Viewer().joined().take(refused(0));
  assert.equal(viewer.sentence, 'unreachable');
  viewer.live(2);
  assert.equal(viewer.did[0], 'retry');
  viewer.take(refused(0)).live(3).take(refused(0)).live(3).take(refused(0)).live(6);
  assert.ok(viewer.did.includes('load'), viewer.did.join());
  assert.equal(viewer.live(1, { moving: true }).state.phase, 'playing');
  assert.equal(viewer.state.attempt, 0);
});

test('without a network the sentence speaks of this device', () => {
  assert.equal(new Viewer().joined().take(refused(0)).live(1, { online: false }).sentence, 'offline');
});

test('a still picture is one stall, said after a moment, and met by going to live', () => {
  const viewer = new Viewer().joined().live(1);
  assert.equal(viewer.state.stalls, 1);
  assert.equal(viewer.state.phase, 'stalled');
  assert.equal(viewer.sentence, 'buffering');
  assert.deepEqual(viewer.live(3).did, ['seek_live', 'play']);
  viewer.live(1, { moving: true });
  assert.equal(viewer.state.phase, 'playing');
  assert.equal(viewer.state.stalls, 1);
});

test('a stall that nothing helps is started over within ten seconds', () => {
  const viewer = new Viewer().joined().live(10);
  assert.ok(viewer.did.includes('retry') || viewer.did.includes('load'));
});

test('a stall in the past does not throw the viewer to live', () => {
  const viewer = new Viewer().joined().take({ type: 'user', verb: 'seek', live: false }).live(1, { moving: true, behind_s: 60 }).live(5, { behind_s: 60 });
  assert.ok(!viewer.did.includes('seek_live'), viewer.did.join());
});

test('a tab in the background does not count stalls', () => {
  assert.equal(new Viewer().joined().live(5, { hidden: true }).state.stalls, 0);
});

test('who meant to be live and fell behind is brought back, at once after sleep', () => {
  assert.deepEqual(new Viewer().joined().live(3, { moving: true, behind_s: 8 }).did.slice(0, 1), ['seek_live']);
  assert.deepEqual(new Viewer().joined().take({ type: 'woke' }).live(0.25, { moving: true, behind_s: 90 }).did, ['seek_live']);
});

test('who chose the past is left there', () => {
  const viewer = new Viewer().joined().take({ type: 'user', verb: 'seek', live: false }).live(5, { moving: true, behind_s: 90 });
  assert.deepEqual(viewer.did, []);
  viewer.take({ type: 'user', verb: 'live' });
  assert.deepEqual(viewer.did, ['seek_live', 'play']);
});

test('a pause is a wish, not a stall', () => {
  const viewer = new Viewer().joined().take({ type: 'user', verb: 'pause' }).live(20, { paused: true });
  assert.equal(viewer.state.phase, 'paused');
  assert.equal(viewer.state.stalls, 0);
  assert.equal(viewer.sentence, null);
});

test('a media fault is recovered once and started over when it comes again', () => {
  const fault = { type: 'failed', kind: 'media', status: 0 };
  const viewer = new Viewer().joined().take(fault).live(1).take(fault);
  assert.deepEqual(viewer.did, ['recover', 'load']);
  assert.equal(viewer.sentence, 'restarting');
});

test('the end of the event is said once the last picture was seen', () => {
  const viewer = new Viewer().joined().take({ type: 'over' }).live(2, { moving: true });
  assert.equal(viewer.sentence, null);
  assert.equal(viewer.take({ type: 'played_out' }).sentence, 'ended_replay');
  assert.equal(sentenceOf(viewer.state, viewer.now_ms, 0), 'ended');
});

test('who comes after the end may watch it again', () => {
  const viewer = new Viewer().take({ type: 'manifest', over: true });
  assert.deepEqual(viewer.did, ['pause']);
  assert.equal(viewer.sentence, 'ended_replay');
  viewer.take({ type: 'user', verb: 'play' }).live(1, { moving: true });
  assert.equal(viewer.state.phase, 'playing');
});

test('an event that is over has ended for who stands a moment before its end, and can be watched again', () => {
  for (const late of [false, true]) {
    const viewer = new Viewer().joined();
    if (!late) viewer.take({ type: 'over' });
    viewer.live(1, { behind_s: 0.3 }).take({ type: 'over' }).live(0.25, { behind_s: 0.3 });
    assert.equal(viewer.sentence, 'ended_replay');
    assert.deepEqual(viewer.did, ['pause']);
    assert.deepEqual([viewer.state.stalls, viewer.state.retry_at_ms], [late ? 1 : 0, null]);
    viewer.fresh().take({ type: 'user', verb: 'play' });
    assert.deepEqual(viewer.did, ['rewind', 'play']);
  }
});

test('who stands still well before the end of an event that is over waits for the rest', () => {
  const viewer = new Viewer().joined().take({ type: 'over' }).live(1, { behind_s: 5 });
  assert.equal(viewer.state.phase, 'stalled');
});

test('an ended event that begins again is found and joined', () => {
  const viewer = new Viewer().take({ type: 'manifest', over: true }).live(12, { paused: true });
  assert.deepEqual(viewer.did, ['pause', 'probe']);
  viewer.take({ type: 'alive' });
  assert.equal(viewer.did.at(-1), 'load');
  assert.equal(viewer.state.over, false);
});

test('a browser that forbids playing shows no sentence over its button', () => {
  const viewer = new Viewer().take({ type: 'manifest', over: false }).take({ type: 'blocked' }).live(30, { paused: true });
  assert.equal(viewer.sentence, null);
  assert.deepEqual(viewer.did, ['play']);
});

test('what cannot be played here is said, and left', () => {
  const viewer = new Viewer().take({ type: 'unsupported' }).live(30);
  assert.equal(viewer.sentence, 'unsupported');
  assert.deepEqual(viewer.did, []);
});

test('whatever comes, in whatever order, the session stands and knows what to say', () => {
  let seed = 7;
  const random = () => (seed = (seed * 16807) % 2147483647) / 2147483647;
  const any = (...list) => list[Math.floor(random() * list.length)];
  const inputs = () => any(
    { type: 'manifest', over: random() < 0.3 }, refused(any(0, 404, 503, 403, 500)), { type: 'failed', kind: 'media', status: 0 }, { type: 'over' },
    { type: 'played_out' }, { type: 'woke' }, { type: 'blocked' }, { type: 'alive' }, { type: 'user', verb: any('play', 'pause', 'live') },
    { type: 'user', verb: 'seek', live: random() < 0.5 }, { ...TICK, moving: random() < 0.5, paused: random() < 0.3, behind_s: random() * 20, hidden: random() < 0.2 },
  );
  const viewer = new Viewer();
  for (let i = 0; i < 20_000; i += 1) {
    viewer.now_ms += random() * 2000;
    viewer.take(inputs());
    assert.ok(viewer.sentence === null || typeof viewer.sentence === 'string');
    assert.ok(Number.isFinite(viewer.state.since_ms) && viewer.state.attempt >= 0);
  }
  viewer.take({ type: 'manifest', over: false }).take({ type: 'user', verb: 'live' }).live(2, { moving: true });
  assert.equal(viewer.state.phase, 'playing', 'and it plays once all is well');
});
