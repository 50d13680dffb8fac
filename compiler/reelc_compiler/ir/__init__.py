"""The typed media graph between elaboration and API-format graphs."""
