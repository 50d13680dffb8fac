"""Video files through libav: decode and verify, encode, join. Nothing here knows of workers or of the network."""
