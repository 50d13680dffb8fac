"""Names and kinds: what a program's parts mean, checked before anything is evaluated."""
