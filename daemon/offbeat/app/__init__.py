"""Where the parts are put together: one file for each job the program does, and the only place that knows all parts."""
