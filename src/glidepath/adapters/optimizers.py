"""The one table of optimizers: what each one of a plan is called in torch and in optax.

Each framework is given every number, so that none of its own defaults counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from types import MappingProxyType
from typing import Any

from glidepath.adapters.needs import needs


@dataclass(frozen=True)
class Peer:
    """A framework's optimizer.

    Attributes:
        path: of the class, or the function that makes it.
        arguments: what each of our constants is called there; "betas.0" is the first of a pair.
        fixed: what it is given besides, so that it is the same algorithm in both frameworks.
        needs: the extra of glidepath that installs it.
        since: the version of its package that it came with, if that is a recent one.
        around: what we put around it, and why.
    """

    path: str
    arguments: Mapping[str, str]
    fixed: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    needs: str = "torch"
    since: str = ""
    around: str = ""

    def load(self) -> Any:
        """The class or function.

        Raises:
            ModuleNotFoundError: with the command that installs what is missing.
            ValueError: if the installed version is too old.
        """
        module, _, name = self.path.rpartition(".")
        with needs(self.needs):
            place = import_module(module)
        if not hasattr(place, name):
            package = import_module(module.partition(".")[0])
            since = f" came with {package.__name__} {self.since}" if self.since else " is missing"
            raise ValueError(f"{self.path}{since}, and this is {package.__version__}")
        return getattr(place, name)


@dataclass(frozen=True)
class Row:
    """One optimizer in both.

    Attributes:
        torch: None where torch has none.
        optax: in optax.
        differs: how the two differ, given the same numbers; "" where they do not.
    """

    torch: Peer | None
    optax: Peer
    differs: str = ""


def _torch(path: str, *names: str, **rest: Any) -> Peer:
    """Constants under their own names, and the betas as a pair."""
    arguments = {name: f"betas.{name[-1] == '2':d}" if name in BETAS else name for name in names}
    return Peer(path, arguments | rest.pop("renamed", {}), **rest)


def _optax(path: str, *names: str, **rest: Any) -> Peer:
    """Constants under their own names, but for what optax abbreviates."""
    arguments = {name: SHORT.get(name, name) for name in names}
    return Peer(path, arguments | rest.pop("renamed", {}), needs="jax", **rest)


BETAS = ("beta1", "beta2")
SHORT = {"lr": "learning_rate", "beta1": "b1", "beta2": "b2", "decays": "mask"}
DECAYED = "after optax.add_decayed_weights, for it has no decay of its own"
NS = (3.4445, -4.775, 2.0315)
"""Jordan's coefficients of the Newton-Schulz iteration."""

TABLE = {
    "sgd": Row(
        _torch(
            "torch.optim.SGD", "lr", "weight_decay",
            fixed={"momentum": 0.0, "dampening": 0.0, "nesterov": False},
        ),
        _optax(
            "optax.sgd", "lr", "weight_decay", "decays",
            fixed={"momentum": None, "nesterov": False}, around=DECAYED,
        ),
    ),
    "momentum": Row(
        _torch(
            "torch.optim.SGD", "lr", "momentum", "weight_decay",
            fixed={"dampening": 0.0, "nesterov": False},
        ),
        _optax(
            "optax.sgd", "lr", "momentum", "weight_decay", "decays",
            fixed={"nesterov": False}, around=DECAYED,
        ),
    ),
    "nesterov": Row(
        _torch(
            "torch.optim.SGD", "lr", "momentum", "weight_decay",
            fixed={"dampening": 0.0, "nesterov": True},
        ),
        _optax(
            "optax.sgd", "lr", "momentum", "weight_decay", "decays",
            fixed={"nesterov": True}, around=DECAYED,
        ),
    ),
    "adagrad": Row(
        _torch(
            "torch.optim.Adagrad", "lr", "eps",
            renamed={"initial_accumulator": "initial_accumulator_value"},
            fixed={"lr_decay": 0.0, "weight_decay": 0.0},
        ),
        _optax(
            "optax.adagrad", "lr", "eps",
            renamed={"initial_accumulator": "initial_accumulator_value"},
            around="given eps squared, for it adds eps inside the root",
        ),
        "torch divides by sqrt(s) + eps, optax by sqrt(s + eps^2): by eps / sqrt(s) apart at most",
    ),
    "rmsprop": Row(
        _torch(
            "torch.optim.RMSprop", "lr", "eps", "momentum",
            renamed={"beta2": "alpha"},
            fixed={"weight_decay": 0.0, "centered": False},
        ),
        _optax(
            "optax.rmsprop", "lr", "eps", "momentum",
            renamed={"beta2": "decay"},
            fixed={
                "initial_scale": 0.0, "eps_in_sqrt": False, "centered": False, "nesterov": False,
                "bias_correction": False,
            },
            around="with its rate at 1 and ours behind it, for its momentum remembers old rates",
        ),
    ),
    "adam": Row(
        _torch(
            "torch.optim.Adam", "lr", "beta1", "beta2", "eps",
            fixed={"weight_decay": 0.0, "amsgrad": False},
        ),
        _optax(
            "optax.adam", "lr", "beta1", "beta2", "eps",
            fixed={"eps_root": 0.0, "nesterov": False},
        ),
    ),
    "adamw": Row(
        _torch(
            "torch.optim.AdamW", "lr", "beta1", "beta2", "eps", "weight_decay",
            fixed={"amsgrad": False},
        ),
        _optax(
            "optax.adamw", "lr", "beta1", "beta2", "eps", "weight_decay", "decays",
            fixed={"eps_root": 0.0, "nesterov": False},
        ),
    ),
    "adafactor": Row(
        _torch(
            "torch.optim.Adafactor", "lr", "weight_decay",
            renamed={"eps": "eps.0"},
            fixed={"beta2_decay": -0.8, "eps.1": 1e-3, "d": 1.0},
            since="2.5",
        ),
        _optax(
            "optax.adafactor", "lr", "eps",
            renamed={"weight_decay": "weight_decay_rate", "decays": "weight_decay_mask"},
            fixed={
                "min_dim_size_to_factor": 1, "decay_rate": 0.8, "decay_offset": 0,
                "multiply_by_parameter_scale": True, "clipping_threshold": 1.0, "momentum": None,
                "factored": True,
            },
            around="given eps squared, and weight_decay times lr, by which it does not multiply it",
        ),
        "torch takes min(lr, 1 / sqrt(t)) for lr, and keeps v from 0 by a maximum where optax adds",
    ),
    "lion": Row(
        None,
        _optax("optax.lion", "lr", "beta1", "beta2", "weight_decay", "decays"),
    ),
    "lamb": Row(
        None,
        _optax(
            "optax.lamb", "lr", "beta1", "beta2", "eps", "weight_decay", "decays",
            fixed={"eps_root": 0.0},
        ),
    ),
    "muon": Row(
        _torch(
            "torch.optim.Muon", "lr", "momentum", "eps", "weight_decay",
            fixed={
                "nesterov": True, "ns_coefficients": NS, "ns_steps": 5, "adjust_lr_fn": "original",
            },
            since="2.9",
        ),
        _optax(
            "optax.contrib.muon", "lr", "eps", "weight_decay",
            renamed={"momentum": "beta", "decays": "weight_decay_mask"},
            fixed={
                "ns_coeffs": NS, "ns_steps": 5, "nesterov": True, "adaptive": False,
                "adam_b1": 0.9, "adam_b2": 0.999, "adam_eps_root": 0.0, "adam_weight_decay": 0.0,
            },
        ),
        "torch takes matrices alone, [outputs, inputs], and iterates in bfloat16; optax has "
        "[inputs, outputs], corrects the momentum's bias, and gives NAdam what is no matrix",
    ),
    "schedule_free_adamw": Row(
        _torch(
            "schedulefree.AdamWScheduleFree", "lr", "beta1", "beta2", "eps", "weight_decay",
            fixed={"warmup_steps": 0, "r": 0.0, "weight_lr_power": 2.0},
            needs="optimizers",
        ),
        _optax(
            "optax.contrib.schedule_free_adamw", "lr", "beta1", "beta2", "eps", "weight_decay",
            "decays",
            fixed={"weight_lr_power": 2.0},
            around="made of the same parts, with a mask for the decay",
        ),
    ),
    "schedule_free_sgd": Row(
        _torch(
            "schedulefree.SGDScheduleFree", "lr", "momentum", "weight_decay",
            fixed={"warmup_steps": 0, "r": 0.0, "weight_lr_power": 2.0},
            needs="optimizers",
        ),
        _optax(
            "optax.contrib.schedule_free_sgd", "lr", "weight_decay", "decays",
            renamed={"momentum": "b1"},
            fixed={"weight_lr_power": 2.0},
            around="made of the same parts, with a mask for the decay",
        ),
    ),
    "prodigy": Row(
        _torch(
            "prodigyopt.Prodigy", "lr", "beta1", "beta2", "eps", "weight_decay", "d0", "d_coef",
            "safeguard_warmup",
            fixed={
                "beta3": None, "decouple": True, "use_bias_correction": True,
                "growth_rate": float("inf"), "slice_p": 1,
            },
            needs="optimizers",
        ),
        _optax(
            "optax.contrib.prodigy", "lr", "beta1", "beta2", "eps", "weight_decay",
            "safeguard_warmup",
            renamed={"d0": "estim_lr0", "d_coef": "estim_lr_coef"},
            fixed={"beta3": None},
            around="given its betas as a pair",
        ),
        "where lr is 0 in the first update, torch waits and optax comes to NaN, "
        "unless safeguard_warmup",
    ),
}  # fmt: skip
"""By the name in plans."""
