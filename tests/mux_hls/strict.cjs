// Reads {name: playlist} as JSON from standard input, parses each with hls-parser in strict mode,
// and prints {name: fault} for those it finds fault with.
const HLS = require('hls-parser');

HLS.setOptions({ strictMode: true });
const playlists = JSON.parse(require('fs').readFileSync(0, 'utf8'));
const faults = {};
for (const [name, text] of Object.entries(playlists)) {
  try {
    HLS.parse(text);
  } catch (error) {
    faults[name] = error.message;
  }
}
console.log(JSON.stringify(faults));
