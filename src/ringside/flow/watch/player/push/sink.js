/* Chunks into a video element by Media Source: one SourceBuffer a track, each with a bounded queue.

   What arrives while nothing is being appended is appended in the same task. Views that follow one another in memory go
   in as one. Media time is Unix time; in the element it begins near nought, by timestampOffset, which no clock rounds.
   All of it runs on the main thread: what a chunk costs there is one call, and a Media Source in a worker is not to be had
   in every browser, adds a hop to each chunk, and was no quicker where it was tried. */

const MOST_QUEUED = 900; // chunks: half a minute of single frames
const MOST_QUEUED_BYTES = 48 << 20;
const KEEP_S = 40; // of what has been shown
const TRIM_S = 10; // and so much more before it is worth the while
const MOST_AHEAD_S = 60;
const BEFORE_S = 10; // sound may begin before the picture does

const MediaSourceHere = () => globalThis.MediaSource ?? globalThis.ManagedMediaSource;

/** Whether this browser can be fed at all. */
export const canFeed = () => Boolean(MediaSourceHere());

/** Whether a track's codec can be played: `{kind, codec}`; one without a name is tried. */
export function canPlay({ kind, codec }) {
  return Boolean(MediaSourceHere()?.isTypeSupported(mimeOf(kind, codec)));
}

/** The MIME type of a track. */
export const mimeOf = (kind, codec) => `${kind}/mp4; codecs="${codec ?? (kind === 'audio' ? 'mp4a.40.2' : 'avc1.64001f')}"`;

/** Views of one buffer that follow each other → how many from `from` on, and one view of them all. */
export function run(queue, from = 0) {
  const first = queue[from].bytes;
  let [end, count] = [first.byteOffset + first.byteLength, 1];
  for (let next = queue[from + 1]; next?.bytes && !next.mime; next = queue[from + count]) {
    if (next.bytes.buffer !== first.buffer || next.bytes.byteOffset !== end) break;
    end += next.bytes.byteLength;
    count += 1;
  }
  return { count, bytes: count === 1 ? first : new Uint8Array(first.buffer, first.byteOffset, end - first.byteOffset) };
}

class Lane {
  #buffer;
  #sink;
  #queue = [];
  #bytes = 0;
  #mime;
  #tried = 0; // of one append that found no room

  constructor(sink, buffer, mime) {
    this.#sink = sink;
    this.#buffer = buffer;
    this.#mime = mime;
    buffer.addEventListener('updateend', () => this.#drain());
    buffer.addEventListener('error', () => sink.fail('append'));
  }

  get idle() {
    return !this.#queue.length && !this.#buffer.updating;
  }

  get buffered() {
    return this.#buffer.buffered;
  }

  add(item) {
    this.#queue.push(item);
    this.#bytes += item.bytes.byteLength;
    if (this.#queue.length > MOST_QUEUED || this.#bytes > MOST_QUEUED_BYTES) this.#sink.fail('queue');
    else if (!this.#buffer.updating) this.#drain();
  }

  offset(seconds) {
    this.#buffer.timestampOffset = seconds;
  }

  #drain() {
    const { state } = this.#sink;
    if (this.#buffer.updating || state !== 'open') return;
    if (!this.#queue.length) return void this.#sink.rested();
    const { mime } = this.#queue[0];
    try {
      if (mime && mime !== this.#mime) this.#buffer.changeType(mime);
      this.#mime = mime ?? this.#mime;
      const { count, bytes } = run(this.#queue);
      this.#buffer.appendBuffer(bytes);
      this.#queue.splice(0, count);
      this.#bytes -= bytes.byteLength;
      this.#tried = 0;
    } catch (error) {
      this.#refused(error);
    }
  }

  /* No room: what was shown makes way; if that is not enough, it is a fault. */
  #refused(error) {
    const behind_s = [5, 1][this.#tried];
    this.#tried += 1;
    const full = error.name === 'QuotaExceededError' && behind_s !== undefined;
    if (!full || !this.remove(this.#sink.playhead_s - behind_s)) this.#sink.fail('append');
  }

  /** Takes away what lies before `end_s`; whether there was anything. */
  remove(end_s) {
    const { buffered } = this.#buffer;
    if (this.#buffer.updating || !buffered.length || buffered.start(0) >= end_s) return false;
    this.#buffer.remove(0, end_s);
    return true;
  }

  /** Old media goes when there is enough of it, right after an append: the next chunk is then furthest away. Who has paused
      for long loses what they stood at. */
  trim(playhead_s) {
    const { buffered } = this.#buffer;
    if (!buffered.length) return;
    const from_s = Math.max(playhead_s, buffered.end(buffered.length - 1) - MOST_AHEAD_S) - KEEP_S;
    if (from_s - buffered.start(0) > TRIM_S) this.remove(from_s);
  }
}

export class Sink {
  #video;
  #source = null;
  #url = null;
  #lanes = new Map();
  #waiting = []; // until the source is open
  #ended = false;
  #tell;
  #heed;

  /** `tell(what)` is called once when it can go on no more: append, queue or closed; `heed()` whenever all there was is in. */
  constructor(video, tell, heed) {
    this.#video = video;
    this.#tell = tell;
    this.#heed = heed;
  }

  /** Attach for these kinds of media, `[{kind, codec}]`, all of which must come. */
  open(tracks) {
    const Source = MediaSourceHere();
    this.#source = new Source();
    if (!globalThis.MediaSource) this.#video.disableRemotePlayback = true; // or Safari opens no managed source
    this.#source.addEventListener('sourceopen', () => this.#opened(tracks), { once: true });
    this.#source.addEventListener('sourceclose', () => this.fail('closed'));
    this.#url = URL.createObjectURL(this.#source);
    this.#video.src = this.#url;
  }

  #opened(tracks) {
    URL.revokeObjectURL(this.#url);
    if (!this.#source) return;
    this.#source.duration = Infinity;
    for (const { kind, codec } of tracks) {
      const mime = mimeOf(kind, codec);
      this.#lanes.set(kind, new Lane(this, this.#source.addSourceBuffer(mime), mime));
    }
    if (this.base_s !== undefined) this.#begin();
    this.#waiting.splice(0).forEach(([kind, item]) => this.#lanes.get(kind)?.add(item));
  }

  get state() {
    return this.#source?.readyState ?? 'closed';
  }

  get playhead_s() {
    return this.#video.currentTime;
  }

  /** The first chunk of all says where media time begins. */
  begin(media_s) {
    if (this.base_s !== undefined) return;
    this.base_s = Math.floor(media_s) - BEFORE_S;
    if (this.#lanes.size) this.#begin();
  }

  #begin() {
    for (const lane of this.#lanes.values()) lane.offset(-this.base_s);
  }

  /** A header before the chunks that need it. */
  header(kind, bytes, codec) {
    this.#add(kind, { bytes, mime: mimeOf(kind, codec) });
  }

  chunk(kind, bytes) {
    this.#add(kind, { bytes, mime: null });
  }

  #add(kind, item) {
    const lane = this.#lanes.get(kind);
    if (lane) lane.add(item);
    else if (this.#waiting.length < MOST_QUEUED) this.#waiting.push([kind, item]);
    else this.fail('queue');
  }

  trim() {
    for (const lane of this.#lanes.values()) lane.trim(this.playhead_s);
  }

  /** What was appended is all there will be. */
  end() {
    this.#ended = true;
    this.rested();
  }

  rested() {
    if (this.#ended && this.state === 'open' && [...this.#lanes.values()].every(({ idle }) => idle)) this.#source.endOfStream();
    else if (!this.#ended) this.trim();
    this.#heed();
  }

  fail(what) {
    const tell = this.#tell;
    this.#tell = () => {};
    tell(what);
  }

  close() {
    this.#tell = () => {};
    this.#lanes.clear();
    this.#waiting = [];
    const had = this.#source;
    this.#source = null;
    if (had && this.#video.src === this.#url) {
      this.#video.removeAttribute('src');
      this.#video.load();
    }
  }
}
