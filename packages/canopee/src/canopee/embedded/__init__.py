"""Everything on one machine: what `canopee up` starts, prepares and stops."""
