"""The worker of a process: takes jobs from the queue, and puts the periodic ones in."""
