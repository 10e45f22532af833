/* What a bench or another page needs to measure a viewer: `import { StripReader, ServerClock } from '/assets/sync.js'`. */
export * from './strip.js';
export * from './clock.js';
export * from './latency.js';
export * from './steer.js';
export * from './pacer.js';
export * from './target.js';
