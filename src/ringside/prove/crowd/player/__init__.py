"""One file per kind of player; all are pure: told what arrived and when, they answer with what to ask for next."""
