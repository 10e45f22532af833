"""`python -m ringside` is `ringside`."""

from ringside.cli import main

main()
