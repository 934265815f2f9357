"""The agent for Windows, built on Linux: launcher, slot, archive, manifest, list of parts."""
