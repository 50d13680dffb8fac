"""Workers: which there are, who holds them, whether they answer, which job goes where."""
