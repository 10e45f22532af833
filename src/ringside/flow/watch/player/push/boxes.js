/* CMAF as it comes off a wire (ISO/IEC 14496-12, 23000-19): bytes in any pieces go in, whole headers and chunks come out,
   and what a player must know of each. Pure; nothing is copied but a chunk that came in several pieces. */

const MOST_BYTES = 32 << 20; // of one chunk
const NTP_UNIX_S = 2_208_988_800; // 1900 to 1970
const NTP_ERA_S = 2 ** 32;
const NON_SYNC = 0x0001_0000;

const view = (bytes) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
const fourcc = (data, at) => String.fromCharCode(data.getUint8(at), data.getUint8(at + 1), data.getUint8(at + 2), data.getUint8(at + 3));
const u64 = (data, at) => data.getUint32(at) * 2 ** 32 + data.getUint32(at + 4);

/** Box at `at` → `{type, start, end}` with `start` after its header; null while the header is not whole. Throws on nonsense. */
export function boxAt(data, at) {
  if (at + 8 > data.byteLength) return null;
  let [size, head] = [data.getUint32(at), 8];
  if (size === 1) {
    if (at + 16 > data.byteLength) return null;
    [size, head] = [u64(data, at + 8), 16];
  }
  if (size < head || size > MOST_BYTES) throw new RangeError(`a box of ${size} bytes`);
  return { type: fourcc(data, at + 4), start: at + head, end: at + size };
}

function* boxes(data, from, to) {
  for (let box = boxAt(data, from); from < to && box && box.end <= to; box = boxAt(data, from)) {
    yield box;
    from = box.end;
  }
}

const find = (data, { start, end }, type) => {
  for (const box of boxes(data, start, end)) if (box.type === type) return box;
  return null;
};

const down = (data, from, ...types) => types.reduce((box, type) => box && find(data, box, type), from);

function joined(one, other) {
  const both = new Uint8Array(one.length + other.length);
  both.set(one);
  both.set(other, one.length);
  return both;
}

/** Cuts a stream into what it is made of. */
export class Cutter {
  #rest = new Uint8Array(0);
  #walked = 0; // bytes of `rest` that are whole boxes

  /** Bytes as they come → the headers and chunks they complete, `[{kind: header|chunk, bytes}]`. Throws on nonsense. */
  take(bytes) {
    const all = this.#rest.length ? joined(this.#rest, bytes) : bytes;
    if (all.length > MOST_BYTES) throw new RangeError('a chunk without an end');
    const [data, found] = [view(all), []];
    let [from, at] = [0, this.#walked];
    for (let box = boxAt(data, at); box && box.end <= all.length; box = boxAt(data, at)) {
      at = box.end;
      if (box.type !== 'mdat' && box.type !== 'moov') continue;
      found.push({ kind: box.type === 'moov' ? 'header' : 'chunk', bytes: all.subarray(from, at) });
      from = at;
    }
    this.#rest = all.subarray(from);
    this.#walked = at - from;
    return found;
  }
}

const hex = (byte) => byte.toString(16).padStart(2, '0');

/* `avc1.64001f`, out of the sample entry's avcC; null for what is not H.264. */
function codecOf(data, stsd) {
  const entry = boxAt(data, stsd.start + 8);
  if (!entry || !/^avc[13]$/.test(entry.type)) return null;
  const avcc = find(data, { start: entry.start + 78, end: entry.end }, 'avcC');
  return avcc ? `${entry.type}.${[1, 2, 3].map((i) => hex(data.getUint8(avcc.start + i))).join('')}` : null;
}

/** A CMAF header → `{kind, timescale, codec, default_duration, default_flags}`; RangeError where it is none. */
export function headerOf(bytes) {
  const data = view(bytes);
  const moov = find(data, { start: 0, end: bytes.length }, 'moov');
  const mdia = moov && down(data, moov, 'trak', 'mdia');
  const [mdhd, hdlr, stsd] = mdia ? [find(data, mdia, 'mdhd'), find(data, mdia, 'hdlr'), down(data, mdia, 'minf', 'stbl', 'stsd')] : [];
  if (!mdhd || !hdlr || !stsd) throw new RangeError('a header without a track');
  const timescale = data.getUint32(mdhd.start + (data.getUint8(mdhd.start) === 1 ? 20 : 12));
  if (!timescale) throw new RangeError('a track without a timescale');
  const trex = down(data, moov, 'mvex', 'trex');
  return {
    kind: fourcc(data, hdlr.start + 8) === 'soun' ? 'audio' : 'video',
    timescale,
    codec: codecOf(data, stsd),
    default_duration: trex ? data.getUint32(trex.start + 12) : 0,
    default_flags: trex ? data.getUint32(trex.start + 20) : 0,
  };
}

function tfhdOf(data, { start }, header) {
  const flags = data.getUint32(start) & 0xff_ffff;
  let at = start + 8;
  const next = (bit, size) => ((flags & bit) !== 0 ? (at += size) - size : -1);
  next(0x1, 8);
  next(0x2, 4);
  const duration = next(0x8, 4);
  next(0x10, 4);
  const sample = next(0x20, 4);
  return {
    duration: duration < 0 ? header.default_duration : data.getUint32(duration),
    duration_at: duration,
    flags: sample < 0 ? header.default_flags : data.getUint32(sample),
  };
}

/* How long a run lasts, and the flags of its first sample. */
function trunOf(data, { start }, defaults) {
  const flags = data.getUint32(start) & 0xff_ffff;
  const count = data.getUint32(start + 4);
  let at = start + 8 + (flags & 0x1 ? 4 : 0);
  let first = defaults.flags;
  if (flags & 0x4) [first, at] = [data.getUint32(at), at + 4];
  const fields = [0x100, 0x200, 0x400, 0x800].filter((bit) => flags & bit);
  const size = 4 * fields.length;
  if (flags & 0x400 && !(flags & 0x4)) first = data.getUint32(at + 4 * fields.indexOf(0x400));
  let duration = defaults.duration * count;
  if (flags & 0x100) {
    duration = 0;
    for (let i = 0; i < count; i += 1) duration += data.getUint32(at + i * size);
  }
  return { duration, first, durations_at: flags & 0x100 ? at : -1, count };
}

/* NTP time as Unix milliseconds (§8.16.5); a second count below 2^31 belongs to the era that begins in 2036. */
function prftOf(data, { start }, timescale) {
  const seconds = data.getUint32(start + 8);
  const unix_s = seconds - NTP_UNIX_S + (seconds < 2 ** 31 ? NTP_ERA_S : 0);
  const capture_ms = unix_s * 1000 + (data.getUint32(start + 12) / NTP_ERA_S) * 1000;
  const ticks = data.getUint8(start) === 1 ? u64(data, start + 16) : data.getUint32(start + 16);
  return { capture_ms, media_s: ticks / timescale };
}

const isLast = (data, { start, end }) => {
  for (let at = start; at + 4 <= end; at += 4) if (fourcc(data, at) === 'lmsg') return true;
  return false;
};

/** A chunk of a track with this header → `{bytes, start_s, end_s, independent, last, offset_ms}` in media seconds; `offset_ms` is
    capture time, Unix ms, minus media time, null where the chunk has no prft. RangeError where it is no chunk. */
export function chunkOf(bytes, header) {
  const data = view(bytes);
  const chunk = { bytes, start_s: NaN, end_s: NaN, independent: header.kind === 'audio', last: false, offset_ms: null, sole: null };
  for (const box of boxes(data, 0, bytes.length)) {
    if (box.type === 'styp') chunk.last = isLast(data, box);
    else if (box.type === 'prft') {
      const { capture_ms, media_s } = prftOf(data, box, header.timescale);
      chunk.offset_ms = capture_ms - media_s * 1000;
    } else if (box.type === 'moof') readMoof(data, box, header, chunk);
  }
  if (!Number.isFinite(chunk.start_s)) throw new RangeError('a chunk without a time');
  return chunk;
}

function readMoof(data, moof, header, chunk) {
  const traf = find(data, moof, 'traf');
  const [tfhd, tfdt] = traf ? [find(data, traf, 'tfhd'), find(data, traf, 'tfdt')] : [];
  if (!tfhd || !tfdt) return;
  const ticks = data.getUint8(tfdt.start) === 1 ? u64(data, tfdt.start + 4) : data.getUint32(tfdt.start + 4);
  const defaults = tfhdOf(data, tfhd, header);
  let [duration, first, samples, duration_at] = [0, null, 0, -1];
  for (const box of boxes(data, traf.start, traf.end)) {
    if (box.type !== 'trun') continue;
    const run = trunOf(data, box, defaults);
    duration += run.duration;
    first ??= run.first;
    samples += run.count;
    duration_at = run.durations_at >= 0 ? run.durations_at : defaults.duration_at;
  }
  chunk.start_s = ticks / header.timescale;
  chunk.end_s = (ticks + duration) / header.timescale;
  chunk.independent ||= first !== null && (first & NON_SYNC) === 0;
  if (samples === 1 && duration_at >= 0) chunk.sole = { tfdt: tfdt.start, wide: data.getUint8(tfdt.start) === 1, duration: duration_at };
}

/** A chunk of a single frame that comes after frames which were never made begins where the one before it ended, and lasts
    the longer; so, at once, does what it describes. Media Source takes a larger step for the end of all that was coded before,
    and waits for the next independent frame. Whether it could be done. */
export function bridge(chunk, end_s, { timescale }) {
  if (!chunk.sole) return false;
  const data = view(chunk.bytes);
  const [from, to] = [Math.round(end_s * timescale), Math.round(chunk.end_s * timescale)];
  if (chunk.sole.wide) data.setUint32(chunk.sole.tfdt + 4, Math.floor(from / 2 ** 32));
  data.setUint32(chunk.sole.tfdt + (chunk.sole.wide ? 8 : 4), from % 2 ** 32);
  data.setUint32(chunk.sole.duration, to - from);
  return true;
}

/** Whether two byte strings are the same. */
export function same(one, other) {
  if (one === null || other === null || one.length !== other.length) return false;
  for (let i = 0; i < one.length; i += 1) if (one[i] !== other[i]) return false;
  return true;
}
