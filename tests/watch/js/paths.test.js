import assert from 'node:assert/strict';
import { test } from 'node:test';
import { carriedBy, noteOf } from '../../../src/ringside/flow/watch/embed/facts.js';
import { oldestIn } from '../../../src/ringside/flow/watch/embed/past.js';
import { pathsFor } from '../../../src/ringside/flow/watch/player/index.js';
import { captureShift_s, durationOf } from '../../../src/ringside/flow/watch/player/produced.js';
import { silenced } from '../../../src/ringside/flow/watch/player/silent.js';

const ALL = { media: true, streams: true, transport: true, native: true, known: ['push', 'moq', 'hls', 'dash', 'shaka', 'native'] };

test('by itself a viewer takes push, then HLS, then what the browser has', () => {
  for (const asked of [null, undefined, 'auto', 'nonsense', 'constructor']) assert.deepEqual(pathsFor(asked, ALL), ['push', 'hls', 'native']);
});

test('a path that was asked for is the only one, but MoQ has others below it', () => {
  assert.deepEqual(pathsFor('dash', ALL), ['dash']);
  assert.deepEqual(pathsFor('push', ALL), ['push']);
  assert.deepEqual(pathsFor('moq', ALL), ['moq', 'push', 'hls', 'native']);
});

test('an old browser takes what it can', () => {
  assert.deepEqual(pathsFor('auto', { ...ALL, streams: false }), ['hls', 'native']);
  assert.deepEqual(pathsFor('moq', { ...ALL, transport: false, native: false }), ['push', 'hls']);
  assert.deepEqual(pathsFor('dash', { ...ALL, media: false }), ['native']);
  assert.deepEqual(pathsFor('auto', { ...ALL, media: false, native: false }), []);
});

const FACTS = { blocked: false, carries: { picture: true, sound: true }, dated: true, sound: true, native: false, played_ms: 10_000 };

test('a stream that has everything is played without a word', () => {
  assert.equal(noteOf(FACTS), null);
});

test('what cannot be had is one note, the worst first', () => {
  assert.equal(noteOf({ ...FACTS, blocked: true, dated: false }), 'refused');
  assert.equal(noteOf({ ...FACTS, carries: { picture: false, sound: true } }), 'sound_only');
  assert.equal(noteOf({ ...FACTS, carries: { picture: true, sound: false } }), 'picture_only');
  assert.equal(noteOf({ ...FACTS, dated: false }), 'no_date');
  assert.equal(noteOf({ ...FACTS, native: true }), 'by_itself');
});

test('nothing is missed before it had its time to come, nor sound where none was wanted', () => {
  assert.equal(noteOf({ ...FACTS, carries: { picture: false, sound: true }, played_ms: 500 }), null);
  assert.equal(noteOf({ ...FACTS, carries: { picture: true, sound: false }, sound: false }), null);
});

test('the element itself shows what it carries', () => {
  assert.deepEqual(carriedBy({ videoWidth: 640, webkitAudioDecodedByteCount: 0 }), { picture: true, sound: false });
  assert.deepEqual(carriedBy({ videoWidth: 0, mozHasAudio: true }), { picture: false, sound: true });
  assert.deepEqual(carriedBy({ videoWidth: 640 }), { picture: true, sound: true });
});

const MPD = (more = {}) => ({
  availabilityStartTime: '1970-01-01T00:00:00Z',
  Period: [{
    start: 'PT2S',
    AdaptationSet: [{
      ProducerReferenceTime: [{ wallClockTime: '1970-01-01T00:00:02Z', presentationTime: 60_000 }],
      Representation: [{ SegmentTemplate: { timescale: 30_000, presentationTimeOffset: 60_000 } }],
      ...more,
    }],
  }],
});

test('our own MPD says that its timeline is capture time', () => {
  assert.equal(captureShift_s(MPD()), 0);
});

test('a producer whose pictures are older than its timeline is believed', () => {
  const older = { ProducerReferenceTime: { wallClockTime: '1969-12-31T23:59:58.500Z', presentationTime: '60000' } };
  assert.equal(captureShift_s(MPD(older)), -3.5);
});

test('a manifest without ProducerReferenceTime says nothing', () => {
  for (const none of [null, {}, { Period: {} }, MPD({ ProducerReferenceTime: undefined }), MPD({ ProducerReferenceTime: { wallClockTime: 'soon' } })]) {
    assert.equal(captureShift_s(none), null);
  }
});

test('durations are read as they are written', () => {
  assert.deepEqual(['PT2S', 'PT1M0.5S', 'PT1H', '', undefined, 7].map(durationOf), [2, 60.5, 3600, 0, 0, 7]);
});

test('a playlist is silenced and otherwise left as it is', () => {
  const top = [
    '#EXTM3U', '#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="audio",NAME="Sound",URI="a/index.m3u8"', '#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="s",NAME="E",URI="s/i.m3u8"',
    '#EXT-X-STREAM-INF:BANDWIDTH=9,CODECS="avc1.64001E,mp4a.40.2",RESOLUTION=640x360,AUDIO="audio",SUBTITLES="s"', 'v360/index.m3u8', '',
  ];
  assert.deepEqual(silenced(top.join('\n')).split('\n'), [
    top[0], top[2], '#EXT-X-STREAM-INF:BANDWIDTH=9,CODECS="avc1.64001E",RESOLUTION=640x360,SUBTITLES="s"', top[4], '',
  ]);
  assert.match(silenced('#EXT-X-STREAM-INF:CODECS="mp4a.40.2,avc1.64001E"'), /CODECS="avc1.64001E"/);
});

test('the first date of a playlist is the oldest moment', () => {
  assert.equal(oldestIn('#EXTM3U\n#EXT-X-PROGRAM-DATE-TIME:1970-01-01T00:00:01.500Z\n#EXTINF:2,\n#EXT-X-PROGRAM-DATE-TIME:1970-01-01T00:00:09Z\n'), 1500);
  for (const none of ['', '#EXTM3U', '#EXT-X-PROGRAM-DATE-TIME:soon']) assert.equal(oldestIn(none), null);
});
