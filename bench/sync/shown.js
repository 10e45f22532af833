/* What is on the screens, by the pictures' own word: put into a page before anything of its own runs.

   Enters: the videos of `window.ringside.players`, or any that is attached. Leaves, by `shown.take()`: a row for each
   frame displayed, [shown_ms, capture_ms, media_s, presented, rate, read_ms, late]: when it is seen by the machine's own
   clock (the true one: this script reads it before SKEW_MS makes the page believe another), what its strip says, its
   media time, how many frames the browser had presented by then, the playback rate, what reading took, and whether the
   callback came too late to read it. Nothing is asked of the player but its video; what it says of itself (`said`) is
   kept beside, to compare. StripReader, SKEW_MS (the device's clock is wrong by so much) and SERVER_MS (so is what
   /clock answers) stand above this text. */
const MOST_ROWS = 20_000; // of one player, between two takings
const LOOK_MS = 100;
const FRAME_MS = 1000 / 30;
const SAME_S = 0.001;
const LATE = -1;
const SNAP = { width: 480, height: 270 };
const origin_ms = performance.timeOrigin;
const trueDate = Date;

/** The page's device clock is wrong by so much from here on, for all that asks Date or performance.timeOrigin. */
function skewClocks(by_ms) {
  globalThis.Date = new Proxy(trueDate, {
    construct: (target, given, as) => Reflect.construct(target, given.length ? given : [target.now() + by_ms], as),
    apply: (target) => new target(target.now() + by_ms).toString(),
    get: (target, name) => (name === 'now' ? () => target.now() + by_ms : Reflect.get(target, name)),
  });
  const { get } = Object.getOwnPropertyDescriptor(Performance.prototype, 'timeOrigin');
  Object.defineProperty(Performance.prototype, 'timeOrigin', { configurable: true, get() { return get.call(this) + by_ms; } });
}

/** What this page is told by /clock is wrong by so much: a player that keeps to it is off by as much. */
function misleadClock(by_ms) {
  const asked = globalThis.fetch;
  globalThis.fetch = async (...given) => {
    const response = await asked(...given);
    if (new URL(given[0]?.url ?? given[0], location.href).pathname !== '/clock' || !response.ok) return response;
    const text = await response.text();
    const utc_ms = trueDate.parse(text.trim()) + by_ms;
    const { status, headers } = response;
    return Number.isFinite(utc_ms) ? new Response(new trueDate(utc_ms).toISOString(), { status, headers }) : new Response(text, { status, headers });
  };
}

/* The strip straight from a decoded frame's luma, without the conversion of the whole picture that a canvas costs (ten
   times as much); a frame that is not planar is left to StripReader. LATE: the callback came so late that the video is
   already at another frame than the one it was called for. */
async function readStrip(video, reader, media_s) {
  if (!video.videoWidth || !globalThis.VideoFrame) return reader.read(video);
  const frame = new VideoFrame(video);
  try {
    if (!video.srcObject && Math.abs(frame.timestamp / 1e6 - media_s) > SAME_S) return LATE;
    const { format, visibleRect: { x, y, width, height } } = frame;
    if (format !== 'I420' && format !== 'NV12') return reader.read(video);
    const high = Math.floor(height / 36) * 2;
    const rect = { x, y: y + height - high, width, height: high };
    const bytes = new Uint8Array(frame.allocationSize({ rect }));
    const [{ offset, stride }] = await frame.copyTo(bytes, { rect });
    return decode(lumaLevels(bytes, offset, stride, width, high));
  } finally {
    frame.close();
  }
}

/* 64 brightnesses: the middle half of each cell, in the middle half of the rows. */
function lumaLevels(bytes, offset, stride, width, high) {
  const wide = width / CELLS;
  return Array.from({ length: CELLS }, (_, cell) => {
    let sum = 0;
    let count = 0;
    for (let row = Math.floor(high / 4); row < Math.ceil((high * 3) / 4); row += 1) {
      for (let at = Math.floor((cell + 0.25) * wide); at < (cell + 0.75) * wide; at += 1, count += 1) sum += bytes[offset + row * stride + at];
    }
    return sum / count;
  });
}

/** One video, watched for as long as it is there. */
class Watched {
  #rows = [];
  #lost = 0;
  #events = [];
  #snap = null;
  #reading = Promise.resolve();

  constructor(video, player, reader) {
    Object.assign(this, { video, player, reader });
    for (const type of ['waiting', 'seeking', 'emptied']) {
      video.addEventListener(type, () => this.#events.length < 1000 && this.#events.push([type, origin_ms + performance.now()]));
    }
    video.requestVideoFrameCallback((...given) => this.#look(...given));
  }

  #look(_, { expectedDisplayTime, mediaTime, presentedFrames }) {
    const began_ms = performance.now();
    const { video } = this;
    const shown_ms = origin_ms + expectedDisplayTime;
    const row = [Math.round(shown_ms * 100) / 100, null, mediaTime, presentedFrames, video.playbackRate, 0, 0];
    if (this.#rows.length < MOST_ROWS) this.#rows.push(row);
    else this.#lost += 1;
    if (this.#snap) this.#draw(shown_ms);
    const found = (capture_ms) => (capture_ms === LATE ? (row[6] = 1) : (row[1] = capture_ms));
    const read = readStrip(video, this.reader, mediaTime).then(found, () => null); // no frame: no strip
    row[5] = performance.now() - began_ms;
    this.#reading = Promise.all([this.#reading, read]);
    video.requestVideoFrameCallback((...given) => this.#look(...given));
  }

  /** The picture that this video shows at an instant to come. */
  snap(at_ms) {
    const canvas = new OffscreenCanvas(SNAP.width, SNAP.height);
    return new Promise((resolve) => {
      this.#snap = { at_ms, canvas, context: canvas.getContext('2d'), resolve, capture_ms: null, shown_ms: null };
      this.#draw(origin_ms + performance.now()); // it may stand still until then
      setTimeout(() => this.#snapped(), at_ms + 2000 - trueDate.now());
    });
  }

  #draw(shown_ms) {
    const snap = this.#snap;
    if (shown_ms > snap.at_ms || origin_ms + performance.now() > snap.at_ms + FRAME_MS) return void this.#snapped();
    snap.context.drawImage(this.video, 0, 0, SNAP.width, SNAP.height);
    Object.assign(snap, { capture_ms: this.reader.read(this.video), shown_ms }); // of the very frame that was drawn
  }

  async #snapped() {
    const snap = this.#snap;
    if (!snap) return;
    this.#snap = null;
    const { at_ms, shown_ms, capture_ms } = snap;
    const bytes = new Uint8Array(await (await snap.canvas.convertToBlob()).arrayBuffer());
    snap.resolve({ at_ms, shown_ms, capture_ms, png: btoa(bytes.reduce((text, byte) => text + String.fromCharCode(byte), '')) });
  }

  said() {
    try {
      return this.player?.stats() ?? {};
    } catch {
      return {}; // a player between two paths has nothing to say
    }
  }

  async take() {
    const { droppedVideoFrames: dropped, totalVideoFrames: total } = this.video.getVideoPlaybackQuality();
    const { preservesPitch } = this.video;
    const taken = { rows: this.#rows, lost: this.#lost, events: this.#events, dropped, total, preservesPitch, said: this.said() };
    const reading = this.#reading;
    [this.#rows, this.#lost, this.#events, this.#reading] = [[], 0, [], Promise.resolve()];
    await reading; // of the rows that are taken
    return taken;
  }
}

class Shown {
  #watched = [];
  #reader = new StripReader();

  constructor() {
    setInterval(() => {
      const players = globalThis.ringside?.players ?? [];
      for (const player of players) {
        const video = player?.video ?? (players.length === 1 ? document.querySelector('video') : null);
        if (video) this.attach(video, player);
      }
    }, LOOK_MS);
  }

  attach(video, player = null) {
    if (!this.#watched.some((each) => each.video === video)) this.#watched.push(new Watched(video, player, this.#reader));
  }

  /** All that was seen since the last taking, and how far this page's true clock is from the machine's. */
  async take() {
    const error_ms = origin_ms + performance.now() - trueDate.now() - 0.5;
    return { players: await Promise.all(this.#watched.map((each) => each.take())), error_ms };
  }

  snap(at_ms) {
    return Promise.all(this.#watched.map((each) => each.snap(at_ms)));
  }
}

globalThis.shown = new Shown();
if (SKEW_MS) skewClocks(SKEW_MS);
if (SERVER_MS) misleadClock(SERVER_MS);
