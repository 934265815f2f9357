"""What `canopee enrol` and `canopee practices` do."""
