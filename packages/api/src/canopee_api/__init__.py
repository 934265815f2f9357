"""The API: gives agents their orders, stores what they collect, and serves people and other applications."""
