"""orderflow under faults: load, subscribers, whatever can break, and a ledger that counts what came of it."""
