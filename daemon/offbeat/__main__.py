"""Run the command line as ``python -m offbeat``."""

from offbeat.cli.main import main

raise SystemExit(main())
