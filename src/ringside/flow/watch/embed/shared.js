/* One clock and one target for all players of an event on a page: they ask a server once, and agree. */
import { ServerClock } from '../sync/clock.js';
import { still, Target, targetAt } from '../sync/target.js';

const held = new Map();

function lease(key, make) {
  const one = held.get(key) ?? { thing: make(), users: 0 };
  one.users += 1;
  held.set(key, one);
  const release = () => {
    one.users -= 1;
    if (one.users) return;
    held.delete(key);
    one.thing.stop();
  };
  return [one.thing, release];
}

/** `{clock, target, release}` of the event below `base`; a `target_s` that is not null is held instead of the event's own. */
export function shared(base, target_s = null) {
  const url = new URL('../../clock', base).href;
  const [clock, leaveClock] = lease(url, () => new ServerClock(url).start());
  const follow = () => (target_s === null ? new Target(base).start() : new Told(target_s * 1000));
  const [target, leaveTarget] = lease(`${base} ${target_s}`, follow);
  return { clock, target, release: () => [leaveClock, leaveTarget].forEach((leave) => leave()) };
}

/* what a page was told to hold */
class Told {
  known = true;

  #schedule;

  constructor(target_ms) {
    this.#schedule = still(target_ms);
  }

  at(utc_ms) {
    return targetAt(this.#schedule, utc_ms);
  }

  stop() {}
}
