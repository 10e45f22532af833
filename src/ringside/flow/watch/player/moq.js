/* MoQ: the same chunks as push, out of groups of frames over WebTransport. */
import { MoqTransport } from './moq/transport.js';
import { PushPlayer } from './push/player.js';

export const create = (options) => new PushPlayer({ ...options, name: 'moq', path: 'moq', transport: MoqTransport.offered(options) });
