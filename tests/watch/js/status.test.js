import assert from 'node:assert/strict';
import { test } from 'node:test';
import { empty, KEEP_S, pick, push, rowOf } from '../../../src/ringside/flow/watch/status/history.js';
import { headsOf, NAMES, rowsOf } from '../../../src/ringside/flow/watch/status/tables.js';
import { isEdge, tilesOf } from '../../../src/ringside/flow/watch/status/tiles.js';

test('ten minutes are kept, and no more', () => {
  let history = empty();
  for (let at = 0; at < 2000; at += 1) history = push(history, at, { viewers: at });
  assert.equal(history.times_s.length, KEEP_S);
  assert.equal(history.columns.viewers.length, KEEP_S);
  assert.equal(history.columns.viewers.at(-1), 1999);
});

test('a value that comes late or goes away leaves gaps, and a message told twice is told once', () => {
  let history = push(push(empty(), 1, { a: 1 }), 2, { a: 2, b: 5 });
  history = push(push(history, 2, { a: 9 }), 3, { b: 6, a: 'x' });
  assert.deepEqual(history, { times_s: [1, 2, 3], columns: { a: [1, 2, null], b: [null, 5, 6] } });
});

test('a rung that is gone for ten minutes is gone from the chart', () => {
  let history = push(empty(), 0, { 'rung:v1080': 5e6, viewers: 1 });
  for (let at = 1; at <= KEEP_S; at += 1) history = push(history, at, { viewers: 1 });
  assert.deepEqual(Object.keys(history.columns), ['viewers']);
});

const ODD = [
  {}, null, { encoder: null }, { encoder: { rungs: 'no', shed: 3 } }, { edge: { workers: [null, {}], statuses: null } },
  { processes: [{}], log: 'x', origin: { tracks: [{ last: 5 }] }, source: [] }, { parts: { lateness_ms: 4 } },
  { upstream: {} }, { moq: {} }, { moq: 'x' }, { moq: { pid: 7, dropped: 'x' } }, { upstream: 'x', edge: { kinds: { part: null }, objects: [null, 'x'] } }, { upstream: { kinds: 3 }, edge: { kinds: [] } },
];

test('a message with anything missing or misshapen is shown with dashes', () => {
  for (const message of ODD) {
    assert.equal(tilesOf(message).length, 8);
    for (const { value } of tilesOf(message)) assert.equal(typeof value, 'string');
    for (const name of NAMES) {
      for (const row of rowsOf(name, message)) assert.equal(row.length, headsOf(name).length, name);
    }
    assert.ok(rowOf(message));
  }
});

test('trouble is coloured', () => {
  const tone = (message, label) => tilesOf(message).find((tile) => tile.label === label).tone;
  assert.equal(tone({ source: { state: 'slate' } }, 'Source'), 'bad');
  assert.equal(tone({ encoder: { speed: 0.8 } }, 'Encoder'), 'bad');
  assert.equal(tone({ encoder: { speed: 1, shed: ['v720'] } }, 'Encoder'), 'warn');
  assert.equal(tone({ parts: { lateness_ms: { p99: 40 } } }, 'Part lateness p99'), 'warn');
  assert.equal(tone({ edge: { statuses: { 200: 5, 503: 1 } } }, 'Egress'), 'bad');
});

test('picking never throws', () => {
  assert.equal(pick({ a: { b: 2 } }, 'a', 'b'), 2);
  assert.equal(pick(undefined, 'a'), null);
  assert.equal(pick({ a: 3 }, 'a', 'b'), null);
});

test('tracks told by name are tracks, and the window is the longest of them', () => {
  const message = { origin: { held_bytes: 2e6, tracks: { v720: { codec: 'avc1', next: [9, 4], gaps: 1, listed_s: 300 }, a: null } } };
  assert.deepEqual(rowsOf('tracks', message)[0], ['v720', 'avc1', '9.4', '–', { text: '1', tone: 'warn' }]);
  const tile = tilesOf(message).find(({ label }) => label === 'Window');
  assert.equal(tile.value, '5:00');
  assert.match(tile.note, /2\.0 MB/);
});

const EDGE = {
  now_ms: 100_000,
  upstream: { url: 'http://origin:8080', mode: 'pull', state: 'lost', since_ms: 40_000, pulls: 12, joined: 3, failures: 1, kinds: { part: 7 }, requests_per_s: 2 },
  edge: {
    top_rung_share: 0.874, kinds: { part: { hits: 5, held: 2000, bytes: 3e6 }, manifest: { hits: 1, held: 0, bytes: 10 } },
    objects: [{ path: '/a.m4s', hits: 4, held: 9 }], loop_lag_ms: 3, requests_per_s: 500,
  },
};

test('an edge is known by its origin, and tells of it', () => {
  assert.ok(isEdge(EDGE));
  assert.ok(!isEdge({ origin: {} }));
  const tile = (label) => tilesOf(EDGE).find((one) => one.label === label);
  assert.deepEqual([tile('Origin').value, tile('Origin').tone], ['lost', 'bad']);
  assert.match(tile('Origin').note, /asked once.*1:00.*http:\/\/origin:8080/);
  assert.deepEqual([tile('Upstream requests').value, tile('Upstream requests').tone], ['12', 'warn']);
  assert.equal(tile('On the top rung').value, '87 %');
  assert.ok(!tile('Encoder'));
});

test('an edge that is fed tells the rate of its feed', () => {
  const fed = { upstream: { mode: 'push', state: 'live', bits_per_s: 4.7e6, failures: 0 } };
  const tile = tilesOf(fed).find(({ label }) => label === 'From the origin');
  assert.deepEqual([tile.value, tile.tone], ['4.70 Mb/s', '']);
});

test('what was answered is told by kind, beside what it cost upstream', () => {
  assert.deepEqual(rowsOf('kinds', EDGE), [['manifest', '1', '0', '–', '0.0 kB'], ['part', '5', '2\u2009000', '7', '3.0 MB']]);
  assert.deepEqual(rowsOf('objects', EDGE), [['/a.m4s', '4', '9']]);
  assert.deepEqual([rowOf(EDGE).requests, rowOf(EDGE).upstream, rowOf(EDGE).loop_lag], [500, 2, 3]);
});

test('the target is told as it is now, and where it goes', () => {
  const tile = (target) => tilesOf({ now_ms: 1_000_000, target }).find(({ label }) => label === 'Target latency');
  assert.deepEqual([tile({ now_ms: 1200, target_ms: 1200 }).value, tile({ now_ms: 1200, target_ms: 1200 }).note], ['1.2 s', 'from capture to every screen']);
  const moving = tile({ now_ms: 1480, target_ms: 3000, from_ms: 1200, at_ms: 993_000, slope: 0.04 });
  assert.deepEqual([moving.value, moving.note], ['1.48 s', 'moving to 3 s, in 0:38']);
  assert.equal(tile({ now_ms: 1200, target_ms: 800, at_ms: 1_002_000, slope: 0.04 }).note, 'moving to 0.8 s, in 0:12');
  assert.equal(tile(null).value, '–');
});

test('an edge tells how far its clock is from the origin, and warns where that is far', () => {
  const tile = (upstream) => tilesOf({ upstream: { mode: 'push', ...upstream } }).find(({ label }) => label === 'Clock');
  assert.deepEqual([tile({}).value, tile({}).tone], ['–', '']);
  const near = tile({ clock_ahead_ms: -0.42, clock_within_ms: 1.2, clock_far: false });
  assert.deepEqual([near.value, near.note, near.tone], ['−0.4 ms', '± 1.2 ms against the origin', 'good']);
  const far = tile({ clock_ahead_ms: 180.2, clock_within_ms: 3, clock_far: true });
  assert.deepEqual([far.value, far.tone], ['+180 ms', 'bad']);
  assert.match(far.note, /viewers here/);
});

test('the process that publishes over MoQ stands with the workers', () => {
  const moq = { pid: 7, sessions: 3, egress_bps: 2_000_000, dropped: 0, cpu_cores: 0.1, fault: '' };
  const words = (message) => rowsOf('workers', message)[0].map((one) => one.text ?? one);
  assert.deepEqual(rowsOf('workers', {}), []);
  assert.deepEqual(words({ moq }).slice(0, 2), ['7 MoQ', '3']);
  assert.equal(words({ moq: { ...moq, dropped: 4 } })[4], '4 dropped');
  assert.equal(words({ moq: { ...moq, fault: 'UDP port 8080 cannot be served' } })[4], 'not served');
  assert.equal(words({ moq: { ...moq, relay: 'https://relay.example/' } })[1], 'at the relay');
});
