import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  columnsFor, isCrowded, labelOf, medianOf, momentOf, originsOf, playersOf, signed, spreadOf, spreadText, toneOf,
} from '../../../src/ringside/flow/watch/wall/plan.js';

test('the address says who stands on the wall, twelve at most', () => {
  assert.deepEqual(playersOf(null, ['push', 'hls']), ['push', 'hls']);
  assert.deepEqual(playersOf(' push, hls ,,dash', ['x']), ['push', 'hls', 'dash']);
  assert.equal(playersOf('push,'.repeat(40), []).length, 12);
});

test('on loopback every tile has an address of its own', () => {
  assert.deepEqual(originsOf(null, 'http://localhost:8080/wall', 3), ['http://127.0.0.1:8080', 'http://127.0.0.2:8080', 'http://127.0.0.3:8080']);
  assert.deepEqual(originsOf(null, 'http://127.0.0.1:8080/wall', 2, false), ['http://127.0.0.1:8080', 'http://127.0.0.1:8080']);
});

test('more screens of one host than a browser has connections for are said, whatever their path', () => {
  const at = (origin, count) => Array(count).fill(origin);
  assert.ok(isCrowded(['push', 'hls', 'hls', 'dash'], at('http://edge', 4)));
  assert.ok(!isCrowded(['push', 'moq', 'hls', 'dash'], at('http://edge', 4)), 'MoQ comes another way');
  assert.ok(!isCrowded(Array(8).fill('push'), at('https://edge', 8)), 'all share one connection');
  assert.ok(!isCrowded(Array(4).fill('hls'), [...at('http://edge', 2), ...at('http://other', 2)]));
  assert.ok(isCrowded(Array(6).fill('hls'), [...at('http://edge', 4), ...at('http://other', 2)]), 'one of two hosts is enough');
});

test('elsewhere tiles come from the page\'s own host, or in turn from the edges that are named', () => {
  assert.deepEqual(originsOf(null, 'https://event.example/wall', 2), ['https://event.example', 'https://event.example']);
  assert.deepEqual(originsOf('http://a:1/, http://b', 'http://localhost/wall', 3), ['http://a:1', 'http://b', 'http://a:1']);
});

test('the pictures are as large as the window allows', () => {
  const columns = (count, width = 1248, height = 610) => columnsFor(count, width, height, 58).columns;
  assert.deepEqual([1, 2, 4, 6, 12].map((count) => columns(count)), [1, 2, 2, 3, 4]);
  assert.equal(columns(4, 400, 4000), 1);
  for (let count = 1; count <= 12; count += 1) {
    const { columns: across, wide } = columnsFor(count, 1248, 610, 58);
    assert.ok(wide > 100 && across * wide <= 1248 && Math.ceil(count / across) * (wide * 9 / 16 + 58) <= 620, String(count));
  }
});

test('the spread is between the first and the last that are known', () => {
  assert.equal(spreadOf([3, NaN, -8, 12]), 20);
  assert.ok(Number.isNaN(spreadOf([3, NaN])));
});

test('the middle is not moved by one that is far off', () => {
  assert.equal(medianOf([1, 900, 2]), 2);
  assert.equal(medianOf([1, 2, NaN, 4, 3]), 2.5);
  assert.ok(Number.isNaN(medianOf([])));
});

test('a frame is well, two are seen', () => {
  assert.deepEqual([0, -34, 40, -60, NaN].map(toneOf), ['good', 'good', 'fair', 'bad', 'unknown']);
});

test('figures read well, and none is no figure', () => {
  assert.deepEqual([12.4, -340, 0, NaN].map(signed), ['+12', '−340', '+0', '–']);
  assert.deepEqual([12.4, 1449, NaN].map(spreadText), ['12 ms', '1.4 s', '–']);
  assert.equal(momentOf(Date.UTC(2026, 10, 22, 19, 30, 4, 123)), '19:30:04.123');
  assert.equal(momentOf(NaN), '–');
});

test('a path and a player\'s name are called the same', () => {
  assert.deepEqual(['hls', 'll-hls', 'push', 'moq', 'dash', 'nonsense', null].map(labelOf), ['LL-HLS', 'LL-HLS', 'Push', 'MoQ', 'LL-DASH', 'nonsense', '–']);
});
