/* What a transport is to the push player: it brings whole CMAF chunks and knows nothing of media.

     transport.open(track, take) → feed     begin to bring `track`, from its newest independent chunk on; never throws
     transport.close()                      all feeds are closed, nothing is taken afterwards; `open` may come again (a reload)
     feed.close()                           this one is closed; nothing is taken afterwards

   `track` is `{ name, kind, codec, bps, height, fps, url }` as the multivariant playlist lists it (multivariant.js);
   `name` is what paths and MoQ call it (`v360`, `a`). A rung is left for another with two feeds open at once.

   The feed hands over, each at once when it is there (in the same task: latency is made of hops):

     take.bytes(count)      so many bytes have arrived, however incomplete: the measure of silence and of bandwidth
     take.header(bytes)     the CMAF header (ftyp moov), before the first chunk and before the first after a change; the same
                            one again is ignored, so a MoQ group may open with it
     take.chunk(bytes)      one whole chunk ([styp] [prft] moof mdat), in decoding order. A Uint8Array that nobody changes
                            afterwards; a view of a larger buffer is welcome, views that follow one another best of all
     take.gone(status)      the feed has ended, by itself or by a fault: once, and nothing after it. The HTTP status that
                            refused it (404: there is no such stream), 0 for a network that failed, 200 for a proper end

   What lies between (a chunk that died half way) is thrown away by the transport. It opens nothing anew by itself:
   when to try again, and for how long, is the player's to say, the same for all transports.

   A transport's player is then three lines:

     import { PushPlayer } from './push/player.js';
     export const create = (options) => new PushPlayer({ ...options, name: 'moq', path: 'moq', transport: new MoqTransport(options) });

   where `transport` may also be a promise of one. One that cannot be had at all rejects, with `error.status` where
   there is one; the player tells `{ type: 'failed', kind: 'network', status, offered: false }` and the page goes another way. */

/** A feed that is not there (any more): what `open` may give when there is nothing to close. */
export const NO_FEED = Object.freeze({ close() {} });
