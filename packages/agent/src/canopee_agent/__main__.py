"""`python -m canopee_agent` is `canopee-agent`."""

import sys

from canopee_agent.service.cli import main

sys.exit(main())
