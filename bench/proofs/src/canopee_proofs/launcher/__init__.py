"""The decisions of the Windows launcher, in C, and a world that tries to confuse them."""
