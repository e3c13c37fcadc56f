"""Settings, processes and addresses: where the rooms are put together."""
