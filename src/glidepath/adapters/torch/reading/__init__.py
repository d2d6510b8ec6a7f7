"""From torch's own schedulers to schedules: what each computes, as an expression of shapes."""

from glidepath.adapters.torch.reading.reader import read

__all__ = ["read"]
