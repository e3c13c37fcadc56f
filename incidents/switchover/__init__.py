"""Where business runs: outages of guarded parts, their three recovery clocks, and switching traffic between the sides."""
