"""A small optimizer, its updates, and what a scheduler's state is when it comes from a file."""

import io

import torch

from glidepath import linear

TRIANGLE = linear(0.0, 1.0).over(5) >> linear(1.0, 0.0).over(5)


def weight():
    return torch.nn.Parameter(torch.ones(2))


def sgd(*, groups=1, **settings):
    return torch.optim.SGD([{"params": [weight()]} for _ in range(groups)], lr=9.0, **settings)


def update(optimizer, scheduler):
    for group in optimizer.param_groups:
        for parameter in group["params"]:
            parameter.grad = torch.ones_like(parameter)
    optimizer.step()
    scheduler.step()


def rates(optimizer, scheduler, num):
    used = []
    for _ in range(num):
        used.append(float(optimizer.param_groups[0]["lr"]))
        update(optimizer, scheduler)
    return used


def saved(scheduler):
    """A state as it comes back from a file."""
    file = io.BytesIO()
    torch.save(scheduler.state_dict(), file)
    file.seek(0)
    return torch.load(file, weights_only=True)
