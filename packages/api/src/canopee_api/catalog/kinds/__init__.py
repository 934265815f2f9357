"""Kinds of objects that a catalog folder declares: one module a kind, one class in it, discovered."""
