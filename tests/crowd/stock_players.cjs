/* What the installed players say their settings are, as JSON: { hls, dash, shaka }. The browser is pretended. */
const path = require('node:path');

const modules = process.argv[2];
const from = (file) => require(path.join(modules, file));
const element = () => ({
  style: {}, canPlayType: () => '', setAttribute() {}, appendChild() {}, addEventListener() {}, removeEventListener() {},
});
Object.assign(globalThis, {
  self: globalThis,
  window: globalThis,
  document: { createElement: element, addEventListener() {}, documentElement: element() },
  location: { protocol: 'http:', href: 'http://localhost/' },
  addEventListener() {},
  getComputedStyle: () => ({}),
});
Object.defineProperty(globalThis, 'navigator', {
  value: { userAgent: '', vendor: '', platform: '', language: 'en', languages: ['en'] },
});
console.log = console.info = console.debug = () => {};

const Hls = from('hls.js/dist/hls.js');
from('dashjs/dist/modern/umd/dash.all.debug.js'); // a script of an ES module package: it leaves a global
const shaka = from('shaka-player/dist/shaka-player.compiled.debug.js');
const { PlayerConfiguration } = shaka.util;
const dash = globalThis.dashjs.MediaPlayer().create();
const { streaming, abr } = PlayerConfiguration.createDefault();

process.stdout.write(JSON.stringify({
  hls: { version: Hls.version, ...Object.fromEntries(Object.entries(Hls.DefaultConfig).filter(([, value]) => typeof value !== 'function')) },
  dash: { version: dash.getVersion(), ...dash.getSettings().streaming },
  shaka: { version: shaka.Player.version, streaming, abr, low: PlayerConfiguration.createDefaultForLL() },
}, (_, value) => (value === Infinity ? 'Infinity' : value)));
process.exit(0);
