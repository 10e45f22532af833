/* MoQ as a transport: what an offer means, and groups of frames as header, chunks and end, in order. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Feed } from '../../../src/ringside/flow/watch/player/moq/feed.js';
import { offerOf } from '../../../src/ringside/flow/watch/player/moq/offer.js';

const BASE = 'http://10.0.0.7:8080/live/main/';
const HASH = 'ab'.repeat(32);

/** Frames that come when they are pushed; `end()` ends it, `fail(error)` breaks it. */
class Queue {
  #items = [];
  #wake = () => {};
  closed = false;

  push(item) {
    this.#items.push(item);
    this.#wake();
  }

  end() {
    this.push(undefined);
  }

  fail(error) {
    this.push(error);
  }

  close() {
    this.closed = true;
    this.end();
  }

  async next() {
    while (!this.#items.length) {
      await new Promise((resolve) => {
        this.#wake = resolve;
      });
    }
    const item = this.#items.shift();
    if (item instanceof Error) throw item;
    return item;
  }
}

class Group extends Queue {
  readFrame() {
    return this.next();
  }

  frames(...names) {
    for (const name of names) this.push({ payload: new TextEncoder().encode(name) });
    return this;
  }
}

class Subscriber extends Queue {
  recvGroup() {
    return this.next();
  }

  group(...names) {
    const group = new Group().frames(...names);
    this.push(group);
    return group;
  }
}

/** A feed over a subscriber, and what it hands over; `until(n)` waits for so many things. */
function playing(options) {
  const subscriber = new Subscriber();
  const taken = [];
  let wake = () => {};
  const put = (kind) => (value) => {
    taken.push(value instanceof Uint8Array ? `${kind} ${new TextDecoder().decode(value)}` : `${kind} ${value}`);
    wake();
  };
  const take = { bytes: () => {}, header: put('header'), chunk: put('chunk'), gone: put('gone') };
  const feed = new Feed(Promise.resolve(subscriber), take, options);
  const until = async (count) => {
    while (taken.length < count) {
      await new Promise((resolve) => {
        wake = resolve;
      });
    }
    return taken;
  };
  return { feed, subscriber, taken, until };
}

test('an offer without an address is of the host of the page', () => {
  const offer = offerOf({ url: null, port: 8443, fingerprint: HASH, broadcast: 'live/main' }, BASE);
  assert.equal(offer.url.href, 'https://10.0.0.7:8443/');
  assert.deepEqual(offer.hashes, [HASH]);
  assert.equal(offer.broadcast, 'live/main');
});

test('an offer with an address is of that, and the browser judges its certificate', () => {
  const offer = offerOf({ url: 'https://relay.example:4443/anon', port: null, fingerprint: null, broadcast: 'live/main' }, BASE);
  assert.equal(offer.url.href, 'https://relay.example:4443/anon');
  assert.deepEqual(offer.hashes, []);
});

test('what is no offer is none', () => {
  const broken = [null, {}, [], 'x', { broadcast: 'live/main' }, { url: 'http://a/', broadcast: 'live/main' }, { url: 'nowhere', broadcast: 'b' }, { port: 'x/y:z', broadcast: 'b' }, { port: 1 }];
  for (const said of broken) assert.equal(offerOf(said, BASE), null, JSON.stringify(said));
});

test('the first frame of each group is the header, the others are chunks', async () => {
  const { subscriber, until } = playing();
  subscriber.group('h', 'a', 'b').end();
  subscriber.group('h', 'c').end();
  assert.deepEqual(await until(5), ['header h', 'chunk a', 'chunk b', 'header h', 'chunk c']);
});

test('a chunk is handed over when it comes, not when its group is complete', async () => {
  const { subscriber, until } = playing();
  const group = subscriber.group('h', 'a');
  assert.deepEqual(await until(2), ['header h', 'chunk a']);
  group.frames('b');
  assert.equal((await until(3)).at(-1), 'chunk b');
});

test('the end of a group comes before the beginning of the next, which is there already', async () => {
  const { subscriber, until } = playing();
  const first = subscriber.group('h', 'a');
  await until(2);
  subscriber.group('h', 'c').end();
  first.frames('b').end();
  assert.deepEqual((await until(5)).slice(2), ['chunk b', 'header h', 'chunk c']);
});

test('a group that brings nothing while a newer one waits is left, and counted', async () => {
  const { feed, subscriber, until } = playing({ patience_ms: 5 });
  const stalled = subscriber.group('h', 'a');
  await until(2);
  subscriber.group('h', 'c').end();
  assert.deepEqual((await until(4)).slice(2), ['header h', 'chunk c']);
  assert.equal(stalled.closed, true);
  assert.equal(feed.dropped, 1);
});

test('of many groups that wait only the newest are kept', async () => {
  const { feed, subscriber, until } = playing({ patience_ms: 5 });
  subscriber.group('h', 'stalled');
  await until(2);
  for (let n = 0; n < 10; n += 1) subscriber.group('h', `${n}`).end();
  const taken = await until(10);
  assert.deepEqual(taken.filter((one) => one.startsWith('chunk')), ['chunk stalled', 'chunk 6', 'chunk 7', 'chunk 8', 'chunk 9']);
  assert.equal(feed.dropped, 7);
});

test('a group that breaks costs its rest, not the track', async () => {
  const { subscriber, until } = playing();
  subscriber.group('h', 'a').fail(new Error('reset'));
  subscriber.group('h', 'c').end();
  assert.deepEqual(await until(4), ['header h', 'chunk a', 'header h', 'chunk c']);
});

test('a track that ends properly is gone with 404, after its last chunk: the playlist says that the event is over', async () => {
  const { subscriber, until } = playing();
  subscriber.group('h', 'a').end();
  subscriber.end();
  assert.deepEqual(await until(3), ['header h', 'chunk a', 'gone 404']);
});

test('a track that the publisher refuses is gone with 404, one whose session is lost with 0', async () => {
  for (const [error, status] of [[Object.assign(new Error('no such track'), { code: 4 }), 404], [new Error('connection lost'), 0]]) {
    const { subscriber, until } = playing();
    subscriber.fail(error);
    assert.deepEqual(await until(1), [`gone ${status}`]);
  }
});

test('a subscription that does not come about is gone, once', async () => {
  const taken = [];
  await new Promise((resolve) => {
    const gone = (status) => {
      taken.push(status);
      resolve();
    };
    new Feed(Promise.reject(Object.assign(new Error('no'), { status: 404 })), { gone });
  });
  assert.deepEqual(taken, [404]);
});

test('nothing is taken after close, and everything is given back', async () => {
  const { feed, subscriber, taken, until } = playing();
  const group = subscriber.group('h', 'a');
  await until(2);
  const waiting = subscriber.group('h', 'b');
  await new Promise(setImmediate);
  feed.close();
  group.frames('late');
  await new Promise(setImmediate);
  assert.equal(taken.length, 2);
  assert.equal(subscriber.closed && group.closed && waiting.closed, true);
});
