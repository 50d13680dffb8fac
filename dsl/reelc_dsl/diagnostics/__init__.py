"""The diagnostics' data model, their codes, suggestions and renderers."""

from reelc_dsl.diagnostics.model import Code, Diagnostic, Edit, Fix, Frame, Label, ReelError, Severity, Sink

__all__ = ["Code", "Diagnostic", "Edit", "Fix", "Frame", "Label", "ReelError", "Severity", "Sink"]
