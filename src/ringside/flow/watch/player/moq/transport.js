/* MoQ as a transport of the push player (push/transport.js): tracks of one broadcast over one WebTransport session.

   A session that is lost ends every feed with `gone(0)`; whoever opens a feed after that has it dialled anew, with the
   offer read anew: a publisher that was started again has another certificate. */
import { Connection, Path } from '@moq/net';

import { Feed } from './feed.js';
import { offered } from './offer.js';

const WAIT_MS = 3000; // for the offer, and for the session
const STALE_MS = 1000; // how old a group may be before the server leaves the rest of it
const SAME_MS = 250; // what ends within this of one another has ended together
const PRIORITY = { audio: 2, video: 1 };

/** One broadcast. `MoqTransport.offered(options)` resolves to one when the server of `base` offers MoQ, and rejects else. */
export class MoqTransport {
  #base;
  #session = null;
  #feeds = new Set();

  constructor({ base }) {
    this.#base = base;
  }

  /** A transport with its session; rejects with `error.status` where the server said no, 0 where there is no way. */
  static async offered(options) {
    if (!('WebTransport' in globalThis)) throw Object.assign(new Error('this browser has no WebTransport here'), { status: 0 });
    const transport = new MoqTransport(options);
    await transport.#dial();
    return transport;
  }

  /** Begin to bring `track`; see push/transport.js. */
  open(track, take) {
    const feed = new Feed(this.#subscribe(track), take);
    this.#feeds.add(feed);
    const close = () => {
      this.#feeds.delete(feed);
      feed.close();
    };
    return { close };
  }

  /** All feeds are closed, and the session; `open` may come again. */
  close() {
    for (const feed of this.#feeds) feed.close();
    this.#feeds.clear();
    const session = this.#session;
    this.#session = null;
    session?.then(({ connection }) => connection.close(), () => {});
  }

  async #subscribe(track) {
    const { connection, broadcast } = await this.#dial();
    const wishes = { priority: PRIORITY[track.kind] ?? PRIORITY.video, ordered: true };
    return joining(connection.consume(broadcast).track(track.name).subscribe({ ...wishes, latencyMax: 0 }), wishes, connection);
  }

  /* The session there is, or a new one; one that fails or ends makes room for the next. */
  #dial() {
    if (this.#session) return this.#session;
    const session = dial(this.#base);
    const forget = () => {
      if (this.#session === session) this.#session = null;
    };
    session.then(({ connection }) => connection.closed.then(forget, forget), forget);
    this.#session = session;
    return session;
  }
}

/* Who joins wants the newest group alone; from then on, the end of each before the next. A track that ends with its session
   has not ended: it is the session that is gone. */
function joining(subscriber, wishes, connection) {
  let joined = false;
  const recvGroup = async () => {
    const { group, fault } = await subscriber.recvGroup().then((group) => ({ group }), (fault) => ({ fault }));
    if (!group && (await isOver(connection))) throw new Error('the session is gone');
    if (fault) throw fault;
    if (!joined) subscriber.update({ ...wishes, latencyMax: STALE_MS });
    joined = true;
    return group;
  };
  return { recvGroup, close: () => subscriber.close() };
}

/* Whether a session has ended, or does so in this moment. */
function isOver(connection) {
  const over = () => true;
  const patience = new Promise((resolve) => setTimeout(resolve, SAME_MS, false));
  return Promise.race([connection.closed.then(over, over), patience]);
}

async function dial(base) {
  const { url, hashes, broadcast } = await offered(base, WAIT_MS);
  const webtransport = hashes.length ? { serverCertificateHashes: hashes.map((value) => ({ value })) } : {};
  const connection = await Connection.connect(url, { webtransport, websocket: { enabled: false }, signal: AbortSignal.timeout(WAIT_MS) });
  return { connection, broadcast: Path.from(broadcast) };
}
