"""After a sweep over rates everything of torch is as before, to the last bit."""

import math
import random

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from glidepath import linear  # noqa: E402
from glidepath.adapters.torch import PlanScheduler  # noqa: E402
from glidepath.diagnosis.finding_rates import find_rate  # noqa: E402

X = torch.tensor(np.random.default_rng(0).normal(size=(16, 4)), dtype=torch.float32)
BATCHES = [X] * 100


class Net(torch.nn.Module):
    """All that a state dict has and has not: buffers, chance, attributes that change."""

    def __init__(self):
        super().__init__()
        self.first = torch.nn.Linear(4, 8)
        self.norm = torch.nn.BatchNorm1d(8)
        self.drop = torch.nn.Dropout(0.5)
        self.last = torch.nn.Linear(8, 1)
        self.register_buffer("unsaved", torch.zeros(3), persistent=False)
        self.num_calls, self.seen, self.hidden = 0, [], torch.zeros(2)

    def forward(self, x):
        self.num_calls += 1
        self.seen.append(self.num_calls)
        self.hidden += 1
        self.unsaved += x.mean()
        return self.last(self.drop(torch.relu(self.norm(self.first(x)))))


def sgd(parameters):
    return torch.optim.SGD(parameters, lr=0.01, momentum=0.9)


def adam(parameters):
    return torch.optim.Adam(parameters, lr=0.01)


def adam_with_a_tensor(parameters):
    return torch.optim.Adam(parameters, lr=torch.tensor(0.01), foreach=False)


def adamw_in_groups(parameters):
    first, *rest = parameters
    groups = [{"params": [first], "weight_decay": 0.5}, {"params": rest, "lr": 0.1}]
    return torch.optim.AdamW(groups, lr=0.01, amsgrad=True)


def lbfgs(parameters):
    return torch.optim.LBFGS(parameters, lr=0.01, max_iter=2)


OPTIMIZERS = [sgd, adam, adam_with_a_tensor, adamw_in_groups, lbfgs]


def update(model, optimizer, x):
    def closure():
        optimizer.zero_grad()
        loss = (model(x) - 1).square().mean()
        loss.backward()
        return loss

    return optimizer.step(closure)


def at_rate(state, x, rate):
    for group in state[1].param_groups:
        group["lr"] = rate
    return update(*state[:2], x)


def made(make, num_updates):
    torch.manual_seed(0)
    model = Net()
    optimizer = make(model.parameters())
    for _ in range(num_updates):
        update(model, optimizer, X)
    return model, optimizer


def bits(thing):
    """A value that is equal to another one only if all bits are."""
    if isinstance(thing, torch.Tensor):
        data = thing.detach().reshape(-1)
        return str(thing.dtype), tuple(thing.shape), data.view(torch.uint8).numpy().tobytes()
    if isinstance(thing, dict):
        return {key: bits(one) for key, one in thing.items()}
    return [bits(one) for one in thing] if isinstance(thing, list | tuple) else thing


def everything(model, optimizer):
    return bits(
        {
            "parameters": dict(model.named_parameters()),
            "buffers": dict(model.named_buffers()),
            "gradients": [one.grad for one in model.parameters()],
            "trained": [one.requires_grad for one in model.parameters()],
            "modes": [one.training for one in model.modules()],
            "attributes": [model.num_calls, model.seen, model.hidden],
            "optimizer": optimizer.state_dict(),
            "chance": [torch.get_rng_state(), random.getstate()],
        }
    )


class Broken(Exception):
    pass


def whole(step):
    return step


def diverging(step):
    return lambda state, x, rate: step(state, x, rate) if rate < 1e-3 else math.nan


def breaking(step, error=Broken):
    def broken(state, x, rate):
        loss = step(state, x, rate)
        if rate > 1e-3:
            raise error
        return loss

    return broken


def interrupted(step):
    return breaking(step, KeyboardInterrupt)


@pytest.mark.parametrize("ending", [whole, diverging, breaking, interrupted])
@pytest.mark.parametrize("num_updates", [0, 3])
@pytest.mark.parametrize("make", OPTIMIZERS)
def test_everything_is_as_before_however_it_ends(make, num_updates, ending):
    state = made(make, num_updates)
    before = everything(*state)
    try:
        sweep = find_rate(ending(at_rate), list(state), BATCHES, lowest=1e-5, num_steps=20)
    except (Broken, KeyboardInterrupt):
        assert ending in (breaking, interrupted)
    else:
        assert (sweep.diverged_at is not None) or ending is whole
    assert everything(*state) == before


@pytest.mark.parametrize("num_updates", [0, 3])
@pytest.mark.parametrize("make", OPTIMIZERS)
def test_training_goes_on_as_if_there_had_been_no_sweep(make, num_updates):
    expected = made(make, num_updates + 5)
    state = made(make, num_updates)
    find_rate(at_rate, list(state), BATCHES, lowest=1e-5, num_steps=20)
    for _ in range(5):
        update(*state, X)
    assert everything(*state) == everything(*expected)


def test_what_others_hold_on_to_is_the_same_and_not_equal_alone():
    model, optimizer = made(adam_with_a_tensor, 1)
    first = optimizer.param_groups[0]
    held = [optimizer.param_groups, first, first["lr"], model.first.weight, model.first.weight.grad]
    find_rate(at_rate, [model, optimizer], BATCHES)
    first = optimizer.param_groups[0]
    now = [optimizer.param_groups, first, first["lr"], model.first.weight, model.first.weight.grad]
    assert all(a is b for a, b in zip(held, now, strict=True))
    assert first["lr"].item() == pytest.approx(0.01)


def test_an_optimizer_that_was_cold_is_cold():
    model, optimizer = made(adam, 0)
    find_rate(at_rate, [model, optimizer], BATCHES)
    assert optimizer.state_dict()["state"] == {}
    assert all(one.grad is None for one in model.parameters())


def test_modes_flags_and_data_that_a_step_changes_are_as_before():
    model, optimizer = made(sgd, 1)
    model.drop.eval()
    model.first.bias.requires_grad_(False)
    before = everything(model, optimizer)

    def step(state, x, rate):
        model.train()
        model.first.bias.requires_grad_(True)
        model.last.weight.data = torch.zeros(1, 8, dtype=torch.float64).float()
        model.norm.weight.grad = None
        model.later = torch.nn.Linear(1, 1)
        return at_rate(state, x, rate)

    find_rate(step, [model, optimizer], BATCHES)
    assert everything(model, optimizer) == before
    assert not hasattr(model, "later")


def test_gradients_that_add_up_are_as_before():
    model, optimizer = made(sgd, 1)
    before = everything(model, optimizer)

    def step(state, x, rate):
        loss = model(x).square().mean()
        loss.backward()
        return loss

    find_rate(step, [model, optimizer], BATCHES)
    assert everything(model, optimizer) == before


def test_special_values_keep_their_bits():
    weight = torch.tensor([-0.0, math.nan, math.inf, 1e-45])
    half = weight.to(torch.bfloat16)
    before = bits([weight, half])
    generator = torch.Generator()

    def step(state, x, rate):
        weight.fill_(1.0)
        half.data = torch.zeros(7)
        return 1.0

    find_rate(step, {"generator": generator, "weights": [weight, half]}, BATCHES, num_steps=10)
    assert bits([weight, half]) == before


def test_chance_of_torch_is_as_before_for_objects_and_for_arrays():
    for state in (list(made(adam, 0)), {"w": np.ones(2)}):
        torch.manual_seed(3)
        expected = torch.rand(3)
        torch.manual_seed(3)

        def step(held, x, rate):
            return (held, torch.rand(1).mean()) if isinstance(held, dict) else torch.rand(1).mean()

        find_rate(step, state, BATCHES)
        assert torch.rand(3).tolist() == expected.tolist()


def test_shuffled_batches_come_in_the_same_order_afterwards():
    data = torch.arange(64.0)[:, None].expand(64, 4)
    loader = torch.utils.data.DataLoader(data, batch_size=4, shuffle=True)
    torch.manual_seed(5)
    expected = [batch.tolist() for batch in loader]
    torch.manual_seed(5)
    find_rate(at_rate, list(made_and_seeded(5)), loader, num_steps=16)
    assert [batch.tolist() for batch in loader] == expected


def made_and_seeded(seed):
    state = made(sgd, 0)
    torch.manual_seed(seed)
    return state


def test_what_a_step_puts_into_the_state_is_taken_out():
    model, optimizer = made(sgd, 0)
    state = {"step": 0, "all": [model, optimizer], "log": []}

    def step(held, x, rate):
        held["step"] += 1
        held["log"].append(held["step"])
        held["new"] = 1
        return at_rate(held["all"], x, rate)

    sweep = find_rate(step, state, BATCHES)
    assert len(sweep.losses) > 10
    assert state == {"step": 0, "all": [model, optimizer], "log": []}


def test_generators_of_random_numbers_are_as_before():
    generators = [torch.Generator(), np.random.default_rng(0), random.Random(0),
                  np.random.RandomState(0)]  # fmt: skip

    def drawn():
        a, b, c, d = generators
        return torch.rand(2, generator=a).tolist(), b.normal(), c.random(), d.normal()

    def step(state, x, rate):
        drawn()
        return 1.0

    states = [generators[0].get_state(), generators[1].bit_generator.state]
    find_rate(step, generators, BATCHES)
    first = drawn()
    generators[0].set_state(states[0])
    generators[1].bit_generator.state = states[1]
    generators[2:] = [random.Random(0), np.random.RandomState(0)]
    assert drawn() == first


@pytest.mark.parametrize("steps_inside", [False, True])
def test_a_scheduler_of_torch_goes_on(steps_inside):
    def rates(sweeps):
        model, optimizer = made(sgd, 0)
        scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 2, gamma=0.5)
        seen = []
        for i in range(6):
            if sweeps and i == 3:
                find_rate(step, [model, optimizer, scheduler], BATCHES, num_steps=10)
            update(model, optimizer, X)
            scheduler.step()
            seen.append(scheduler.get_last_lr())
        return seen, everything(model, optimizer)

    def step(state, x, rate):
        loss = at_rate(state, x, rate)
        if steps_inside:
            state[2].step()
        return loss

    assert rates(sweeps=True) == rates(sweeps=False)


def test_a_scheduler_that_follows_a_plan_goes_on():
    def rates(sweeps):
        model, optimizer = made(adam_with_a_tensor, 0)
        scheduler = PlanScheduler(optimizer, linear(0.1, 0.0).over(10))
        seen = []
        for i in range(6):
            if sweeps and i == 3:
                find_rate(at_rate, [model, optimizer, scheduler], BATCHES, num_steps=10)
            update(model, optimizer, X)
            scheduler.step()
            seen.append([float(rate) for rate in scheduler.get_last_lr()])
        return seen, everything(model, optimizer)

    assert rates(sweeps=True) == rates(sweeps=False)


def test_a_scaler_that_was_left_in_mid_step_is_as_before():
    model, optimizer = made(sgd, 0)
    scaler = torch.amp.GradScaler("cpu", init_scale=2.0**10, growth_interval=2)

    def step(state, x, rate):
        optimizer.zero_grad()
        loss = (model(x) - 1).square().mean()
        scaler.scale(loss).backward()
        scaler.unscale_(optimizer)
        if rate > 1e-3:
            raise Broken
        scaler.step(optimizer)
        scaler.update()
        return loss

    with pytest.raises(Broken):
        find_rate(step, {"all": (model, optimizer), "scaler": scaler}, BATCHES)
    assert scaler.state_dict()["scale"] == 2.0**10
    assert (scaler._scale, dict(scaler._per_optimizer_states)) == (None, {})
    step(None, X, 1e-4)


class Own:
    """An average that says its state, and forgets to take some of it back."""

    def __init__(self, forgets=False, error=None):
        self.mean, self.num, self.forgets, self.error = torch.zeros(2), 0, forgets, error

    def state_dict(self):
        return {"mean": self.mean, "num": self.num, "nothing": math.nan}

    def load_state_dict(self, state):
        if self.error:
            raise self.error
        self.mean.copy_(state["mean"])
        self.num = -1 if self.forgets else state["num"]


def test_your_own_objects_are_restored_by_their_state_dicts():
    own = Own()

    def step(state, x, rate):
        own.mean += 1
        own.num += 1
        return 1.0

    find_rate(step, own, BATCHES)
    assert (own.mean.tolist(), own.num) == ([0.0, 0.0], 0)


def never(state, x, rate):
    raise AssertionError("an update was done")


@pytest.mark.parametrize(
    ("make", "error", "says"),
    [
        (lambda: [Own(forgets=True)], TypeError, "Own, .* its state is another one"),
        (lambda: [Own(error=OSError("no"))], TypeError, "Own, .* can't be copied .* OSError: no"),
        (lambda: [torch.nn.Linear(1, 1), object()], TypeError, "has a object, .* your own need"),
        (lambda: [torch.nn.LazyLinear(1)], ValueError, "run one batch through it first"),
        (lambda: made(sgd, 0)[1], ValueError, r"give both, \[model, optimizer\]"),
        (lambda: [torch.nn.Linear(1, 1), made(sgd, 0)[1]], ValueError, "the module whose param"),
        (object, TypeError, "`state` has a object, which can't be restored"),
    ],
)  # fmt: skip
@pytest.mark.filterwarnings("ignore:Lazy modules are a new feature")
def test_what_cannot_be_restored_is_refused_before_the_first_update(make, error, says):
    with pytest.raises(error, match=says):
        find_rate(never, make(), BATCHES)


def test_an_optimizer_that_was_not_given_is_stopped_before_it_updates_anything():
    model, optimizer = made(adam, 1)
    before = everything(model, optimizer)
    step = lambda state, x, rate: at_rate([model, optimizer], x, rate)
    with pytest.raises(ValueError, match="uses a Adam that `state` does not have"):
        find_rate(step, model, BATCHES)
    optimizer.param_groups[0]["lr"] = 0.01  # which was set outside of what was given
    assert everything(model, optimizer) == before
    update(model, optimizer, X)  # and it is free again


@pytest.mark.parametrize("state", [None, (), "x", {}])
def test_a_state_of_nothing_is_refused_before_the_first_update(state):
    with pytest.raises(TypeError, match=r"`state` must have all that an update changes, and"):
        find_rate(never, state, BATCHES)


@pytest.mark.parametrize("of", [lambda model: 5.0, lambda model: model, lambda model: [model]])
def test_what_a_refused_step_has_set_is_as_before(of):
    model, optimizer = made(adam, 1)
    weights = [one.detach().clone() for one in model.parameters()]
    rate = optimizer.param_groups[0]["lr"]
    step = lambda state, x, rate: at_rate([model, optimizer], x, rate)
    with pytest.raises(ValueError, match="uses a Adam that `state` does not have"):
        find_rate(step, of(model), BATCHES)
    assert all(map(torch.equal, weights, model.parameters()))
    if of(model) != 5.0:  # of which nobody knows what it means
        assert optimizer.param_groups[0]["lr"] == rate


def test_an_optimizer_of_other_tensors_is_left_alone():
    model, optimizer = made(sgd, 0)

    def step(state, x, rate):
        own = torch.ones(2, requires_grad=True)
        inner = torch.optim.SGD([own], lr=0.1)
        own.square().sum().backward()
        inner.step()
        return at_rate(state, x, rate)

    assert len(find_rate(step, [model, optimizer], BATCHES, highest=1e-3).losses) == 100


def test_a_loss_comes_alone_from_a_state_that_is_changed_in_place():
    model, optimizer = made(adam, 1)
    before = everything(model, optimizer)
    step = lambda state, x, rate: (state, at_rate(state, x, rate))
    with pytest.raises(TypeError, match=r"must return the loss alone .* got a tuple of 2"):
        find_rate(step, [model, optimizer], BATCHES)
    assert everything(model, optimizer) == before


def test_tensors_in_the_functional_way_are_copied_and_those_that_a_step_spoils_put_back():
    weights = {"w": torch.tensor([3.0, 4.0], requires_grad=True), "n": np.zeros(2)}

    def step(state, x, rate):
        (gradient,) = torch.autograd.grad((state["w"] ** 2).sum(), [state["w"]])
        with torch.no_grad():
            weights["w"] += 1.0
            weights["n"] += 1.0
        state["n"] += 1.0
        return {**state, "w": state["w"] - rate * gradient}, (state["w"] ** 2).sum()

    sweep = find_rate(step, weights, BATCHES)
    assert weights["w"].tolist() == [3.0, 4.0]
    assert weights["n"].tolist() == [0.0, 0.0]
    assert weights["w"].requires_grad
    assert sweep.diverged_at > 1.0  # 2 over the curvature of 2
