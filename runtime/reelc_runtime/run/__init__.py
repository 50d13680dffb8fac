"""A run: one plan on one worker, from matching to the finished film."""
