"""What the texts of stages say of themselves: signatures, rules, nodes, model files, examples. Nothing is rendered."""
