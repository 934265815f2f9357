"""Kinds of tasks: the folder is the list."""
