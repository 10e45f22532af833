import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SENTENCES, say, spoken } from '../../../src/ringside/flow/watch/embed/sentences.js';

test('each sentence is one sentence, without codes', () => {
  for (const text of Object.values(SENTENCES)) {
    assert.match(text, /^[A-Z][^.!?]*\.$/, text);
    assert.doesNotMatch(text, /error|\d{3}|fail|undefined/i, text);
  }
});

test('each sentence says what is happening and then what comes next', () => {
  for (const text of Object.values(SENTENCES)) {
    assert.match(text, /;/);
  }
});

test('places are filled, and an unknown sentence is a defect', () => {
  assert.ok(say('ended_replay', { minutes: spoken(300) }).includes('the last 5 minutes'));
  assert.equal(spoken(60), '1 minute');
  assert.equal(spoken(41.2), '41 seconds');
  assert.throws(() => say('nonsense'));
});
