"""The parts of a case record, each a pure function of the fact sheets in force."""
