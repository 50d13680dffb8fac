"""ComfyUI: API-format graphs, and what its server would say to them."""
