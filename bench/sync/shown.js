/* What is on the screens, by the pictures' own word: put into a page before anything of its own runs.

   Enters: the videos of `window.ringside.players`, or any that is attached. Leaves, by `shown.take()`: a row for each
   frame displayed, [shown_ms, capture_ms, media_s, presented, rate, read_ms]: when it is seen by the machine's own clock
   (the true one: this script reads it before SKEW_MS makes the page believe another), what its strip says, its media
   time, how many frames the browser had presented by then, the playback rate, and what reading took. Nothing is asked of
   the player but its video; what it says of itself (`said`) is kept beside, to compare. StripReader, SKEW_MS (the device's
   clock is wrong by so much) and SERVER_MS (so is what /clock answers) stand above this text. */
const MOST_ROWS = 20_000; // of one player, between two takings
const LOOK_MS = 100;
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

/** One video, watched for as long as it is there. */
class Watched {
  #rows = [];
  #lost = 0;
  #events = [];
  #snap = null;

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
    const capture_ms = this.reader.read(video);
    const read_ms = performance.now() - began_ms;
    const row = [Math.round(shown_ms * 100) / 100, capture_ms, mediaTime, presentedFrames, video.playbackRate, read_ms];
    if (this.#rows.length < MOST_ROWS) this.#rows.push(row);
    else this.#lost += 1;
    if (this.#snap) this.#draw(shown_ms, capture_ms);
    video.requestVideoFrameCallback((...given) => this.#look(...given));
  }

  /** The picture that this video shows at an instant to come. */
  snap(at_ms) {
    const canvas = new OffscreenCanvas(SNAP.width, SNAP.height);
    return new Promise((resolve) => {
      this.#snap = { at_ms, canvas, context: canvas.getContext('2d'), resolve, capture_ms: null, shown_ms: null };
      this.#draw(origin_ms + performance.now(), this.reader.read(this.video)); // it may stand still until then
      setTimeout(() => this.#snapped(), at_ms + 2000 - trueDate.now());
    });
  }

  #draw(shown_ms, capture_ms) {
    const snap = this.#snap;
    if (shown_ms > snap.at_ms) return void this.#snapped();
    snap.context.drawImage(this.video, 0, 0, SNAP.width, SNAP.height);
    Object.assign(snap, { capture_ms, shown_ms });
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

  take() {
    const { droppedVideoFrames: dropped, totalVideoFrames: total } = this.video.getVideoPlaybackQuality();
    const taken = { rows: this.#rows, lost: this.#lost, events: this.#events, dropped, total,
      preservesPitch: this.video.preservesPitch, said: this.said() };
    [this.#rows, this.#lost, this.#events] = [[], 0, []];
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
  take() {
    const error_ms = origin_ms + performance.now() - trueDate.now() - 0.5;
    return { players: this.#watched.map((each) => each.take()), error_ms };
  }

  snap(at_ms) {
    return Promise.all(this.#watched.map((each) => each.snap(at_ms)));
  }
}

globalThis.shown = new Shown();
if (SKEW_MS) skewClocks(SKEW_MS);
if (SERVER_MS) misleadClock(SERVER_MS);
