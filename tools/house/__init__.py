"""House rules: what no other checker knows. One module a rule, each with `violations(tree) -> lines`."""
