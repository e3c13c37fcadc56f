"""The live feed: one reader of the journal's tail per process, any number of listeners."""
