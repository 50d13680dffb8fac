"""What plans are made for: ComfyUI."""
