import assert from 'node:assert/strict';
import { mock, test } from 'node:test';

Object.defineProperty(globalThis, 'navigator', { configurable: true, value: { userAgent: 'Chrome/1' } });
const { Pacer } = await import('../../../src/ringside/flow/watch/sync/pacer.js');

/* A browser by hand: what it is asked for waits until it is let on. */
class Browser {
  waiting = new Map(); // what is to be called at the next refresh, or with the next picture
  #next = 1;

  constructor() {
    globalThis.requestAnimationFrame = (then) => this.#ask('refresh', then);
    globalThis.cancelAnimationFrame = (id) => this.waiting.delete(id);
    const at = { paused: false, seeking: false, ended: false, readyState: 4, currentTime: 10, playbackRate: 1 };
    this.video = Object.assign(new EventTarget(), at, {
      buffered: { length: 1, start: () => 0, end: () => 11 },
      requestVideoFrameCallback: (then) => this.#ask('picture', then),
      cancelVideoFrameCallback: (id) => this.waiting.delete(id),
    });
    const player = { dateOf: (media_s) => media_s * 1000, floor_ms: () => null };
    const clock = { known: true, now: () => 10_500, correct() {} };
    this.pacer = new Pacer({ video: this.video, clock, target: { known: true, at: () => ({ target_ms: 500, slope: 0 }) }, player });
  }

  #ask(kind, then) {
    this.waiting.set(this.#next, { kind, then });
    this.#next += 1;
    return this.#next - 1;
  }

  wants(kind) {
    return [...this.waiting.values()].filter((one) => one.kind === kind).length;
  }

  refresh(count) {
    for (let i = 0; i < count; i += 1) {
      const due = [...this.waiting].filter(([, { kind }]) => kind === 'refresh');
      for (const [id, { then }] of due) {
        this.waiting.delete(id);
        then(i * 16.7);
      }
    }
  }
}

test('the refreshes of a screen are counted again and again, for they change', () => {
  mock.timers.enable({ apis: ['setTimeout'] });
  const browser = new Browser();
  browser.pacer.start();
  for (let round = 0; round < 3; round += 1) {
    assert.equal(browser.wants('refresh'), 1);
    browser.refresh(60);
    assert.equal(browser.wants('refresh'), 0, 'enough is known for a while');
    mock.timers.tick(5000);
  }
  mock.timers.reset();
});

test('who lets go waits for nothing any more', () => {
  mock.timers.enable({ apis: ['setTimeout'] });
  for (const refreshes of [3, 60]) {
    const browser = new Browser();
    browser.pacer.start();
    browser.refresh(refreshes);
    browser.video.playbackRate = 1.03;
    assert.equal(browser.wants('picture'), 1);
    browser.pacer.destroy();
    mock.timers.tick(60_000);
    assert.equal(browser.waiting.size, 0);
    assert.equal(browser.video.playbackRate, 1);
  }
  mock.timers.reset();
});
