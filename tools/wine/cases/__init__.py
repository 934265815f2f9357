"""The journeys of an installed agent: the folder is the list."""
