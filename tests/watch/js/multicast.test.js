import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GROUP, groupRates, groupTilesOf, isGateway } from '../../../src/ringside/flow/watch/status/multicast.js';
import { rowsOf } from '../../../src/ringside/flow/watch/status/tables.js';

const TRACK = { packets: 950, lost: 50, objects: 100, mended_by_fec: 40, mended_by_unicast: 2, missing: 0, group_bytes: 1e6, unicast_bytes: 5000, unicast_cost_bytes: 1e6 };
const gateway = (more = {}, at_s = 0) => ({
  now_ms: 1e12 + at_s * 1000,
  multicast: {
    state: 'group', since_ms: 1e12 - 60_000, switches: 1, group: '239.1.1.1:5000', source: null, unread: 0, buffer_bytes: 4e6, dropped: { length: 0, forged: 0 },
    tracks: { v720: TRACK, a: { ...TRACK, packets: 90, lost: 10 } }, offload_percent: 99.5, offload_in_all_percent: 97.2, group_bytes: 2e6, unicast_bytes: 10_000,
    unicast_cost_bytes: 2e6, delay_ms: { p50: 40, p95: 90 }, ...more,
  },
});
const tile = (message, label) => groupTilesOf(message).find((one) => one.label === label);

test('an edge without a group shows nothing of one', () => {
  for (const message of [null, {}, { multicast: null }, { upstream: {} }]) {
    assert.equal(isGateway(message), false);
    assert.deepEqual(groupTilesOf(message), []);
    assert.deepEqual(rowsOf('group', message), []);
  }
});

test('health is told in all and by track', () => {
  const message = gateway();
  assert.equal(tile(message, 'Multicast').value, 'group');
  assert.equal(tile(message, 'Multicast').note, '239.1.1.1:5000 · for 1:00');
  assert.equal(tile(message, 'Offload').value, '99.5 %');
  assert.equal(tile(message, 'Packets lost').value, '5.5 %');
  assert.match(tile(message, 'Objects missing').note, /^80 mended by FEC · 4 by unicast$/);
  assert.deepEqual(GROUP.rows(message)[0], ['v720', '950', '50 · 5.0 %', '100', '40', '2', { text: '0', tone: '' }, '1.0 MB', '5.0 kB', '1.0 MB', '99.5 %']);
});

test('trouble is coloured', () => {
  const tone = (more, label) => tile(gateway(more), label).tone;
  assert.equal(tone({}, 'Multicast'), 'good');
  assert.equal(tone({ state: 'bridge' }, 'Multicast'), 'warn');
  assert.equal(tone({ offload_percent: 60 }, 'Offload'), 'warn');
  assert.equal(tone({ tracks: { v: { ...TRACK, missing: 1 } } }, 'Objects missing'), 'bad');
  assert.equal(tone({ delay_ms: { p95: 170 } }, 'Delay p95'), 'warn');
  assert.equal(tone({ dropped: { late: 3 } }, 'Packets dropped'), '');
  assert.equal(tone({ dropped: { forged: 3 } }, 'Packets dropped'), 'warn');
  assert.match(tile(gateway({ unread: 7 }), 'Packets dropped').note, /unread: 7, the buffer has 4.0 MB/);
});

test('rates are what rose between two messages, never below nothing', () => {
  assert.deepEqual(groupRates(gateway(), gateway({ group_bytes: 2.5e6, unicast_bytes: 0 }, 2)), { group_bps: 2e6, unicast_bps: 0 });
  for (const before of [null, {}, gateway({}, 5), gateway()]) assert.deepEqual(groupRates(before, gateway()), {});
});

test('a message with anything missing or misshapen is shown with dashes', () => {
  for (const multicast of [{}, 'x', 7, [], { tracks: 'x' }, { tracks: { v: null, w: 3 } }, { dropped: [null], delay_ms: 5, state: {} }]) {
    for (const { value, note } of groupTilesOf({ multicast })) {
      assert.equal(typeof value, 'string');
      assert.doesNotMatch(`${value}${note}`, /NaN|undefined|null/);
    }
    for (const row of GROUP.rows({ multicast })) assert.equal(row.length, GROUP.heads.length);
  }
});
