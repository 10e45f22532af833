/* One track of a broadcast, as the push player's `take` wants it (push/transport.js): groups of frames in; header, chunks and
   the end out.

   Each group comes on a stream of its own, so that the end of one may still be under way when the next is there. They are
   handed over one after the other; but a group that brings nothing for `patience_ms` while a newer one waits is left, for
   nobody wants to wait for what is over. Of those that wait only the newest few are kept. */

const PATIENCE_MS = 400;
const MAX_WAITING = 4;
const OVER = 404; // there is no such track, or there will be no more of it: the playlist says which

/** Reads `subscriber` (`recvGroup() → group | undefined`, `close()`) until it ends, into `take`. `dropped` counts groups left. */
export class Feed {
  #subscriber = null;
  #take;
  #patience_ms;
  #closed = false;
  #current = null;
  #waiting = [];
  #ended = null; // the status, when no more groups come
  #more = () => {};
  dropped = 0;

  /** `subscribing` resolves to the subscriber, or rejects, with `error.status` where somebody refused. */
  constructor(subscribing, take, { patience_ms = PATIENCE_MS } = {}) {
    this.#take = take;
    this.#patience_ms = patience_ms;
    subscribing.then(
      (subscriber) => this.#begin(subscriber),
      (error) => this.#gone(error.status ?? 0),
    );
  }

  /** Nothing is taken afterwards. */
  close() {
    this.#closed = true;
    this.#subscriber?.close();
    this.#current?.close();
    for (const group of this.#waiting.splice(0)) group.close();
    this.#more();
  }

  #begin(subscriber) {
    this.#subscriber = subscriber;
    if (this.#closed) {
      subscriber.close();
      return;
    }
    this.#gather(subscriber);
    this.#run();
  }

  async #gather(subscriber) {
    let status = OVER;
    try {
      for (let group; (group = await subscriber.recvGroup()); ) this.#arrived(group);
    } catch (error) {
      status = error.code === undefined ? 0 : OVER; // a code is the publisher's word; else the session is gone
    }
    this.#ended = status;
    this.#more();
  }

  #arrived(group) {
    if (this.#closed) {
      group.close();
      return;
    }
    this.#waiting.push(group);
    while (this.#waiting.length > MAX_WAITING) this.#leave(this.#waiting.shift());
    this.#more();
  }

  #leave(group) {
    this.dropped += 1;
    group.close();
  }

  async #run() {
    while (!this.#closed) {
      const group = this.#waiting.shift();
      if (group) await this.#read(group);
      else if (this.#ended !== null) return this.#gone(this.#ended);
      else await this.#anotherCame();
    }
    return undefined;
  }

  #anotherCame() {
    return new Promise((resolve) => {
      this.#more = resolve;
    });
  }

  /* The first frame is the header; the others are chunks. */
  async #read(group) {
    this.#current = group;
    let first = true;
    let reading = null;
    while (!this.#closed) {
      reading ??= group.readFrame().catch(() => undefined);
      const newer = this.#waiting.length > 0;
      const frame = await (newer ? within(reading, this.#patience_ms) : Promise.race([reading, this.#anotherCame().then(() => STILL)]));
      if (frame === STILL) continue;
      if (frame === LATE) return this.#leave(group);
      if (this.#closed || !frame) break;
      reading = null;
      this.#hand(frame.payload, first);
      first = false;
    }
    group.close();
    return undefined;
  }

  #hand(bytes, first) {
    this.#take.bytes(bytes.byteLength);
    if (first) this.#take.header(bytes);
    else this.#take.chunk(bytes);
  }

  #gone(status) {
    if (this.#closed) return;
    this.#closed = true;
    this.#take.gone(status);
  }
}

const STILL = Symbol('a newer group has come');
const LATE = Symbol('too late');

function within(promise, wait_ms) {
  let timer;
  const late = new Promise((resolve) => {
    timer = setTimeout(resolve, wait_ms, LATE);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}
