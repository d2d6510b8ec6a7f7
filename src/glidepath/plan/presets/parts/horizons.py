"""The data that the published recipes were trained on, as horizons."""

from __future__ import annotations

from glidepath.plan.horizon import Horizon

IN_STEPS = Horizon()
"""For recipes that are published in steps alone."""

CIFAR10 = Horizon(samples=50_000, batch=128)
"""Krizhevsky 2009, "Learning multiple layers of features from tiny images": 50,000 images to train
on. The batch is that of He et al. 2016, arXiv:1512.03385, section 4.2."""

IMAGENET = Horizon(samples=1_281_167, batch=256)
"""Russakovsky et al. 2015, arXiv:1409.0575: 1,281,167 images to train on. The batch is that of He
et al. 2016, arXiv:1512.03385, section 3.4."""

ERA5 = Horizon(samples=54_000, batch=32)
"""GraphCast's and GenCast's training data, rounded as in github.com/google-deepmind/graphcast,
issues 80 and 136. Samples are drawn with replacement, so that an epoch is only a measure."""

HRES = Horizon(samples=8_768, batch=32)
"""HRES-fc0 of 2016 to 2021, which GraphCast's operational model was fine-tuned on: 2,192 days,
every six hours. Counted here, not published; nor is the batch, which is that of ERA5."""
