"""``python -m jobgroup`` is the command ``jobgroup``."""

from jobgroup.cli import main

raise SystemExit(main())
