import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FALLBACK_MS, Target, scheduleOf, still, targetAt } from '../../../src/ringside/flow/watch/sync/target.js';

const MOVE = { version: 8, from_ms: 1000, target_ms: 3000, at_ms: 50_000, slope: 0.04, next: 'target/9.json' };

test('the target waits for its moment, moves at its slope, and stays', () => {
  assert.deepEqual(targetAt(MOVE, 49_999), { target_ms: 1000, slope: 0 });
  assert.deepEqual(targetAt(MOVE, 75_000), { target_ms: 2000, slope: 0.04 });
  assert.deepEqual(targetAt(MOVE, 100_001), { target_ms: 3000, slope: 0 });
});

test('it moves down as it moves up', () => {
  const down = { ...MOVE, from_ms: 3000, target_ms: 1000 };
  assert.deepEqual(targetAt(down, 75_000), { target_ms: 2000, slope: -0.04 });
});

test('a target that never moved is itself at any time', () => {
  assert.deepEqual(targetAt(still(150), 1e12), { target_ms: 150, slope: 0 });
  assert.deepEqual(targetAt(scheduleOf({ version: 1, from_ms: 1200, target_ms: 1200, at_ms: 0, slope: 0.04 }), 5), { target_ms: 1200, slope: 0 });
});

test('what is no schedule is none', () => {
  for (const json of [null, 'soon', {}, { target_ms: '1200' }, { target_ms: -5 }, { target_ms: 1e9 }, { target_ms: 100, at_ms: null }]) {
    assert.equal(scheduleOf(json), null, JSON.stringify(json));
  }
  assert.ok(scheduleOf({ target_ms: 800, slope: 0 }).slope > 0, 'a slope of nought never arrives');
});

/** Runs a Target against answers in order; gives the URLs that were asked. */
async function follow(answers) {
  const asked = [];
  const real = globalThis.fetch;
  let done;
  const all = new Promise((resolve) => { done = resolve; });
  globalThis.fetch = (url, { signal }) => {
    asked.push(new URL(url).pathname);
    const answer = answers.shift();
    if (answer) return Promise.resolve(new Response(answer.json ? JSON.stringify(answer.json) : null, { status: answer.status }));
    done();
    return new Promise((_, reject) => { signal.addEventListener('abort', () => reject(new Error('stopped'))); });
  };
  const target = new Target('http://edge.test/live/main/').start();
  try {
    await all;
  } finally {
    target.stop();
    globalThis.fetch = real;
  }
  return { asked, target };
}

test('each change is followed by the name of the next', async () => {
  const { asked, target } = await follow([
    { status: 200, json: { ...MOVE, version: 8 } },
    { status: 200, json: { ...MOVE, version: 9, target_ms: 2500, next: 'target/10.json' } },
  ]);
  assert.deepEqual(asked, ['/live/main/target.json', '/live/main/target/9.json', '/live/main/target/10.json']);
  assert.equal(target.schedule.target_ms, 2500);
});

test('an answer that is no newer than what is known is not followed at once', async () => {
  const began_ms = performance.now();
  const { asked } = await follow([{ status: 200, json: MOVE }, { status: 200, json: MOVE }]);
  assert.deepEqual(asked, ['/live/main/target.json', '/live/main/target/9.json', '/live/main/target.json']);
  assert.ok(performance.now() - began_ms >= 900, 'and asked again only after a while');
});

test('before anything is known the fallback stands', () => {
  assert.equal(new Target('http://edge.test/live/main/').at(0).target_ms, FALLBACK_MS);
});
