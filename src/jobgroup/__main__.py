"""Run the command ``jobgroup`` as ``python -m jobgroup``."""

from jobgroup.cli import main

raise SystemExit(main())
