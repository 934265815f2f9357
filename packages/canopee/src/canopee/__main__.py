"""`python -m canopee` is `canopee`."""

import sys

from canopee.cli import main

sys.exit(main())
