"""Windows on this machine: the Windows Python under Wine, and journeys of an installed agent (`make wine`)."""
