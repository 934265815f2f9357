"""`python -m canopee_swarm` is `canopee-swarm`."""

import sys

from canopee_swarm.cli import main

sys.exit(main())
