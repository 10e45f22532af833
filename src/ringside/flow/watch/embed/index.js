/* What other people's pages import: `import { RingsidePlayer } from 'https://edge/assets/ringside-player.js'`. */
export { RingsidePlayer } from './ringside.js';
