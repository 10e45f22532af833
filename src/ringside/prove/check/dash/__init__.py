"""The rules of DASH and LL-DASH, a subject a file."""
