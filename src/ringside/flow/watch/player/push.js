/* Push over HTTP: `/live/{event}/{track}/stream`, a response a track for as long as the viewer stays. */
import { HttpTransport } from './push/http.js';
import { PushPlayer } from './push/player.js';

export const create = (options) => new PushPlayer({ ...options, name: 'push', path: 'push', transport: new HttpTransport() });
