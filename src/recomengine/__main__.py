"""`python -m recomengine` is `recomengine`."""

from recomengine.cli import main

main()
