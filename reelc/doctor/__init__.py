"""What somebody who helps would ask first: about this machine, and about workers."""

from reelc.doctor.check import FAIL, OK, WARN, Check

__all__ = ["FAIL", "OK", "WARN", "Check"]
