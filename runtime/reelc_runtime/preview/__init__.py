"""The preview worker: a server of ComfyUI's protocol on the CPU that executes a plan's regions with stand-ins."""

from reelc_runtime.preview.worker import PreviewWorker

__all__ = ["PreviewWorker"]
