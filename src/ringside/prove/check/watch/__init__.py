"""The watcher: fetches as a player would and asks what no player asks. It judges nothing."""
