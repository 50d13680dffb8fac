"""Plans to films: workers, runs, previews, assembly. Knows plans and never syntax."""
