"""`python -m canopee_proofs` is `canopee-prove`."""

import sys

from canopee_proofs.cli import main

sys.exit(main())
