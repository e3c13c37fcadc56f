"""The practice ground of `make run`: the demo company's log-ins, and the practice order system as a guarded part."""
