"""The record of what a torch optimizer's updates do, seen by hooks on it."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any, final

import torch
from torch import nn
from torch.optim import Optimizer

from glidepath.adapters.torch.places import copied, key_of, name_of
from glidepath.adapters.torch.scheduler import PlanScheduler
from glidepath.adapters.torch.updates import unwrapped, watch
from glidepath.plan import Plan
from glidepath.plan.values import quantity_of
from glidepath.record import Recorder, StepSizes, Summary, summarize
from glidepath.record.arrays import named_arrays
from glidepath.record.step_sizes import step_sizes

Named = dict[str, torch.Tensor]


def record_updates(optimizer: Optimizer, recorder: Recorder, model: nn.Module) -> Updates:
    """Let a record see every update of an optimizer, for as long as it is open.

    Then `recorder.log(step, loss=loss)` is all that is left to you, once an update. Its line gets
    the number of updates so far, the values that the update really used, and, where they are due,
    the norms of parameters, gradients and the update; single arrays are looked at where that is
    due. A run whose optimizer is never called, or holds other parameters, is seen as such.

    Gradients are those that the optimizer gets. If you clip them yourself, call `look()` of what
    is returned before you do: the record wants them unclipped. Under `torch.compile` an
    optimizer's step is counted, and nothing else of it is seen: rates are the plan's, and the
    parameters are those after the update.

    Args:
        optimizer: of torch, or what accelerate or Lightning have put around one.
        recorder: of the run; it sees one optimizer.
        model: that is trained, also where the optimizer holds other parameters.
    Returns:
        What sees the updates; you need not keep it.
    Raises:
        TypeError: if an argument is none of these.
        ValueError: if the recorder sees an optimizer already.
    Example:
        >>> import tempfile
        >>> from glidepath.record import History
        >>> model = nn.Linear(1, 1)
        >>> optimizer = torch.optim.SGD(model.parameters(), lr=0.25)
        >>> directory = tempfile.mkdtemp() + "/run"
        >>> with Recorder(directory) as recorder:
        ...     updates = record_updates(optimizer, recorder, model)
        ...     for step in range(2):
        ...         loss = model(torch.ones(1, 1)).square().mean()
        ...         loss.backward()
        ...         optimizer.step()
        ...         recorder.log(step, loss=loss)
        >>> History.open(directory).column("num_updates").tolist()
        [1.0, 2.0]
    """
    if not isinstance(optimizer, Optimizer):
        raise TypeError(f"`optimizer` must be one of torch's, got {type(optimizer).__name__}")
    if not isinstance(model, nn.Module):
        raise TypeError(f"`model` must be a torch module, got {type(model).__name__}")
    if any(isinstance(source, Updates) for source in recorder.sources):
        raise ValueError(
            "the recorder sees the updates of an optimizer already, and a step is an update of "
            "one: make a Recorder for each optimizer, with a directory of its own"
        )
    updates = Updates(unwrapped(optimizer), recorder, _bare(model))
    recorder.sources.append(updates)
    return updates


@final
class Updates:
    """What an optimizer's updates do to a model, kept until the record's next line.

    `record_updates` makes it.
    """

    def __init__(self, optimizer: Optimizer, recorder: Recorder, model: nn.Module) -> None:
        self._optimizer, self._recorder, self._model = optimizer, recorder, model
        self._num_before = recorder.next_step  # of updates: those of the run that is resumed
        self._num_new = 0
        self._has_looked = False
        self._values: dict[str, Any] | None = None
        self._summary: Summary | None = None
        self._before: Named | None = None
        self._facts: object = None
        self._is_sharded = any(_is_shard(one) for one in model.parameters())
        if self._is_sharded:
            recorder.notice(
                "the parameters are sharded over processes: their norms are not recorded"
            )
        self._describe()
        watch(optimizer, self)
        _call_first(optimizer, self)

    def look(self, scaler: torch.amp.GradScaler | None = None) -> None:
        """See the gradients and the parameters of the coming update, if that was not done yet.

        Args:
            scaler: by which the gradients are still multiplied, if they are.
        """
        if self._has_looked or self not in self._recorder.sources:
            return
        self._has_looked = True
        self._values = used_values(self._recorder.plan, self._optimizer)
        self._summary = self._before = None
        step = max(self._recorder.next_step, self._num_before + self._num_new)
        if self._recorder.norms_at(step) and not self._is_sharded:
            self._summary = self._summarized(step, scaler)
            self._before = {name: one.detach().clone() for name, one in self._held().items()}

    def before_update(self) -> None:
        """Nothing: the hook that comes before all others looks."""

    def after_update(self) -> None:
        """Count it, and see what it did."""
        self._num_new += 1
        if torch.compiler.is_compiling():
            return
        self._has_looked = False
        before, self._before = self._before, None
        if before is not None and self._summary is not None:
            sizes = self._step_sizes() if self._summary.looked else None
            norms = self._update_norms(before, self._summary.parameter_norms.new_zeros(()))
            self._summary = replace(self._summary, update_norms=norms, step_sizes=sizes)

    def _step_sizes(self) -> StepSizes | None:
        """Of an adaptive optimizer; others have none."""
        try:
            return step_sizes(self._optimizer, params=self._model)
        except TypeError:
            return None

    def __call__(self, step: int) -> Mapping[str, Any]:
        """The figures of a line, as `Recorder.sources` gives them."""
        num_new, self._num_new = self._num_new, 0
        values, self._values = self._values, None
        summary, self._summary = self._summary, None
        self._num_before += num_new
        self._has_looked, self._before = False, None
        if self._recorder.looks_at(step):
            self._describe()
        is_due = self._recorder.norms_at(step) or not num_new
        if summary is None and is_due and not self._is_sharded:
            summary = self._summarized(step)
        figures: dict[str, Any] = {"num_updates": self._num_before}
        if not num_new and _has_overflowed(summary):
            # `GradScaler` has left the update out: it used no rate, and what the optimizer has by
            # now may be the next one's.
            figures["skipped"] = True
        elif values is not None or not num_new:
            figures |= values or used_values(self._recorder.plan, self._optimizer)
        return figures if summary is None else figures | {"summary": summary}

    def _summarized(self, step: int, scaler: torch.amp.GradScaler | None = None) -> Summary:
        arrays = named_arrays(self._model)
        grads = {name: _dense(one.grad) for name, one in arrays.items() if one.grad is not None}
        summary = summarize(arrays, grads or None, look=self._recorder.looks_at(step))
        # A fused optimizer gets gradients that are still scaled, and is told the scale.
        told = getattr(self._optimizer, "grad_scale", None)
        scale = told if scaler is None else scaler.get_scale()
        if scale is None or summary.gradient_norms is None:
            return summary
        return replace(summary, gradient_norms=summary.gradient_norms / scale)

    def _update_norms(self, before: Named, nothing: torch.Tensor) -> torch.Tensor:
        """Of what the update added to each array; one that the optimizer lacks gets nothing."""
        arrays, norms = named_arrays(self._model), {}
        if before:
            with torch.no_grad():
                added = {name: arrays[name] - one for name, one in before.items()}
            norms = dict(zip(added, summarize(added, look=False).parameter_norms, strict=True))
        return torch.stack([norms.get(name, nothing) for name in arrays])

    def _held(self) -> Named:
        """The model's arrays that the optimizer holds."""
        held = {id(one) for group in self._optimizer.param_groups for one in group["params"]}
        return {name: one for name, one in named_arrays(self._model).items() if id(one) in held}

    def _describe(self) -> None:
        """Write what arrays there are, if that has changed: layers may be frozen, or added."""
        held = set(self._held())
        facts = {name: (name in held, one.requires_grad)
                 for name, one in named_arrays(self._model).items()}  # fmt: skip
        if facts != self._facts:
            self._facts = facts
            self._recorder.describe(self._recorder.next_step, self._model, held=held)


def _has_overflowed(summary: Summary | None) -> bool:
    """Whether a gradient is not finite."""
    if summary is None or summary.gradient_norms is None:
        return False
    return not bool(torch.isfinite(summary.gradient_norms).all())


def _call_first(optimizer: Optimizer, updates: Updates) -> None:
    """Look before each update, and before other hooks, of which one may clip."""
    alive = weakref.ref(updates)

    def before(
        _: Optimizer, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any]] | None:
        seeing = None if torch.compiler.is_compiling() else alive()
        if seeing is None:
            return None
        first, *rest = args[1:] or (kwargs.get("closure"),)
        if first is None:
            seeing.look()
            return None
        closure = _looking(first, seeing)
        if len(args) > 1:
            return (args[0], closure, *rest), kwargs
        return args, kwargs | {"closure": closure}

    handle = optimizer.register_step_pre_hook(before)
    optimizer._optimizer_step_pre_hooks.move_to_end(handle.id, last=False)
    weakref.finalize(updates, handle.remove)


def _looking(closure: Callable[[], Any], updates: Updates) -> Callable[[], Any]:
    """A closure makes the gradients; of several calls, as LBFGS makes them, the first counts."""

    def closed() -> Any:
        loss = closure()
        updates.look()
        return loss

    return closed


def used_values(plan: Plan | None, optimizer: Optimizer) -> dict[str, Any]:
    """What stands in an optimizer now, by the plan's keys; the first group's rate at least.

    Args:
        plan: that the run follows, or None.
        optimizer: whose parameter groups are asked; of several that follow one key the first.
    """
    groups = optimizer.param_groups
    found: dict[str, Any] = {}
    for name in plan.names if plan is not None else ():
        quantity = quantity_of(name)
        following = [group for group in groups if key_of(plan, quantity, group) == name]
        numbers = [_number(quantity, group, optimizer) for group in following]
        numbers = [one for one in numbers if one is not None]
        if quantity == "weight_decay":  # 0 in the groups of biases and norms, which do without
            numbers = [one for one in numbers if isinstance(one, torch.Tensor) or one] or numbers
        if numbers:
            found[name] = numbers[0]
    if "lr" not in map(quantity_of, found):
        found["lr"] = copied(groups[0]["lr"])
    return found


def _number(quantity: str, group: dict[str, Any], optimizer: Optimizer) -> Any:
    """A quantity in a parameter group; None where it has none, or several numbers."""
    name, which = name_of(quantity, group, optimizer)
    value = group.get(name)
    if which is not None and value is not None:
        value = value[which]
    if isinstance(value, bool) or not isinstance(value, int | float | torch.Tensor):
        return None
    return copied(value)


def plan_of(schedulers: Iterable[object]) -> Plan | None:
    """The plan, with its events, that one of a trainer's schedulers follows; None for none.

    Args:
        schedulers: of the trainer, also inside of what accelerate puts around one.
    """
    for one in schedulers:
        inner = one if isinstance(one, PlanScheduler) else getattr(one, "scheduler", one)
        if isinstance(inner, PlanScheduler):
            return inner.plan
    return None


def _bare(model: nn.Module) -> nn.Module:
    """The model inside of what makes it parallel or compiled, which changes its arrays' names."""
    parallel = (nn.parallel.DistributedDataParallel, nn.DataParallel)
    inner = model.module if isinstance(model, parallel) else getattr(model, "_orig_mod", model)
    return model if inner is model else _bare(inner)


def _is_shard(parameter: torch.Tensor) -> bool:
    """Whether it is a part of a parameter, by either of torch's ways to shard."""
    return hasattr(parameter, "full_tensor") or hasattr(parameter, "_local_shard")


def _dense(gradient: torch.Tensor) -> torch.Tensor:
    return gradient if gradient.layout == torch.strided else gradient.to_dense()
