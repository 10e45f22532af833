import assert from 'node:assert/strict';
import { test } from 'node:test';
import { anchorOf } from '../../../src/ringside/flow/watch/player/anchor.js';

const DATE_MS = 1_795_000_000_000;
const frag = (more) => ({ type: 'main', programDateTime: DATE_MS, start: 99, elementaryStreams: {}, ...more });
const at = (startPTS) => ({ startPTS });

test('a part is as much later than its fragment as the parts before it are long', () => {
  const part = { fragOffset: 0.6, elementaryStreams: { video: at(4.2) } };
  assert.deepEqual(anchorOf(frag({ start: 4.2 }), part), { media_s: 4.2, date_ms: DATE_MS + 600 });
});

test('a whole fragment is where its picture begins, or its sound', () => {
  assert.deepEqual(anchorOf(frag({ elementaryStreams: { video: at(4), audio: at(4.01) } })), { media_s: 4, date_ms: DATE_MS });
  assert.deepEqual(anchorOf(frag({ elementaryStreams: { audio: at(4.01) } })), { media_s: 4.01, date_ms: DATE_MS });
});

test('sound beside the picture, a fragment without a date and one not yet read say nothing', () => {
  const streams = { video: at(4) };
  assert.equal(anchorOf(frag({ type: 'audio', elementaryStreams: streams })), null);
  assert.equal(anchorOf(frag({ programDateTime: null, elementaryStreams: streams })), null);
  assert.equal(anchorOf(frag(), { fragOffset: 0.2, elementaryStreams: null }), null);
});
