"""The administrators' and case workers' pages: HTML made on the server, in French and English, without JavaScript."""
