"""Plans in PyTorch."""

from glidepath.adapters.needs import needs

with needs("torch"):
    from glidepath.adapters.torch.cyclic_cosine import CyclicCosineDecayLR
    from glidepath.adapters.torch.optimizer import make_optimizer
    from glidepath.adapters.torch.reading import read
    from glidepath.adapters.torch.recording import record_updates
    from glidepath.adapters.torch.scheduler import PlanScheduler

__all__ = ["CyclicCosineDecayLR", "PlanScheduler", "make_optimizer", "read", "record_updates"]
