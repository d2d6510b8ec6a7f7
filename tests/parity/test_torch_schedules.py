"""torch's schedulers, stepped beside an optimizer, against the same schedules written here."""

from collections import Counter
from functools import partial

import numpy as np
import pytest
import torch
from torch.optim import lr_scheduler as theirs

from glidepath import (
    Phase,
    Plan,
    constant,
    cosine,
    decay,
    linear,
    piecewise_constant,
    plateau,
    polynomial,
)
from tests.parity.peers import assert_same_rates, grid, torch_rates

BASES = (0.1, 3e-4, 1.7)
SHAPES = {"cos": cosine, "linear": linear}


@grid(base=BASES, step_size=(1, 7, 30), gamma=(0.1, 0.5, 0.97))
def test_step_lr_is_a_decay_in_stairs(base, step_size, gamma):
    rates = torch_rates(partial(theirs.StepLR, step_size=step_size, gamma=gamma), base, 120)
    assert_same_rates(decay(base, gamma, every=step_size, stair=True).over(120), rates)


@grid(
    base=BASES,
    milestones=([30, 60, 90], [1], [5, 6, 7, 40], [10, 10, 50], [20, 3, 99]),
    gamma=(0.1, 0.5),
)
def test_multi_step_lr_is_a_piecewise_constant(base, milestones, gamma):
    # torch counts a milestone as often as it is given, and in any order.
    counted = sorted(Counter(milestones).items())
    powers = np.cumsum([0, *(times for _, times in counted)]).tolist()
    ours = piecewise_constant([base * gamma**n for n in powers], [at for at, _ in counted])
    rates = torch_rates(partial(theirs.MultiStepLR, milestones=milestones, gamma=gamma), base, 120)
    assert_same_rates(ours, rates)


@grid(base=BASES, factor=(1 / 3, 0.01, 1.0), total_iters=(1, 5, 50))
def test_constant_lr_is_two_constants(base, factor, total_iters):
    ours = constant(base * factor).over(total_iters) >> constant(base).over(1)
    make = partial(theirs.ConstantLR, factor=factor, total_iters=total_iters)
    assert_same_rates(ours, torch_rates(make, base, 80))


@grid(base=BASES, start=(1 / 3, 0.001, 1.0), end=(1.0, 0.25, 0.0), total_iters=(1, 10, 97))
def test_linear_lr_is_a_line_and_then_its_end(base, start, end, total_iters):
    ours = linear(base * start, base * end).over(total_iters) >> constant(base * end).over(1)
    make = partial(theirs.LinearLR, start_factor=start, end_factor=end, total_iters=total_iters)
    # torch multiplies the rate of the step before, and misses an end of 0 by what it rounded.
    assert_same_rates(ours, torch_rates(make, base, 120), of_peak=1e-13)


@grid(base=BASES, gamma=(0.9, 0.999, 0.5, 0.97, 1.0, 1.01, 0.1))
def test_exponential_lr_is_a_smooth_decay(base, gamma):
    ours = decay(base, gamma, every=1).over(300)
    assert_same_rates(ours, torch_rates(partial(theirs.ExponentialLR, gamma=gamma), base, 300))


@grid(base=BASES, eta_min=(0.0, 1e-5, 0.05), T_max=(1, 10, 99, 300))
def test_cosine_annealing_lr_is_a_cosine_as_far_as_its_end(base, eta_min, T_max):
    ours = cosine(base, eta_min).over(T_max) >> constant(eta_min).over(1)
    rates = torch_rates(
        partial(theirs.CosineAnnealingLR, T_max=T_max, eta_min=eta_min), base, T_max + 1
    )
    assert_same_rates(ours, rates, of_peak=1e-14)


@grid(base=BASES, eta_min=(0.0, 1e-5, 0.05), T_max=(10, 33, 100))
def test_past_its_end_cosine_annealing_lr_rises_again_and_ours_stays(base, eta_min, T_max):
    make = partial(theirs.CosineAnnealingLR, T_max=T_max, eta_min=eta_min)
    rates = torch_rates(make, base, 2 * T_max + 1)
    held = cosine(base, eta_min).over(T_max) >> constant(eta_min).over(1)
    assert rates[2 * T_max] == pytest.approx(base, rel=1e-9)
    assert held(2 * T_max) == eta_min
    # Whoever wants the wave says so.
    wave = (cosine(base, eta_min).over(T_max) >> cosine(eta_min, base).over(T_max)).repeat()
    # torch multiplies what is left of the rate before, and rounding near the floor stays in it.
    assert_same_rates(wave, rates, each=1e-9)


@grid(base=BASES, eta_min=(0.0, 1e-5), T_0=(1, 7, 40), T_mult=(1, 2, 3))
def test_cosine_annealing_warm_restarts_is_a_cosine_repeated(base, eta_min, T_0, T_mult):
    ours = cosine(base, eta_min).over(T_0).repeat(growth=T_mult)
    make = partial(theirs.CosineAnnealingWarmRestarts, T_0=T_0, T_mult=T_mult, eta_min=eta_min)
    assert_same_rates(ours, torch_rates(make, base, 200))


@grid(base=BASES, power=(1.0, 2.0, 0.5, 0.9), total_iters=(1, 10, 150))
def test_polynomial_lr_is_a_polynomial_to_0(base, power, total_iters):
    ours = polynomial(base, 0.0, power=power).over(total_iters) >> constant(0.0).over(1)
    make = partial(theirs.PolynomialLR, total_iters=total_iters, power=power)
    assert_same_rates(ours, torch_rates(make, base, 180))


def one_cycle(anneal, total, up, low, high, final, *, is_three_phase):
    """torch's phases end one step early each: at up - 1, 2 * up - 2 and total - 1."""
    shape, rise = SHAPES[anneal], up - 1
    start = shape(low, high).over(rise)
    if is_three_phase:
        start = start >> shape(high, low).over(rise) >> shape(low, final).over(total - 1 - 2 * rise)
    else:
        start = start >> shape(high, final).over(total - 1 - rise)
    return start >> constant(final).over(1)


@grid(
    peak=(0.1, 3.0),
    total=(20, 50, 200),
    pct=(0.1, 0.3, 0.5),
    anneal=("cos", "linear"),
    divs=((25.0, 1e4), (4.0, 10.0)),
    is_three_phase=(False, True),
)
def test_one_cycle_lr_is_two_or_three_pieces(peak, total, pct, anneal, divs, is_three_phase):
    low, final = peak / divs[0], peak / divs[0] / divs[1]
    up = round(pct * total)
    ours = one_cycle(anneal, total, up, low, peak, final, is_three_phase=is_three_phase)
    make = partial(
        theirs.OneCycleLR,
        max_lr=peak,
        total_steps=total,
        pct_start=pct,
        anneal_strategy=anneal,
        div_factor=divs[0],
        final_div_factor=divs[1],
        three_phase=is_three_phase,
    )
    assert_same_rates(ours, torch_rates(make, 1.0, total), of_peak=1e-14)


def first_moment(group):
    return group["betas"][0] if "betas" in group else group["momentum"]


@grid(
    optimizer=(torch.optim.SGD, torch.optim.Adam),
    total=(20, 100),
    pct=(0.1, 0.3, 0.5),
    anneal=("cos", "linear"),
    is_three_phase=(False, True),
)
def test_the_momentum_of_one_cycle_lr_is_its_mirror_image(
    optimizer, total, pct, anneal, is_three_phase
):
    up = round(pct * total)
    ours = one_cycle(anneal, total, up, 0.95, 0.85, 0.95, is_three_phase=is_three_phase)
    make = partial(
        theirs.OneCycleLR,
        max_lr=1.0,
        total_steps=total,
        pct_start=pct,
        anneal_strategy=anneal,
        three_phase=is_three_phase,
    )
    assert_same_rates(ours, torch_rates(make, 1.0, total, optimizer=optimizer, read=first_moment))


def triangle(low, high, up, down):
    return linear(low, high).over(up) >> linear(high, low).over(down)


@grid(low=(0.0, 1e-4, 0.1), high=(0.3, 1.0), up=(1, 20, 33), down=(1, 20, 70))
def test_cyclic_lr_triangular_is_a_triangle_repeated(low, high, up, down):
    make = partial(theirs.CyclicLR, base_lr=low, max_lr=high, step_size_up=up, step_size_down=down)
    ours = triangle(low, high, up, down).repeat()
    # torch counts cycles in floating point: 1 + t / S - floor(1 + t / S).
    assert_same_rates(ours, torch_rates(make, 1.0, 300), of_peak=1e-12)


@grid(low=(0.0, 1e-4, 0.1), high=(0.3, 1.0), up=(10, 20, 33), down=(15, 20))
def test_cyclic_lr_triangular2_is_triangles_of_half_the_height_each(low, high, up, down):
    make = partial(
        theirs.CyclicLR,
        base_lr=low,
        max_lr=high,
        step_size_up=up,
        step_size_down=down,
        mode="triangular2",
    )
    rates = torch_rates(make, 1.0, 3 * (up + down))
    ours = low + triangle(0.0, high - low, up, down).repeat(scale=0.5)
    assert_same_rates(ours, rates, of_peak=1e-12)


@grid(high=(0.3, 1.0), up=(5, 20, 33), down=(20, 70), gamma=(0.99, 0.9999, 0.5))
def test_cyclic_lr_exp_range_from_0_is_triangles_times_a_decay(high, up, down, gamma):
    make = partial(
        theirs.CyclicLR,
        base_lr=0.0,
        max_lr=high,
        step_size_up=up,
        step_size_down=down,
        mode="exp_range",
        gamma=gamma,
    )
    ours = triangle(0.0, high, up, down).repeat() * decay(1.0, gamma, every=1).over(250)
    assert_same_rates(ours, torch_rates(make, 1.0, 250), of_peak=1e-12)


@grid(low=(1e-4, 0.1), high=(0.3, 1.0), up=(5, 20, 33), down=(20, 70), gamma=(0.99, 0.5))
def test_cyclic_lr_exp_range_above_a_floor_is_waves_on_top_of_it(low, high, up, down, gamma):
    make = partial(
        theirs.CyclicLR,
        base_lr=low,
        max_lr=high,
        step_size_up=up,
        step_size_down=down,
        mode="exp_range",
        gamma=gamma,
    )
    # The floor stays where it is while the waves above it shrink.
    waves = triangle(0.0, high - low, up, down).repeat() * decay(1.0, gamma, every=1).over(250)
    assert_same_rates(low + waves, torch_rates(make, 1.0, 250), of_peak=1e-12)


@grid(optimizer=(torch.optim.SGD, torch.optim.Adam), up=(1, 20, 33), down=(1, 20, 70, 7))
def test_the_momentum_of_cyclic_lr_is_its_mirror_image(optimizer, up, down):
    make = partial(theirs.CyclicLR, base_lr=0.1, max_lr=1.0, step_size_up=up, step_size_down=down)
    rates = torch_rates(make, 1.0, 200, optimizer=optimizer, read=first_moment)
    assert_same_rates(triangle(0.9, 0.8, up, down).repeat(), rates)


def noisy_losses(mode, seed):
    """A validation loss that falls and then flattens, or an accuracy that rises; one is NaN."""
    random = np.random.default_rng(seed)
    losses = 0.3 + 2.0 * np.exp(-np.arange(120) / 25.0) + 0.03 * random.normal(size=120)
    losses[random.integers(30, 90)] = np.nan
    return (losses if mode == "min" else -losses).tolist()


def rates_after_each_loss(losses, base, **settings):
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=base)
    scheduler = theirs.ReduceLROnPlateau(optimizer, threshold_mode="abs", eps=0, **settings)
    rates = []
    for loss in losses:
        scheduler.step(loss)
        rates.append(optimizer.param_groups[0]["lr"])
    return rates


@grid(
    mode=("min", "max"),
    factor=(0.1, 0.5),
    patience=(0, 1, 5),
    min_delta=(0.0, 1e-3, 0.05),
    cooldown=(0, 4),
    lowest=(0.0, 1e-3),
    every=(1, 25),
)
def test_reduce_lr_on_plateau_is_a_cut(mode, factor, patience, min_delta, cooldown, lowest, every):
    losses = noisy_losses(mode, seed=patience)
    rates = rates_after_each_loss(
        losses, 0.1, mode=mode, factor=factor, patience=patience, threshold=min_delta,
        cooldown=cooldown, min_lr=lowest,
    )  # fmt: skip
    on = plateau("val_loss", patience=patience, min_delta=min_delta, mode=mode, cooldown=cooldown)
    lr = constant(0.1).over(4000).cut(factor, on=on, lowest=lowest)
    listener = Plan(Phase("training", 4000, lr=lr)).listen()
    steps = range(every, every * len(losses) + 1, every)
    used = []
    for step, loss in zip(steps, losses, strict=True):
        listener.hear(step, {"val_loss": loss})
        used.append(listener.plan["lr"](step))
    assert len(set(rates)) > 1
    assert used == pytest.approx(rates, rel=1e-12, abs=0.0)
    # The plan that it ends with is the record of the whole run.
    assert [listener.plan["lr"](step) for step in steps] == used
    assert listener.plan["lr"](every - 1) == 0.1
