"""Real runs whose arrays do not do what they should: each trains, and is recorded as a user would.

Each writes its record into a directory. `RUNS` says what is wrong with it.
"""

from __future__ import annotations

import copy
import os
from collections.abc import Callable, Iterator
from functools import partial
from itertools import pairwise
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import optax
import torch
from sklearn.datasets import load_diabetes, load_digits
from torch import nn

from glidepath import Phase, Plan, constant, cosine, linear
from glidepath.adapters.torch import record_updates
from glidepath.record import Recorder, looks_at, summarize

os.environ.setdefault("KERAS_BACKEND", "jax")  # chosen once, when Keras is first imported

Batch = tuple[np.ndarray, np.ndarray]


def patients(num_updates: int, batch: int = 64) -> Iterator[Batch]:
    """Measurements, `[batch, 10]`, and how the disease went on, `[batch, 1]`, standardised."""
    inputs, targets = load_diabetes(return_X_y=True)
    inputs, targets = inputs / inputs.std(axis=0), (targets - targets.mean()) / targets.std()
    draw = np.random.default_rng(0)
    for _ in range(num_updates):
        chosen = draw.integers(0, len(targets), batch)
        yield inputs[chosen].astype("float32"), targets[chosen, None].astype("float32")


def images(num_updates: int, batch: int = 64) -> Iterator[Batch]:
    """Handwritten digits, `[batch, 64]`, from -0.3 to 0.7, and their names, `[batch]`."""
    digits = load_digits()
    draw = np.random.default_rng(0)
    for _ in range(num_updates):
        chosen = draw.integers(0, len(digits.target), batch)
        yield (digits.data[chosen] / 16 - 0.3).astype("float32"), digits.target[chosen]


def plan_of(rate: float, num_updates: int) -> Plan:
    """A short warm-up, then half a cosine."""
    warm = num_updates // 10
    curve = linear(0.0, rate).over(warm) >> cosine(rate, 0.0).over(num_updates - warm)
    return Plan(Phase("training", num_updates, lr=curve))


def torch_run(
    directory: Path,
    model: nn.Module,
    plan: Plan,
    batches: Iterator[Batch],
    loss_of: Callable[[torch.Tensor, torch.Tensor], torch.Tensor],
    *,
    optimizer: torch.optim.Optimizer | None = None,
    steps: bool = True,
    clip: float | None = None,
    forward: Callable[[torch.Tensor], torch.Tensor] | None = None,
    **recorder_arguments: object,
) -> None:
    """A plain loop of torch, in which something may be missing."""
    torch.set_num_threads(1)
    optimizer = optimizer or torch.optim.SGD(model.parameters(), lr=1.0)
    with Recorder(directory, plan, **recorder_arguments) as recorder:
        updates = record_updates(optimizer, recorder, model)
        for step, (inputs, targets) in enumerate(batches):
            for group in optimizer.param_groups:
                group["lr"] = plan["lr"](step)
            output = (forward or model)(torch.tensor(inputs))
            loss = loss_of(output, torch.tensor(targets))
            optimizer.zero_grad()
            loss.backward()
            if clip is not None:
                updates.look()
                nn.utils.clip_grad_norm_(model.parameters(), clip)
            if steps:
                optimizer.step()
            recorder.log(step, loss=loss, samples=len(inputs))


def regression(width: int = 16) -> nn.Sequential:
    """One hidden layer, on patients."""
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(10, width), nn.Tanh(), nn.Linear(width, 1))


def no_step(directory: Path) -> None:
    """`optimizer.step()` is forgotten."""
    torch_run(
        directory, regression(), plan_of(0.1, 120), patients(120), nn.functional.mse_loss,
        steps=False,
    )  # fmt: skip


def optimizer_of_a_copy(directory: Path) -> None:
    """The optimizer was made of a copy of the model."""
    model = regression()
    other = torch.optim.SGD(copy.deepcopy(model).parameters(), lr=1.0)
    torch_run(
        directory, model, plan_of(0.1, 120), patients(120), nn.functional.mse_loss, optimizer=other
    )


def new_head_not_held(directory: Path) -> None:
    """The head was replaced after the optimizer was made: the rest is trained."""
    model = regression()
    optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
    model[2] = nn.Linear(16, 1)
    torch_run(
        directory, model, plan_of(0.1, 120), patients(120), nn.functional.mse_loss,
        optimizer=optimizer,
    )  # fmt: skip


def rate_of_a_whole_division(directory: Path) -> None:
    """A warm-up whose progress is `step // warm_up`, and so 0 for as long as the run lasts."""
    plan = Plan(Phase("training", 120, lr=constant(0.1 * (1 // 120))))
    torch_run(directory, regression(), plan, patients(120), nn.functional.mse_loss)


def head_in_a_list(directory: Path) -> None:
    """The backbone is frozen, and the new head stands in a list, where torch does not see it."""
    model = regression().requires_grad_(False)
    heads = [nn.Linear(16, 1)]
    torch_run(
        directory, model[:2], plan_of(0.1, 120), patients(120), nn.functional.mse_loss,
        forward=lambda inputs: heads[0](model[:2](inputs)),
    )  # fmt: skip


def in_bfloat16(directory: Path) -> None:
    """Scales of a normalisation, at 1 in bfloat16: small updates are rounded away."""
    torch.manual_seed(0)
    layers = nn.Linear(10, 16), nn.LayerNorm(16), nn.Tanh(), nn.Linear(16, 1)
    model = nn.Sequential(*layers).bfloat16()
    torch_run(
        directory, model, plan_of(3e-3, 120), patients(120),
        lambda out, targets: nn.functional.mse_loss(out.float(), targets),
        forward=lambda inputs: model(inputs.bfloat16()),
    )  # fmt: skip


def head_without_use(directory: Path) -> None:
    """A second head whose output no loss looks at."""
    model = regression()
    model.add_module("auxiliary", nn.Linear(1, 4))
    torch_run(
        directory, model, plan_of(0.1, 120), patients(120), nn.functional.mse_loss,
        forward=model[:3],
    )  # fmt: skip


def classifier(
    depth: int, activation: type[nn.Module], gain: float | None = None, width: int = 32
) -> nn.Sequential:
    """Layers on images of digits; weights of standard deviation gain / sqrt(inputs) if given."""
    torch.manual_seed(0)
    widths = [64, *[width] * depth]
    layers: list[nn.Module] = []
    for inputs, outputs in pairwise(widths):
        layers += [nn.Linear(inputs, outputs), activation()]
    model = nn.Sequential(*layers, nn.Linear(width, 10))
    for layer in model:
        if gain is not None and isinstance(layer, nn.Linear):
            nn.init.normal_(layer.weight, std=gain / layer.in_features**0.5)
            nn.init.zeros_(layer.bias)
    return model


def deep_sigmoids(directory: Path) -> None:
    """Ten layers of sigmoids: each passes back a quarter at most."""
    model = classifier(10, nn.Sigmoid, gain=1.0)
    torch_run(
        directory, model, plan_of(0.1, 150), images(150), nn.functional.cross_entropy,
        optimizer=torch.optim.Adam(model.parameters()),
    )  # fmt: skip


def deep_and_steep(directory: Path) -> None:
    """Thirty layers of tanh with weights that are four times too large."""
    model = classifier(30, nn.Tanh, gain=4.0)
    torch_run(directory, model, plan_of(1e-6, 120), images(120), nn.functional.cross_entropy)


def recurrent_cliffs(directory: Path) -> None:
    """A recurrent network whose matrix doubles what it gets, over a hundred steps in time."""
    torch.manual_seed(0)
    cells, head = nn.RNN(2, 32, batch_first=True), nn.Linear(32, 1)
    nn.init.orthogonal_(cells.weight_hh_l0, gain=2.0)

    def sums() -> Iterator[Batch]:
        """Numbers, of which two are marked, and the sum of these."""
        draw = np.random.default_rng(0)
        for _ in range(60):
            numbers = draw.random((32, 100), dtype="float32")
            marks = draw.permuted(np.repeat([[1, 1] + [0] * 98], 32, axis=0), axis=1)
            marked = np.stack([numbers, marks.astype("float32")], axis=-1)
            yield marked, (numbers * marks).sum(axis=1, keepdims=True).astype("float32")

    torch_run(
        directory, nn.ModuleList([cells, head]), plan_of(1e-9, 60), sums(),
        nn.functional.mse_loss,
        forward=lambda inputs: head(cells(inputs)[0][:, -1]),
    )  # fmt: skip


def dead_relus(directory: Path) -> None:
    """A warm-up the wrong way round: five updates at 200 times the rate kill most units."""
    model = classifier(2, nn.ReLU)
    plan = Plan(Phase("training", 250, lr=constant(0.2).over(5) >> cosine(1e-3, 0.0).over(245)))
    torch_run(
        directory, model, plan, images(250), nn.functional.cross_entropy,
        optimizer=torch.optim.Adam(model.parameters()),
    )  # fmt: skip


def clipped(directory: Path) -> None:
    """Gradients are clipped at a fiftieth of their usual norm."""
    torch_run(
        directory, regression(), plan_of(0.5, 300), patients(300), nn.functional.mse_loss,
        clip=0.01, configuration={"max_grad_norm": 0.01},
    )  # fmt: skip


def missing_measurement(directory: Path) -> None:
    """One patient lacks a measurement, which was read as NaN; the loop says whose."""
    model = regression()
    inputs, targets = next(patients(1, batch=442))
    inputs[17, 3] = np.nan
    order = np.random.default_rng(0).permutation(442).reshape(-1, 17)

    def inquire(step: int) -> dict[str, list]:
        chosen = order[step]
        guilty = chosen[~np.isfinite(inputs[chosen]).all(axis=1)]
        return {"batch": ["inputs"], "samples": guilty.tolist(), "policy": "ignore"}

    batches = ((inputs[chosen], targets[chosen]) for chosen in order)
    torch_run(
        directory, model, plan_of(0.1, len(order)), batches, nn.functional.mse_loss,
        inquire=inquire,
    )  # fmt: skip


def log_of_zero(directory: Path) -> None:
    """Cross entropy as the logarithm of a softmax: a likelihood is rounded to 0."""
    model = classifier(1, nn.ReLU)

    def naive(logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        likelihood = torch.softmax(100.0 * logits, dim=1)
        return -torch.log(likelihood[torch.arange(len(targets)), targets]).mean()

    torch_run(directory, model, plan_of(0.02, 60), images(60), naive, norms_every=1)


def quadratic(weights: dict[str, jax.Array], inputs: jax.Array, targets: jax.Array) -> jax.Array:
    """The loss of one hidden layer, in JAX."""
    hidden = jnp.tanh(inputs @ weights["hidden"]["w"] + weights["hidden"]["b"])
    return jnp.mean((hidden @ weights["head"]["w"] + weights["head"]["b"] - targets) ** 2)


def jax_weights() -> dict[str, dict[str, jax.Array]]:
    """Of one hidden layer, on patients."""
    draw = np.random.default_rng(0)
    return {
        "hidden": {"w": jnp.array(draw.normal(0, 0.3, (10, 16))), "b": jnp.zeros(16)},
        "head": {"w": jnp.array(draw.normal(0, 0.25, (16, 1))), "b": jnp.zeros(1)},
    }


def jax_run(
    directory: Path,
    optimizer: optax.GradientTransformation,
    rate: Callable[[int], float],
    num_updates: int = 120,
    *,
    batch: int = 64,
    keeps: bool = True,
) -> None:
    """A plain loop of JAX, which may throw away what an update returns."""
    weights = jax_weights()
    state = optimizer.init(weights)

    @jax.jit
    def update(weights, state, step, inputs, targets):
        loss, gradients = jax.value_and_grad(quadratic)(weights, inputs, targets)
        updates, state = optimizer.update(gradients, state, weights)
        found = summarize(weights, gradients, updates, look=looks_at(step, 100))
        return optax.apply_updates(weights, updates), state, loss, found

    with Recorder(directory, total_steps=num_updates) as recorder:
        for step, (inputs, targets) in enumerate(patients(num_updates, batch)):
            new, state, loss, found = update(weights, state, step, inputs, targets)
            recorder.log(step, loss=loss, params=weights, summary=found, lr=rate(step))
            if keeps:
                weights = new


def jax_thrown_away(directory: Path) -> None:
    """What the compiled update returns is not kept."""
    plan = plan_of(0.1, 120)
    jax_run(directory, optax.sgd(plan["lr"]), plan["lr"], keeps=False)


def jax_rate_zero(directory: Path) -> None:
    """A warm-up over no steps, which optax takes for the constant that it starts with."""
    schedule = optax.polynomial_schedule(0.0, 0.1, 1, transition_steps=0)
    jax_run(directory, optax.sgd(schedule), lambda step: float(schedule(step)))


def jax_inverted_mask(directory: Path) -> None:
    """The head was to be trained and the rest to be left; the labels say the opposite."""
    kinds = {"train": optax.sgd(0.1), "leave": optax.set_to_zero()}
    labels = {"hidden": "train", "head": "leave"}
    jax_run(directory, optax.multi_transform(kinds, labels), lambda step: 0.1)


def rate_far_too_low(directory: Path) -> None:
    """A rate of a thousandth of what would do."""
    plan = Plan(Phase("training", 1000, lr=constant(5e-5)))
    jax_run(directory, optax.sgd(plan["lr"]), plan["lr"], 1000, batch=442)


def diverges_to_nan(directory: Path) -> None:
    """Least squares at a rate a few times beyond what is stable: it overflows."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(10, 1))
    plan = Plan(Phase("training", 200, lr=constant(1.0)))
    torch_run(directory, model, plan, patients(200), nn.functional.mse_loss)


def keras_model():
    """One hidden layer, on patients."""
    import keras

    keras.utils.set_random_seed(0)
    layers = keras.layers
    return keras.Sequential(
        [keras.Input((10,)), layers.Dense(16, "tanh", name="hidden"), layers.Dense(1, name="head")],
        name="model",
    )


def keras_run(directory: Path, *, applies: bool) -> None:
    """A loop of one's own around a Keras model on JAX, which keeps the new variables to itself.

    With `applies` the optimizer makes new values for the variables, which nobody assigns; else
    the gradients are all that is computed.
    """
    import keras

    model, optimizer = keras_model(), keras.optimizers.SGD(0.1)
    optimizer.build(model.trainable_variables)

    def loss_of(trainable, rest, inputs, targets):
        outputs, _ = model.stateless_call(trainable, rest, inputs)
        return jnp.mean((outputs - targets) ** 2)

    gradients_of = jax.jit(jax.value_and_grad(loss_of))
    with Recorder(directory) as recorder:
        for step, (inputs, targets) in enumerate(patients(120)):
            values = [one.value for one in model.trainable_variables]
            rest = [one.value for one in model.non_trainable_variables]
            loss, gradients = gradients_of(values, rest, inputs, targets)
            added = None
            if applies:
                state = [one.value for one in optimizer.variables]
                new, _ = optimizer.stateless_apply(state, gradients, values)
                added = [after - before for after, before in zip(new, values, strict=True)]
            paths = [one.path for one in model.trainable_variables]
            recorder.log(
                step,
                loss=loss,
                params=model,
                grads=dict(zip(paths, gradients, strict=True)),
                updates=None if added is None else dict(zip(paths, added, strict=True)),
                lr=0.1,
            )


RUNS: dict[str, tuple[Callable[[Path], None], frozenset[str]]] = {
    "torch, no optimizer.step()": (no_step, frozenset({"never-moved"})),
    "torch, optimizer of a copy": (optimizer_of_a_copy, frozenset({"never-moved"})),
    "torch, new head not held": (new_head_not_held, frozenset({"never-moved"})),
    "torch, rate of 0": (rate_of_a_whole_division, frozenset({"never-moved"})),
    "torch, head in a list": (head_in_a_list, frozenset({"never-moved"})),
    "torch, scales in bfloat16": (in_bfloat16, frozenset({"never-moved"})),
    "JAX, result thrown away": (jax_thrown_away, frozenset({"never-moved"})),
    "JAX, rate of 0": (jax_rate_zero, frozenset({"never-moved"})),
    "JAX, inverted mask": (jax_inverted_mask, frozenset({"never-moved"})),
    "Keras, result thrown away": (partial(keras_run, applies=True), frozenset({"never-moved"})),
    "Keras, no update": (partial(keras_run, applies=False), frozenset({"never-moved"})),
    "torch, head without use": (head_without_use, frozenset({"no-gradient"})),
    "deep sigmoids": (deep_sigmoids, frozenset({"vanishing-gradients"})),
    "deep and steep tanh": (deep_and_steep, frozenset({"exploding-gradients"})),
    "recurrent cliffs": (recurrent_cliffs, frozenset({"exploding-gradients"})),
    "dead ReLUs": (dead_relus, frozenset({"dead-units"})),
    "clipped at a fiftieth": (clipped, frozenset({"clips-most-updates"})),
    "a measurement is missing": (missing_measurement, frozenset({"not-finite"})),
    "logarithm of 0": (log_of_zero, frozenset({"not-finite"})),
    "overflow after divergence": (diverges_to_nan, frozenset({"not-finite", "divergence"})),
    "rate far too low": (rate_far_too_low, frozenset({"rate-too-low"})),
}
"""What trains each and records it in a directory, and the codes of what is wrong with it."""
