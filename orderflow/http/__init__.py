"""The HTTP edge: what comes in is checked and named here, what goes out is written here; no rule and no SQL."""
