"""`make chaos`: real orders while everything fails, and one verdict at the end.

Both sandboxes misbehave and processes are killed, all drawn by one seed. When the faults stop, what
the schedules run is run, and both systems must agree: nothing lost, nothing twice, no cent off.
"""
