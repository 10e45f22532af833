"""The rules of HLS and LL-HLS, a subject a file: single playlists, over time, over HTTP."""
