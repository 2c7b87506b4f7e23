"""The tus protocol: files of any size in pieces, resumed where they stopped."""
