"""A torch optimizer that follows a plan."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterable, Mapping, Sequence
from operator import is_
from typing import Any, final

import torch
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from glidepath.adapters.torch.clipping import clip_before_updates
from glidepath.adapters.torch.places import (
    Followed,
    check_groups,
    check_kind,
    check_rates,
    copied,
    followed,
    key_of,
)
from glidepath.adapters.torch.updates import unwrapped, watch
from glidepath.plan import Event, Moment, Plan, Schedule
from glidepath.plan.as_plan import as_plan
from glidepath.plan.identity import check_same, has_same_past, identity
from glidepath.plan.listener import listened

COUNTS = ("updates", "calls")
PATIENCE = 1_000
"""Calls of `step` without an update after which the scheduler says that it stands still."""


@final
class PlanScheduler(LRScheduler):
    """Gives a torch optimizer the values of a plan.

    Call `step()` after `optimizer.step()`, as with any of torch's schedulers. It moves on if the
    optimizer has done an update since, and only then: a step that `GradScaler` skipped does not
    count, nor does a micro-batch, nor a call that accelerate makes for another process.

    Every number that the plan and the optimizer have in common follows the plan: `lr`,
    `weight_decay`, `momentum`, `beta1` and `beta2` (as `betas`), `eps`, and any other by its name
    in the parameter groups. A parameter group whose "name" is a group of the plan follows that
    one; where the name is something else, "follows" says it. A parameter group without weight
    decay, while others have it, stays without; a key "decays" in it, True or False, says so
    outright. Numbers that are tensors are filled in place.

    One quantity has one plan. If another scheduler changes the same number, the next `step()`
    raises: multiply the schedules instead, `plan["lr"] * read(other)`. Inside torch's
    `SequentialLR` it takes its turn as torch's own do.

    Attributes:
        plan: what it follows, with the events so far.
        heard: pairs of a number of updates and what was measured after them.
        last_epoch: updates done, and so the step of the coming one; the name is torch's.

    Example:
        >>> import torch
        >>> from glidepath import linear
        >>> optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
        >>> scheduler = PlanScheduler(optimizer, linear(0.5, 0.0).over(10))
        >>> optimizer.step()
        >>> scheduler.step()
        >>> scheduler.get_last_lr()
        [0.45]
    """

    def __init__(
        self,
        optimizer: Optimizer,
        plan: Plan | Schedule,
        last_epoch: int = -1,
        *,
        later: Sequence[str] = (),
        counts: str = "updates",
        continues: bool = False,
    ) -> None:
        """Check, and set the values of the first update.

        Args:
            optimizer: of torch, or what accelerate or Lightning have put around one.
            plan: what to follow; a schedule is one of the learning rate.
            last_epoch: the step of the last update, -1 where there was none, as in torch.
            later: groups of the plan whose parameters `optimizer.add_param_group` will add.
            counts: "updates" of the optimizer, or "calls" of `step`, for updates that happen
                outside of `optimizer.step`, as in a CUDA graph that is replayed.
            continues: whether the state that is loaded may be of a plan with the same past and
                another future, as `plan.extend` and `plan.branch` make.
        Raises:
            TypeError, ValueError: if an argument is none of these, or the optimizer lacks a
                quantity or a group of the plan.
        """
        if not isinstance(optimizer, Optimizer):
            raise TypeError(f"`optimizer` must be one of torch's, got {optimizer!r}")
        if isinstance(last_epoch, bool) or not isinstance(last_epoch, int) or last_epoch < -1:
            raise ValueError(f"`last_epoch` must be a step, or -1 for none, got {last_epoch!r}")
        if isinstance(later, str):
            raise TypeError(f"`later` must be a list of names, got {later!r}")
        if counts not in COUNTS:
            raise ValueError(f"`counts` must be one of {', '.join(COUNTS)}, got {counts!r}")
        self._given, self._counts_calls = as_plan(plan), counts == "calls"
        self._later, self._continues = tuple(later), continues
        check_groups(self._given, optimizer, self._later)
        check_kind(self._given, unwrapped(optimizer))
        if last_epoch == -1:
            check_rates(self._given, optimizer)
        self.optimizer = optimizer
        self._hear_again([])
        self._attach()
        for group in optimizer.param_groups:
            group.setdefault("initial_lr", copied(group["lr"]))
        super().__init__(optimizer, last_epoch)

    def _attach(self) -> None:
        self._num_updates = self._num_idle = 0
        self._let_it_clip()
        watch(self.optimizer, self)
        self._bind()

    def _let_it_clip(self) -> None:
        """Clip the gradients by the plan's `clip`; a copy of an optimizer has lost its hooks."""
        optimizer, named = unwrapped(self.optimizer), self._given.optimizer
        if "clip" in self._given or (named is not None and named["clip"] is not None):
            for group in optimizer.param_groups:
                group.setdefault("clip", math.inf)
        if "clip" in optimizer.param_groups[0]:
            clip_before_updates(optimizer)

    def _bind(self) -> None:
        """Find the plan's numbers in the optimizer."""
        self._groups = self.optimizer.param_groups
        self._bound = list(self._groups)
        self._followed: list[Followed] = followed(self.plan, unwrapped(self.optimizer))
        self._only = self._followed[0] if len(self._followed) == 1 else None

    def before_update(self) -> None:
        """Take in parameter groups that were added, or that a load has put in place of others.

        Raises:
            RuntimeError: if what was loaded is of another step: the plan would begin again.
        """
        groups = self.optimizer.param_groups
        if groups is not self._groups:
            check_groups(self._given, self.optimizer, self._later)
            is_its_turn = self._sets()
            self._bind()
            for one in self._followed if is_its_turn else ():
                one.expect(self.last_epoch)
                one.check()
        elif len(groups) != len(self._bound) or not all(map(is_, groups, self._bound)):
            is_its_turn = self._sets()
            self._bind()
            if is_its_turn:
                self._set()

    def after_update(self) -> None:
        """Count it."""
        # In compiled code this is 0 here each time, for `step` takes it: nothing compiles anew.
        self._num_updates += 1

    def _set(self) -> None:
        for one in self._followed:
            one.set(self.last_epoch)

    def _initial_step(self) -> None:
        """The values to begin with; torch's own name, for SequentialLR calls it, too."""
        self._step_count = 1
        self._update_lr(self.last_epoch + 1)

    def _update_lr(self, epoch: int | None = None) -> None:
        """Go to a step, or to the next one; torch's own name."""
        if epoch is None:
            epoch = self.last_epoch + 1
        if isinstance(epoch, bool) or not isinstance(epoch, int) or epoch < 0:
            raise ValueError(f"`epoch` must be a step, a whole number from 0 on, got {epoch!r}")
        self._forget_after(epoch)
        self.last_epoch, self._num_updates = epoch, 0
        self._set()

    def step(self, epoch: int | None = None) -> None:
        """Move on to the next update's values, if the optimizer has done an update.

        Args:
            epoch: the step to go to instead, whatever was done.
        Raises:
            RuntimeError: if more than one update was done since the last call, or something else
                has changed a number that follows the plan.
            ValueError: if `epoch` is no step.
        """
        if epoch is None and self.last_epoch < 0:
            epoch = 0  # a SequentialLR has taken back its beginning, and begins it by a step
        if epoch is None:
            if self._num_updates != 1 and not self._counts_calls and not self._moves():
                return
            epoch = self.last_epoch + 1
            if self._only is not None:  # the usual case, and the fastest
                self._only.move(epoch)
            else:
                self._move(epoch)
            self.last_epoch, self._num_updates = epoch, 0
        else:
            self._update_lr(epoch)
        self._step_count += 1

    def _move(self, step: int) -> None:
        for one in self._followed:
            one.check()
        for one in self._followed:
            one.set(step)

    def _forget_after(self, step: int) -> None:
        """What was heard later than a step is not known there."""
        heard = [one for one in self.heard if one[0] <= step]
        if len(heard) < len(self.heard):
            self._hear_again(heard)
            self._bind()

    def _moves(self) -> bool:
        """Never: there was no update since the last call, or there were several."""
        if self._num_updates:
            raise RuntimeError(
                f"the optimizer has done {self._num_updates} updates since the last `step()`, and "
                "a plan counts each: call `step()` after every `optimizer.step()`, not once an "
                'epoch; shapes with per="epoch" hold their values through an epoch by themselves'
            )
        self._num_idle += 1
        # One that has counted does not stand still: accelerate calls it once for each process.
        if self._num_idle == PATIENCE and self._step_count == 1:
            warnings.warn(
                f"`step()` was called {PATIENCE:,} times, and the optimizer has done no update: "
                "the plan stands still. If updates are done without `optimizer.step`, say "
                'counts="calls"; to draw a plan, call plan["lr"](numpy.arange(n))',
                UserWarning,
                stacklevel=3,
            )
        return False

    def get_last_lr(self) -> list[float | torch.Tensor]:
        """The rate of each parameter group, as it is for the coming update; tensors are copies."""
        return [copied(group["lr"]) for group in self.optimizer.param_groups]

    def get_lr(self) -> list[float]:
        """The plan's rate for each parameter group at the coming update."""
        groups = range(len(self.optimizer.param_groups))
        return [self.schedule_of(group)(self._coming) for group in groups]

    @property
    def _coming(self) -> int:
        """The step of the coming update; of a part of a SequentialLR before its turn, its first."""
        return max(self.last_epoch, 0)

    def schedule_of(self, group: int) -> Schedule:
        """The rate of one parameter group, by its index.

        Raises:
            ValueError: if the plan gives it none.
        """
        key = key_of(self.plan, "lr", self.optimizer.param_groups[group])
        if key is None:
            raise ValueError(f"the plan gives no `lr` to parameter group {group}")
        return self.plan[key]

    @property
    def moment(self) -> Moment:
        """All that the plan says about the coming update, also what no optimizer has."""
        return self.plan.at(self._coming)

    @property
    def used(self) -> Moment | None:
        """All that the plan said about the last update, to be logged with its loss."""
        return self.plan.at(self.last_epoch - 1) if self.last_epoch > 0 else None

    def hear(self, measured: Mapping[str, float]) -> list[Event]:
        """Tell a plan that listens what was measured after the updates so far.

        Args:
            measured: such as {"val_loss": 0.3}.
        Returns:
            The events that come of it, which change the values from the coming update on.
        Raises:
            TypeError, ValueError: as `Listener.hear`; if the plan listens to none of them.
        """
        names = listened(self.plan)
        told = {name: float(value) for name, value in measured.items() if name in names}
        if not told:
            raise ValueError(
                f"the plan listens to {', '.join(names) or 'nothing'}, and was told "
                f"{', '.join(measured) or 'nothing'}"
            )
        events = self._listener.hear(self.last_epoch, told)
        self.heard.append([self.last_epoch, told])
        if events:
            self._follow(self._listener.plan)
        return events

    def _follow(self, plan: Plan) -> None:
        is_its_turn = self._sets()
        self.plan = plan
        self._bind()
        if is_its_turn:
            self._set()

    def _hear_again(self, heard: Sequence[Sequence[Any]], events: object = None) -> None:
        listener = self._given.listen()
        plan = listener.replay((step, measured) for step, measured in heard)
        if events is not None and events != _plain(plan.events):
            raise ValueError(
                f"the state has the events {events}, and what it has heard makes "
                f"{_plain(plan.events)} of the plan: one of them was changed"
            )
        self.heard = [[step, dict(measured)] for step, measured in heard]
        self._listener, self.plan = listener, plan

    def state_dict(self) -> dict[str, Any]:
        """The step, the plan's fingerprint and text, and the events with what they come from.

        Plain numbers, texts and lists, which `torch.load(..., weights_only=True)` takes. Also
        whether the optimizer's numbers are this scheduler's now: in a SequentialLR they are not
        before its turn and after it.
        """
        heard = [[step, dict(measured)] for step, measured in self.heard]
        return {
            "step": self.last_epoch,
            "events": _plain(self.plan.events),
            "heard": heard,
            "sets": self._sets(),
        } | identity(self._given)

    def _sets(self) -> bool:
        """Whether the numbers in the optimizer are those that were set here."""
        if self.last_epoch < 0:
            return False
        try:
            for one in self._followed:
                one.check()
        except RuntimeError:
            return False
        return True

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Go on from a saved state: its step, and all the values of that step.

        It makes no difference whether the optimizer's own state is loaded before or after.

        Raises:
            ValueError: if it is of no PlanScheduler; if it was saved with another plan, with what
                differs.
        """
        missing = {"step", "events", "heard", "sets", "fingerprint", "plan"} - set(state_dict)
        if missing:
            raise ValueError(
                f"this is no state of a PlanScheduler: it has {', '.join(sorted(state_dict))}. To "
                "go on from another scheduler, say how many updates were done: "
                "PlanScheduler(optimizer, plan, last_epoch=updates - 1)"
            )
        step = state_dict["step"]
        if not (self._continues and has_same_past(self._given, state_dict, step)):
            check_same(
                self._given, state_dict,
                "If its past is the same, PlanScheduler(..., continues=True) goes on with it; if "
                f"not, and you mean it: PlanScheduler(optimizer, plan, last_epoch={step - 1})",
            )  # fmt: skip
        self._hear_again(state_dict["heard"], state_dict["events"])
        self._bind()
        self.last_epoch, self._step_count, self._num_updates = step, step + 1, 0
        if state_dict["sets"]:
            self._set()

    def __getstate__(self) -> dict[str, Any]:
        """What pickle and copy take: without the numbers found in the optimizer."""
        found = ("_followed", "_only", "_groups", "_bound")
        state = {key: value for key, value in self.__dict__.items() if key not in found}
        return state | {"sets": self._sets()}

    def __setstate__(self, state: dict[str, Any]) -> None:
        sets = state.pop("sets")
        self.__dict__.update(state)
        num_updates = self._num_updates
        self._attach()
        self._num_updates = num_updates
        for one in self._followed if sets else ():
            one.expect(self.last_epoch)


def _plain(events: Iterable[Event]) -> list[list[Any]]:
    return [[event.step, event.kind, event.target] for event in events]
