"""The umbrella command line: may import everything, imported by nobody."""
