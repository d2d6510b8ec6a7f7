"""The rules, one illness a file."""

from __future__ import annotations

from glidepath.diagnosis.rule import Rule
from glidepath.diagnosis.rules import (
    clipping,
    cold_second_moment,
    data_order_repeats,
    dead_units,
    divergence,
    edge_of_stability,
    ends_on_high_rate,
    epoch_sawtooth,
    eps_dominates,
    exploding_gradients,
    input_bound,
    loss_above_start,
    loss_plateau,
    loss_spikes,
    never_moved,
    no_gradient,
    nonfinite,
    off_the_plan,
    overfitting,
    rate_too_low,
    throughput_drops,
    vanishing_gradients,
    warm_up_too_short,
)

RULES: tuple[Rule, ...] = tuple(
    module.RULE
    for module in (
        clipping,
        cold_second_moment,
        data_order_repeats,
        dead_units,
        divergence,
        edge_of_stability,
        ends_on_high_rate,
        epoch_sawtooth,
        eps_dominates,
        exploding_gradients,
        input_bound,
        loss_above_start,
        loss_plateau,
        loss_spikes,
        never_moved,
        no_gradient,
        nonfinite,
        off_the_plan,
        overfitting,
        rate_too_low,
        throughput_drops,
        vanishing_gradients,
        warm_up_too_short,
    )
)
