import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as abr from '../../../src/ringside/flow/watch/player/push/abr.js';
import { Cutter, bridge, chunkOf, headerOf, same } from '../../../src/ringside/flow/watch/player/push/boxes.js';
import { Floor, highest } from '../../../src/ringside/flow/watch/player/push/floor.js';
import { fitting, newest, parse } from '../../../src/ringside/flow/watch/player/push/multivariant.js';
import { beyond, start, thaw } from '../../../src/ringside/flow/watch/player/push/playhead.js';
import { Retrying } from '../../../src/ringside/flow/watch/player/push/retrying.js';
import { run } from '../../../src/ringside/flow/watch/player/push/sink.js';
import { kept, splice } from '../../../src/ringside/flow/watch/player/push/splice.js';

/* — boxes, as our own studio writes them — */

const u8 = (...bytes) => Uint8Array.from(bytes);
const u32 = (value) => u8(value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255);
const u64 = (value) => cat(u32(Math.floor(value / 2 ** 32)), u32(value % 2 ** 32));
const ascii = (text) => Uint8Array.from(text, (letter) => letter.charCodeAt(0));
const cat = (...parts) => Uint8Array.from(parts.flatMap((part) => [...part]));
const box = (type, ...parts) => { const body = cat(...parts); return cat(u32(body.length + 8), ascii(type), body); };
const full = (type, version, flags, ...parts) => box(type, u32(version * 2 ** 24 + flags), ...parts);

const SCALE = 30_000;
const [SYNC, NON_SYNC] = [0x0200_0000, 0x0101_0000];

function header(kind = 'video', profile = 0x64) {
  const avcc = box('avcC', u8(1, profile, 0x00, 0x1f, 0xff));
  const entry = kind === 'video' ? box('avc1', new Uint8Array(78), avcc) : box('mp4a', new Uint8Array(28));
  const mdia = box('mdia',
    full('mdhd', 0, 0, u32(0), u32(0), u32(SCALE), u32(0), u32(0)),
    full('hdlr', 0, 0, u32(0), ascii(kind === 'video' ? 'vide' : 'soun'), new Uint8Array(13)),
    box('minf', box('stbl', full('stsd', 0, 0, u32(1), entry))));
  const trex = full('trex', 0, 0, u32(1), u32(1), u32(1000), u32(0), u32(NON_SYNC));
  return cat(box('ftyp', ascii('iso6')), box('moov', box('trak', mdia), box('mvex', trex)));
}

const NTP_S = 2_208_988_800;

function chunk(start_ticks, { key = false, last = false, prft = true, frames = 1, wide = true, bytes = 20 } = {}) {
  const unix_s = start_ticks / SCALE;
  const clock = full('prft', 1, 24, u32(1), u32(Math.floor(unix_s) + NTP_S), u32(Math.round((unix_s % 1) * 2 ** 32)), u64(start_ticks));
  const trun = full('trun', 0, 0x1 | 0x200 | (key ? 0x4 : 0), u32(frames), u32(0), ...(key ? [u32(SYNC)] : []), ...Array(frames).fill(u32(bytes)));
  const traf = box('traf', full('tfhd', 0, 0x2_0028, u32(1), u32(1000), u32(NON_SYNC)), full('tfdt', wide ? 1 : 0, 0, wide ? u64(start_ticks) : u32(start_ticks)), trun);
  const moof = box('moof', full('mfhd', 0, 0, u32(1)), traf);
  return cat(box('styp', ascii(last ? 'cmfllmsg' : 'cmflcmfs')), prft ? clock : u8(), moof, box('mdat', new Uint8Array(bytes)));
}

const START = 1_764_000_000 * SCALE;

test('a stream in pieces of any size is cut into the same header and chunks', () => {
  const parts = [header(), chunk(START, { key: true, bytes: 500 }), chunk(START + 1000), chunk(START + 2000, { last: true })];
  const all = cat(...parts);
  for (const size of [1, 7, 64, 333, all.length]) {
    const cutter = new Cutter();
    const found = [];
    for (let at = 0; at < all.length; at += size) found.push(...cutter.take(all.subarray(at, at + size)));
    assert.deepEqual(found.map(({ kind }) => kind), ['header', 'chunk', 'chunk', 'chunk'], `${size}`);
    found.forEach(({ bytes }, i) => assert.ok(same(bytes, parts[i])));
  }
});

test('what came in one piece is not copied', () => {
  const all = cat(header(), chunk(START, { key: true }), chunk(START + 1000));
  for (const { bytes } of new Cutter().take(all)) assert.equal(bytes.buffer, all.buffer);
});

test('nonsense is told apart from media, and never waited for', () => {
  const texts = ['<html>not found</html>', '\0\0\0\0ftyp', '\xff\xff\xff\xffmdat'];
  for (const text of texts) assert.throws(() => new Cutter().take(ascii(text.padEnd(40))), RangeError, text);
  assert.throws(() => headerOf(box('moov', u8())), RangeError);
  assert.throws(() => chunkOf(box('mdat', u8(1)), headerOf(header())), RangeError);
});

test('a header says its timescale, its kind and its codec', () => {
  assert.deepEqual(headerOf(header()), { kind: 'video', timescale: SCALE, codec: 'avc1.64001f', default_duration: 1000, default_flags: NON_SYNC });
  assert.equal(headerOf(header('audio')).kind, 'audio');
  assert.equal(headerOf(header('audio')).codec, null);
});

test('a chunk says when it begins and ends, whether it stands alone, and when it was captured', () => {
  const head = headerOf(header());
  const first = chunkOf(chunk(START, { key: true, frames: 6 }), head);
  assert.deepEqual([first.start_s, first.end_s, first.independent, first.last], [START / SCALE, (START + 6000) / SCALE, true, false]);
  assert.ok(Math.abs(first.offset_ms) < 0.01, 'media time is Unix time here');
  const other = chunkOf(chunk(START + 500, { last: true, prft: false }), head);
  assert.deepEqual([other.independent, other.last, other.offset_ms], [false, true, null]);
  assert.ok(chunkOf(chunk(START), headerOf(header('audio'))).independent, 'sound always does');
});

test('a capture time of the era that begins in 2036 is read as such', () => {
  const ticks = 2_100_000_000 * SCALE;
  const bytes = chunk(ticks, { key: true });
  const at = cat(ascii('prft')).length && bytes.findIndex((_, i) => String.fromCharCode(...bytes.subarray(i, i + 4)) === 'prft');
  bytes.set(u32(2_100_000_000 + NTP_S - 2 ** 32), at + 12);
  assert.ok(Math.abs(chunkOf(bytes, headerOf(header())).offset_ms) < 0.01);
});

test('a single frame after frames that were never made begins where the last one ended', () => {
  const head = headerOf(header());
  for (const wide of [true, false]) {
    const start = wide ? START : 90_000;
    const late = chunkOf(chunk(start + 4000, { wide }), head);
    assert.ok(bridge(late, (start + 1000) / SCALE, head));
    const again = chunkOf(late.bytes, head);
    assert.deepEqual([again.start_s, again.end_s].map((s) => Math.round(s * SCALE)), [start + 1000, start + 5000]);
  }
  assert.ok(!bridge(chunkOf(chunk(START, { frames: 6 }), head), START / SCALE - 1, head));
});

test('views that follow one another go in as one, others do not', () => {
  const buffer = new Uint8Array(10).buffer;
  const item = (from, size, mime = null) => ({ bytes: new Uint8Array(buffer, from, size), mime });
  const joined = run([item(0, 3), item(3, 2), item(6, 1)]);
  assert.deepEqual([joined.count, joined.bytes.length], [2, 5]);
  assert.equal(run([item(0, 3), item(3, 2, 'video/mp4')]).count, 1, 'a header begins anew');
});

/* — one feed after another — */

const waiting = (from_s, count, key_every = 30) => Array.from({ length: count }, (_, i) => ({
  start_s: from_s + i / 30, end_s: from_s + (i + 1) / 30, independent: i % key_every === 0,
}));

test('the first feed begins with its first independent chunk', () => {
  const chunks = waiting(100, 3).slice(1).concat(waiting(101, 1));
  assert.equal(splice(chunks, { end_s: null, playhead_s: 0, alive: false, kin: false }), 2);
  assert.equal(splice(chunks.slice(0, 1), { end_s: null, playhead_s: 0, alive: false, kin: false }), -1);
});

test('the same track goes on with the very next chunk, independent or not', () => {
  assert.equal(splice(waiting(100, 20), { end_s: 100 + 12 / 30, playhead_s: 99, alive: false, kin: true }), 12);
});

test('another rung waits for an independent chunk that has not been shown', () => {
  const now = { end_s: 100.5, playhead_s: 100.3, alive: true, kin: false };
  assert.equal(splice(waiting(100, 20), now), -1, 'its own is past');
  assert.equal(splice(waiting(100, 32), { ...now, end_s: 101 }), 30, 'the next one fits');
  assert.equal(splice(waiting(100, 33), { ...now, end_s: 101 + 2 / 30, playhead_s: 100.8 }), 30, 'or covers what is not shown yet');
});

test('nothing that is there is taken away before the new rung has come as far', () => {
  assert.equal(splice(waiting(100, 31), { end_s: 101.2, playhead_s: 100.5, alive: true, kin: false }), -1);
});

test('a dead feed is not waited for: the new one begins before its end, or after a gap', () => {
  assert.equal(splice(waiting(100, 20), { end_s: 100.5, playhead_s: 100.4, alive: false, kin: false }), 0);
  assert.equal(splice(waiting(103, 5), { end_s: 100.5, playhead_s: 100.4, alive: false, kin: false }), 0);
  assert.equal(splice(waiting(103, 5), { end_s: 100.5, playhead_s: 100.4, alive: true, kin: false }), -1);
});

test('what waits is bounded, and begins with an independent chunk', () => {
  const chunks = kept(waiting(100, 100), 102.5, 1000);
  assert.equal(chunks[0].start_s, 102);
  assert.ok(kept(waiting(100, 100), 90, 20).length <= 20);
});

/* — the playhead — */

test('the first picture is the one that is due, or the nearest there is', () => {
  assert.equal(start([[10, 11]], 10.4, 150), 10.4);
  assert.equal(start([[10, 11]], 9.2, 150), 10);
  assert.ok(start([[10, 11]], 12, 150) < 11);
  assert.equal(start([[10, 11]], null, 150), 10.85, 'without a clock, behind the newest');
});

test('at the end of a span the playhead goes beyond the gap, when that is due', () => {
  const spans = [[10, 11.2], [12, 13]];
  assert.equal(beyond(spans, 11.19, 12.4), 12.001);
  assert.equal(beyond(spans, 11.19, 11.5), null, 'not yet due');
  assert.equal(beyond(spans, 11.19, null), 12.001, 'nobody knows');
  assert.equal(beyond(spans, 10.5, 12.4), null, 'there is more to play');
  assert.equal(beyond([[10, 11.2]], 11.19, 12.4), null, 'nothing to go to');
});

test('a playhead that stands before a gap is moved on, one that waits for more is not', () => {
  assert.ok(thaw([[10, 11.2], [12, 14]], 10.94, 13) >= 12);
  assert.equal(thaw([[10, 14]], 10.94, 13), 13);
  assert.equal(thaw([[10, 11]], 10.94, 13), null);
});

/* — what an event offers — */

const TOP = `#EXTM3U
#EXT-X-SESSION-DATA:DATA-ID="ringside.title",VALUE="Night, one"
#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="audio",NAME="other",URI="b/index.m3u8"
#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="audio",NAME="Sound",DEFAULT=YES,URI="a/index.m3u8"
#EXT-X-STREAM-INF:BANDWIDTH=1267200,CODECS="avc1.64001E,mp4a.40.2",RESOLUTION=640x360,FRAME-RATE=30.000,AUDIO="audio"
v360/index.m3u8
#EXT-X-STREAM-INF:BANDWIDTH=4000000,CODECS="avc1.64001F,mp4a.40.2",RESOLUTION=1280x720,FRAME-RATE=30.000,AUDIO="audio"
v720/index.m3u8
`;

test('tracks, rungs and the title are read from the multivariant playlist', () => {
  const { title, video, audio } = parse(TOP, 'https://edge.test/live/main/index.m3u8');
  assert.equal(title, 'Night, one');
  assert.deepEqual(video.map(({ name, height, bps, codec }) => [name, height, bps, codec]), [['v360', 360, 1267200, 'avc1.64001E'], ['v720', 720, 4000000, 'avc1.64001F']]);
  assert.deepEqual(audio.map(({ name, codec }) => [name, codec]), [['a', 'mp4a.40.2'], ['b', 'mp4a.40.2']]);
  assert.equal(video[0].url, 'https://edge.test/live/main/v360/');
});

test('an event without a picture is its sound, one without sound its picture', () => {
  const sound = parse('#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=140000,CODECS="mp4a.40.2"\na/index.m3u8\n', 'https://edge.test/live/main/index.m3u8');
  assert.deepEqual([sound.video.length, sound.audio.map(({ name }) => name)], [0, ['a']]);
  const picture = parse('#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=900000,CODECS="avc1.64001E",RESOLUTION=640x360\nv/index.m3u8\n', 'https://edge.test/live/main/index.m3u8');
  assert.deepEqual([picture.video.length, picture.audio.length], [1, 0]);
  assert.deepEqual(parse('<html>', 'https://edge.test/x'), { title: null, video: [], audio: [] });
});

test('no more rungs than the screen can show', () => {
  const { video } = parse(TOP, 'https://edge.test/live/main/index.m3u8');
  assert.deepEqual(fitting(video, 270).map(({ name }) => name), ['v360']);
  assert.deepEqual(fitting(video, 400).map(({ name }) => name), ['v360', 'v720']);
  assert.deepEqual(fitting(video, 0).map(({ name }) => name), ['v360', 'v720'], 'a hidden one says nothing');
});

test('a trial takes the newest parts, or a segment where there are none', () => {
  const list = '#EXT-X-PART:DURATION=0.2,URI="7.0.m4s"\n#EXT-X-PART:DURATION=0.2,URI="7.1.m4s"\n#EXT-X-PART:DURATION=0.2,URI="x",BYTERANGE="1@0"\n';
  assert.deepEqual(newest(list, 'https://edge.test/v/index.m3u8', 1), ['https://edge.test/v/7.1.m4s']);
  assert.deepEqual(newest('#EXTINF:2,\n6.m4s\n#EXTINF:2,\n7.m4s\n', 'https://edge.test/v/index.m3u8', 3), ['https://edge.test/v/7.m4s']);
});

/* — which rung — */

const RUNGS = [{ name: 'low', bps: 600_000 }, { name: 'middle', bps: 1_200_000 }, { name: 'high', bps: 4_000_000 }];

/** Looks four times a second at a line; `delay` is a function of seconds. */
function watch(seconds, at, { delay = () => 60, received_bps = RUNGS[at].bps, state = abr.begin(0), from_ms = 0 } = {}) {
  const orders = [];
  let now_ms = from_ms;
  for (; now_ms < from_ms + seconds * 1000; now_ms += 250) {
    const looked = abr.look(state, { delay_ms: delay((now_ms - from_ms) / 1000), chunk_ms: 33, received_bps, at, rungs: RUNGS }, now_ms);
    state = looked.state;
    if (looked.order) orders.push({ now_ms, ...looked.order });
    if (looked.order?.type === 'switch') break;
  }
  return { state, orders, now_ms };
}

test('a line too narrow is left for a rung that fits it, within two seconds', () => {
  const { orders } = watch(20, 2, { delay: (s) => 60 + Math.max(0, s - 10) * 400, received_bps: 1_800_000 });
  assert.deepEqual(orders.map(({ type, to }) => [type, to]), [['switch', 'middle']]);
  assert.ok(orders[0].now_ms < 12_000, `${orders[0].now_ms}`);
});

test('a delay that is the path\'s own, or passes, is no reason to fall', () => {
  assert.ok(watch(30, 2, { delay: () => 900 }).orders.every(({ type }) => type !== 'switch'));
  assert.deepEqual(watch(10, 2, { delay: (s) => (s > 5 && s < 5.6 ? 900 : 60) }).orders, []);
});

test('from the lowest rung there is nowhere to fall', () => {
  assert.ok(watch(20, 0, { delay: (s) => 60 + s * 500 }).orders.every(({ type }) => type === 'probe'));
});

test('up is only on trial, and a trial that fails is not repeated soon', () => {
  const first = watch(20, 0);
  assert.deepEqual(first.orders.map(({ type, to }) => [type, to]), [['probe', 'middle']], 'one at a time');
  const failed = abr.probed(first.state, { probe_bps: 1_000_000, at: 0, rungs: RUNGS }, first.now_ms);
  assert.equal(failed.order, null);
  const again = watch(60, 0, { state: failed.state, from_ms: first.now_ms });
  assert.ok(again.orders[0].now_ms - first.now_ms >= 10_000);
});

test('a trial that found room climbs to what fits with room to spare', () => {
  const { state, now_ms } = watch(10, 0);
  assert.deepEqual(abr.probed(state, { probe_bps: 2_500_000, at: 0, rungs: RUNGS }, now_ms).order, { type: 'switch', to: 'middle' });
  assert.deepEqual(abr.probed(state, { probe_bps: 50_000_000, at: 0, rungs: RUNGS }, now_ms).order, { type: 'switch', to: 'high' });
});

test('who fell soon after a climb waits the longer', () => {
  const { state, now_ms } = watch(10, 1);
  const up = abr.probed(state, { probe_bps: 9_000_000, at: 1, rungs: RUNGS }, now_ms);
  const down = watch(20, 2, { state: up.state, from_ms: now_ms, delay: (s) => 60 + s * 400, received_bps: 1_500_000 });
  assert.equal(down.orders.at(-1)?.to, 'low');
  assert.ok(down.state.patience_ms > up.state.patience_ms);
});

/* — how late a path is at best — */

const feed = (floor, from_ms, seconds, delay) => {
  for (let now_ms = from_ms; now_ms < from_ms + seconds * 1000; now_ms += 33.3) floor.arrived(delay(now_ms), now_ms);
  return floor;
};

test('the floor is what nearly all chunks kept to, and a margin', () => {
  const floor = feed(new Floor(), 0, 20, () => 35).at(20_000);
  assert.ok(floor >= 80 && floor <= 100, `${floor}`);
  assert.equal(new Floor().at(0), null);
});

test('one hiccup does not raise it, a jittery line does', () => {
  assert.ok(feed(new Floor(), 0, 20, (now_ms) => (now_ms > 9000 && now_ms < 9300 ? 2000 : 35)).at(20_000) <= 100);
  assert.ok(feed(new Floor(), 0, 20, (now_ms) => (now_ms % 1000 < 150 ? 220 : 35)).at(20_000) >= 260);
});

test('a stall raises it at once, and it comes down again slowly', () => {
  const floor = feed(new Floor(), 0, 20, () => 35);
  const before = floor.at(20_000);
  floor.stalled(20_000);
  assert.ok(floor.at(20_000) >= before + 30);
  assert.ok(floor.at(25_000) >= before + 20, 'not yet');
  for (let now_ms = 25_000; now_ms < 90_000; now_ms += 1000) floor.at(now_ms);
  assert.ok(floor.at(90_000) <= before + 10);
});

test('players of one page keep to the highest floor of those that play', () => {
  const floors = [35, 120, 400].map((delay_ms, i) => feed(new Floor(), 0, i === 2 ? 5 : 20, () => delay_ms));
  assert.equal(highest(floors, 20_000), floors[1].at(20_000), 'the third has long stopped');
  assert.equal(highest([new Floor()], 0), null);
});

test('what a wrong clock makes of arrivals is not counted', () => {
  assert.equal(feed(new Floor(), 0, 5, () => 10_800_000).at(5000), null);
  assert.equal(feed(new Floor(), 0, 5, () => -5000).at(5000), null);
});

/* — what to do about a feed that has gone — */

test('a stream that is not offered is given up at once, a broken line only after several tries', () => {
  assert.deepEqual(new Retrying().gone('video', { status: 404, fresh: true }, 0, 0.5), { fail: true, offered: false });
  assert.equal(new Retrying().gone('video', { status: 503, fresh: true }, 0, 0.5).offered, undefined);
  const retrying = new Retrying();
  const waits = Array.from({ length: 5 }, () => retrying.gone('video', { status: 0, fresh: false }, 0, 0.5));
  assert.ok(waits.slice(0, 4).every(({ wait_ms }, i) => wait_ms > (waits[i - 1]?.wait_ms ?? 0)));
  assert.ok(waits[0].wait_ms < 100 && waits[4].fail);
  retrying.good('video', 1000);
  assert.ok(retrying.gone('video', { status: 200, fresh: false }, 1000, 0.5).fail, 'a chunk now and then is no health');
  retrying.good('video', 9000);
  assert.ok(retrying.gone('video', { status: 200, fresh: false }, 9000, 0.5).wait_ms < 100);
});

test('a silent line is left sooner by some than by others', () => {
  assert.ok(new Retrying(0).isSilent(2500) && !new Retrying(0.99).isSilent(2500) && new Retrying(0.99).isSilent(5000));
});
