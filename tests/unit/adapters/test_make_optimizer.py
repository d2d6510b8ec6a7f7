"""The torch optimizer that a plan names: its groups, its numbers, its clipping."""

import copy

import pytest
import torch
from torch import nn

from glidepath import Optimizer, Phase, Plan, constant, linear, scaled
from glidepath.adapters.optimizers import TABLE
from glidepath.adapters.torch.optimizer import make_optimizer

ADAMW = Optimizer("adamw", weight_decay=0.1)
IN_TORCH = [name for name, row in TABLE.items() if row.torch is not None]


class Model(nn.Module):
    """A backbone of 11 layers and a head whose weight is the embedding's."""

    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(5, 4)
        self.backbone = nn.ModuleList(nn.Linear(4, 4) for _ in range(11))
        self.norm = nn.LayerNorm(4)
        self.head = nn.Linear(4, 5)
        self.head.weight = self.embedding.weight


def plan_of(optimizer=ADAMW, **values):
    return Plan(Phase("a", 10, **{"lr": linear(1.0, 0.0)} | values), optimizer=optimizer)


def grouped(*names, optimizer=ADAMW, **values):
    """A plan with groups, the first of which learns at a tenth."""
    lr = {name: scaled(0.1**i) for i, name in enumerate(names, start=1)}
    return Plan(Phase("a", 10, lr=1.0), lr=lr, groups=names, optimizer=optimizer, **values)


def names_by_group(model, optimizer):
    """The names of the parameters in each of the optimizer's groups."""
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    return [
        (group["name"], sorted(names[id(one)] for one in group["params"]))
        for group in optimizer.param_groups
    ]


@pytest.mark.parametrize("name", IN_TORCH)
def test_it_has_the_values_of_step_0_and_every_constant(name):
    model = nn.Linear(2, 3, bias=False)
    optimizer = make_optimizer(plan_of(Optimizer(name, clip=2.0), lr=linear(0.0, 1.0)), model)
    peer, settings = TABLE[name].torch, Optimizer(name).settings()
    assert isinstance(optimizer, peer.load())
    (group,) = optimizer.param_groups
    assert (group["name"], group["lr"], group["clip"]) == ("default", 0.0, 2.0)
    for constant_name, argument in peer.arguments.items():
        key, _, which = argument.partition(".")
        value = settings.get(constant_name, 0.0)
        for place in (group, optimizer.defaults):
            assert (place[key][int(which)] if which else place[key]) == value
    for argument, value in peer.fixed.items():
        key, _, which = argument.partition(".")
        assert (group[key][int(which)] if which else group[key]) == value
    assert group.get("decays", "none") == (True if "decays" in settings else "none")


@pytest.mark.parametrize("name", IN_TORCH)
def test_it_trains(name, capsys):
    torch.manual_seed(0)
    plan = plan_of(Optimizer(name), lr=constant(0.5 if name == "prodigy" else 1e-2))
    if "weight_decay" in plan.optimizer.settings():
        plan = plan_of(Optimizer(name, weight_decay=0.01), lr=plan["lr"])
    model, x = nn.Linear(3, 2, bias=False), torch.randn(16, 3)
    optimizer, losses = make_optimizer(plan, model), []
    for _ in range(200):
        loss = ((model(x) - x[:, :2]) ** 2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.9 * losses[0]
    assert capsys.readouterr().out == ""


def test_a_plan_that_can_t_be_an_optimizer_in_torch_is_refused():
    model = nn.Linear(2, 1)
    for plan, message in [
        (
            plan_of(None),
            r'the plan names no optimizer: Plan\(\.\.\., optimizer="adamw"\), or in its',
        ),
        (Plan(Phase("a", 1, weight_decay=0.1), optimizer="adamw"), "the plan has no `lr`"),
        (plan_of("lion"), "torch has no lion; it has sgd, momentum, nesterov, adagrad, rmsprop"),
        (plan_of("muon"), r"Muon takes matrices alone, and a parameter has the shape \(1,\)"),
        (plan_of("momentum", momentum=linear(0.0, 0.9)), "`momentum` is 0 at step 0 and not later"),
    ]:
        with pytest.raises(ValueError, match=message):
            make_optimizer(plan, model)


def test_a_momentum_that_begins_at_0_would_differ_which_is_why_it_is_refused():
    weights = nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.SGD([weights], lr=1.0, momentum=0.0)
    for momentum in (0.0, 0.9):
        optimizer.param_groups[0]["momentum"] = momentum
        weights.grad = torch.ones(1)
        optimizer.step()
    assert weights.item() == -2.0  # and not -(1 + 1.9)


def test_prefixes_are_whole_parts_of_names_and_the_longest_counts():
    model = Model()
    plan = grouped("body", "first", "top")
    groups = {"body": "backbone", "first": ["backbone.0", "backbone.1."], "top": ("norm", "head")}
    optimizer = make_optimizer(plan, model, groups=groups)
    assert names_by_group(model, optimizer) == [
        ("default", ["embedding.weight"]),
        ("body", sorted(f"backbone.{i}.{n}" for i in range(2, 11) for n in ("bias", "weight"))),
        ("first", ["backbone.0.bias", "backbone.0.weight", "backbone.1.bias", "backbone.1.weight"]),
        ("top", ["head.bias", "norm.bias", "norm.weight"]),
    ]
    assert [group["lr"] for group in optimizer.param_groups] == pytest.approx([1, 0.1, 0.01, 0.001])


def test_a_function_says_which_group_a_parameter_is_in():
    model = Model()
    plan = grouped("head", weight_decay={"default": 0.3, "head": 0.0}, optimizer="adamw")
    optimizer = make_optimizer(
        plan, model, groups=lambda name: "head" if name.startswith("head") else None
    )
    default, head = optimizer.param_groups
    assert [group["weight_decay"] for group in (default, head)] == [0.3, 0.0]
    assert names_by_group(model, optimizer)[1] == ("head", ["head.bias"])


def test_a_group_may_have_a_number_that_the_rest_has_not():
    plan = Plan(Phase("a", 10, lr=1.0), weight_decay={"head": 0.5}, groups=["head"],
                optimizer="adamw")  # fmt: skip
    optimizer = make_optimizer(plan, Model(), groups={"head": "head"})
    assert [group["weight_decay"] for group in optimizer.param_groups] == [0.01, 0.5]


def test_tied_parameters_count_once_and_frozen_ones_not_at_all():
    model = Model()
    model.norm.requires_grad_(False)
    model.backbone.requires_grad_(False)
    for given in (model, model.named_parameters(), model.named_parameters(remove_duplicate=False)):
        optimizer = make_optimizer(plan_of(), given)
        assert names_by_group(model, optimizer) == [("default", ["embedding.weight", "head.bias"])]


def test_biases_and_norms_do_not_decay_where_matrices_do():
    model = Model()
    named = Optimizer("adamw", decays="matrices", clip=1.0)
    plan = grouped("head", optimizer=named, weight_decay=linear(0.0, 0.2).over(10))
    optimizer = make_optimizer(plan, model, groups={"head": ("head", "norm")})
    shown = [
        (group["name"], len(group["params"]), group["decays"], group["weight_decay"], group["lr"])
        for group in optimizer.param_groups
    ]
    assert shown == [
        ("default", 12, True, 0.0, 1.0),
        ("default, without decay", 11, False, 0.0, 1.0),
        ("head, without decay", 3, False, 0.0, 0.1),
    ]
    assert all(group["clip"] == 1.0 for group in optimizer.param_groups)


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        (None, "the plan has the groups body: say which parameters belong to them, such as"),
        ({"body": "bakbone"}, r"no parameter's name begins with `bakbone`: did you mean `back"),
        ({"bodi": "backbone"}, r"`bodi`, for `backbone.0.weight`, is no group .*mean `body`"),
        ({"body": ["norm", "backbone"], "default": "norm"}, "`norm` is given to `body` and to"),
        ({}, "the plan's group `body` has no parameter: `groups` gives it none that is trained"),
        (lambda name: "bodi", r"`bodi`, for `embedding.weight`, is no group of the plan: did you"),
        (lambda name: None, "the plan's group `body` has no parameter"),
    ],
)  # fmt: skip
def test_groups_that_do_not_fit_are_refused(groups, message):
    with pytest.raises(ValueError, match=message):
        make_optimizer(grouped("body"), Model(), groups=groups)


def test_what_is_no_model_is_refused():
    model = nn.Linear(2, 1)
    for given in (3, model.parameters(), [("weight", 1.0)], torch.ones(2)):
        with pytest.raises(
            TypeError, match="expected a module, or pairs of a name and a parameter"
        ):
            make_optimizer(plan_of(), given)
    with pytest.raises(ValueError, match="the model has no parameter that is trained"):
        make_optimizer(plan_of(), model.requires_grad_(False))


def test_options_are_ways_to_compute_the_same():
    optimizer = make_optimizer(plan_of(), nn.Linear(2, 1), foreach=True)
    assert optimizer.param_groups[0]["foreach"] is True
    with pytest.raises(TypeError, match="AdamW has no option `eps` here; it has foreach, fused"):
        make_optimizer(plan_of(), nn.Linear(2, 1), eps=1e-3)
    with pytest.raises(TypeError, match="RMSprop has no option `fused` here; it has foreach"):
        make_optimizer(plan_of("rmsprop"), nn.Linear(2, 1), fused=True)


def clipped_sgd(constant_clip=1.0, **rest):
    """Two parameters in two groups whose gradients are 3 and 4, 5 together."""
    constants = {} if constant_clip is None else {"clip": constant_clip}
    plan = Plan(Phase("a", 10, lr=1.0, **rest), lr={"b": scaled(1.0)}, groups=["b"],
                optimizer=Optimizer("sgd", **constants))  # fmt: skip
    named = {name: nn.Parameter(torch.zeros(1)) for name in ("a", "b")}
    optimizer = make_optimizer(plan, named.items(), groups={"b": "b"})

    def backward():
        named["a"].grad, named["b"].grad = torch.tensor([3.0]), torch.tensor([-4.0])

    return optimizer, named, backward


def moved(named):
    return [round(one.item(), 6) for one in named.values()]


def test_the_norm_of_all_gradients_together_is_clipped():
    optimizer, named, backward = clipped_sgd()
    backward()
    optimizer.step()
    assert moved(named) == [-0.6, 0.8]
    optimizer, named, backward = clipped_sgd(7.0)
    backward()
    optimizer.step()
    assert moved(named) == [-3.0, 4.0]
    optimizer, named, _ = clipped_sgd()
    optimizer.step()
    named["a"].grad = torch.zeros(1)
    optimizer.step()
    assert moved(named) == [0.0, 0.0]


def test_it_is_clipped_exactly_where_torch_s_own_is_a_millionth_off():
    optimizer, named, backward = clipped_sgd(2.5)
    backward()
    optimizer.step()
    assert named["a"].item() == -1.5
    backward()
    torch.nn.utils.clip_grad_norm_(named.values(), 2.5)
    assert named["a"].grad.item() != 1.5


def test_a_plan_s_clip_is_in_every_group_to_be_driven():
    optimizer, named, backward = clipped_sgd(constant_clip=None, clip=linear(0.5, 5.0))
    assert [group["clip"] for group in optimizer.param_groups] == [0.5, 0.5]
    for group in optimizer.param_groups:
        group["clip"] = 1.0
    backward()
    optimizer.step()
    assert moved(named) == [-0.6, 0.8]


@pytest.mark.parametrize("by_name", [False, True])
def test_gradients_that_a_closure_makes_are_clipped(by_name):
    optimizer, named, backward = clipped_sgd()

    def closure():
        backward()
        return torch.tensor(7.0)

    loss = optimizer.step(closure=closure) if by_name else optimizer.step(closure)
    assert loss.item() == 7.0
    assert moved(named) == [-0.6, 0.8]


@pytest.mark.parametrize("fused", [False, True])
@pytest.mark.parametrize("unscaled_before", [False, True])
def test_gradients_under_a_grad_scaler_are_clipped_as_they_are_without(fused, unscaled_before):
    paths = []
    for scaled_by in (None, 1024.0):
        weights = nn.Parameter(torch.ones(3))
        plan = plan_of(Optimizer("sgd", clip=0.5), lr=constant(0.1))
        optimizer = make_optimizer(plan, {"weights": weights}.items(), fused=fused)
        scaler = torch.amp.GradScaler("cpu", enabled=scaled_by is not None, init_scale=1024.0)
        for factor in (1.0, 2.0, 3.0):
            optimizer.zero_grad()
            scaler.scale((factor * weights**2).sum()).backward()
            if unscaled_before:
                scaler.unscale_(optimizer)
            scaler.step(optimizer)
            scaler.update()
        paths.append(weights.detach().clone())
    assert torch.allclose(*paths, rtol=1e-6)
    assert (1 - paths[0]).norm().item() == pytest.approx(3 * 0.1 * 0.5, rel=1e-5)


@pytest.mark.parametrize("fused", [False, True])
def test_a_step_that_the_scaler_skips_stays_skipped(fused):
    weights = nn.Parameter(torch.ones(3))
    plan = plan_of(Optimizer("adamw", clip=0.5))
    optimizer = make_optimizer(plan, {"weights": weights}.items(), fused=fused)
    scaler = torch.amp.GradScaler("cpu", init_scale=1024.0)
    scaler.scale((weights * float("inf")).sum()).backward()
    scaler.step(optimizer)
    assert weights.detach().tolist() == [1.0, 1.0, 1.0]


def test_its_state_loads_into_one_made_again(tmp_path):
    optimizer, named, backward = clipped_sgd()
    backward()
    optimizer.step()
    torch.save(optimizer.state_dict(), tmp_path / "state.pt")
    again, named, backward = clipped_sgd(3.0)
    again.load_state_dict(torch.load(tmp_path / "state.pt", weights_only=True))
    assert again.param_groups[1]["name"] == "b"
    backward()
    again.step()
    assert moved(named) == [-0.6, 0.8]


def test_a_state_without_clip_is_no_reason_to_stop_clipping_in_silence():
    optimizer, _, backward = clipped_sgd()
    state = copy.deepcopy(optimizer.state_dict())
    for group in state["param_groups"]:
        del group["clip"]
    optimizer.load_state_dict(state)
    backward()
    with pytest.raises(RuntimeError, match="have lost their `clip`"):
        optimizer.step()


def test_schedule_free_optimizers_come_ready_to_train():
    weights = nn.Parameter(torch.ones(3))
    optimizer = make_optimizer(plan_of("schedule_free_sgd"), {"weights": weights}.items())
    for _ in range(2):
        weights.grad = torch.ones(3)
        optimizer.step()
    at_y = weights.detach().clone()
    optimizer.eval()
    assert not torch.equal(weights, at_y)
