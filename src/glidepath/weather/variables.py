"""GraphCast's variables, and how they are laid out in channels."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

SURFACE_VARIABLES = (
    "2m_temperature",
    "mean_sea_level_pressure",
    "10m_v_component_of_wind",
    "10m_u_component_of_wind",
    "total_precipitation_6hr",
)
LEVEL_VARIABLES = (
    "temperature",
    "geopotential",
    "u_component_of_wind",
    "v_component_of_wind",
    "vertical_velocity",
    "specific_humidity",
)
FORCING_VARIABLES = (
    "toa_incident_solar_radiation",
    "year_progress_sin",
    "year_progress_cos",
    "day_progress_sin",
    "day_progress_cos",
)
STATIC_VARIABLES = ("geopotential_at_surface", "land_sea_mask")
LOSS_WEIGHTS = {
    "10m_u_component_of_wind": 0.1,
    "10m_v_component_of_wind": 0.1,
    "mean_sea_level_pressure": 0.1,
    "total_precipitation_6hr": 0.1,
}
"""Weights in the loss (Lam et al. 2023, supplement 4.2); every other variable has 1."""

LEVELS_13 = (50, 100, 150, 200, 250, 300, 400, 500, 600, 700, 850, 925, 1000)
"""Pressure levels of the smaller published models, in hPa."""

NUM_INPUT_TIMES = 2
NUM_STRUCTURAL_FEATURES = 3


@dataclass(frozen=True)
class Channel:
    """One field on the grid.

    Attributes:
        variable: its name in the data.
        level: pressure in hPa, or None at the surface.
    """

    variable: str
    level: int | None = None

    def __str__(self) -> str:
        return self.variable if self.level is None else f"{self.variable}@{self.level}"


@dataclass(frozen=True)
class Task:
    """What a model is given and what it predicts.

    Attributes:
        input_variables: names of all that goes in: prognostic, forcings, statics.
        target_variables: names of what comes out.
        forcing_variables: names of what is known of the target time.
        pressure_levels: in hPa.
        input_duration: the length of the input window, such as "12h".
    """

    input_variables: tuple[str, ...]
    target_variables: tuple[str, ...]
    forcing_variables: tuple[str, ...]
    pressure_levels: tuple[int, ...]
    input_duration: str

    @cached_property
    def state(self) -> tuple[Channel, ...]:
        """The fields that are predicted, by variable name, then level."""
        return self._channels(self.target_variables)

    @cached_property
    def forcings(self) -> tuple[Channel, ...]:
        """The fields that are known at every time, by name."""
        return self._channels(self.forcing_variables)

    @cached_property
    def statics(self) -> tuple[Channel, ...]:
        """The fields that have no time, by name."""
        return self._channels(name for name in self.input_variables if name in STATIC_VARIABLES)

    @cached_property
    def is_residual(self) -> tuple[bool, ...]:
        """For each state channel: whether it is an input too, so that its change is predicted."""
        return tuple(channel.variable in self.input_variables for channel in self.state)

    @property
    def num_inputs(self) -> int:
        """Channels that the model's grid nodes are given, structural features included."""
        return sum(len(rows) for rows in self.input_rows.values()) + NUM_STRUCTURAL_FEATURES

    @cached_property
    def input_rows(self) -> dict[str, tuple[int, ...]]:
        """Where each part of the input stands in the published order of channels.

        That order goes through the input variables by name, each time by time and then level by
        level, then through the forcings of the target time, then the structural features.

        Returns:
            for "state 0", "state 1" (the two input times, only channels that are inputs),
            "forcings 0", "forcings 1", "statics" and "target forcings": row numbers, in the
            order of `state`, `forcings` and `statics`.
        """
        names = ("state 0", "state 1", "forcings 0", "forcings 1", "statics", "target forcings")
        rows: dict[str, list[int]] = {name: [] for name in names}
        next_row = 0
        for variable in sorted(self.input_variables):
            count = len(self._channels([variable]))
            kind = self._kind(variable)
            times = [""] if kind == "statics" else [f" {time}" for time in range(NUM_INPUT_TIMES)]
            for time in times:
                rows[kind + time] += range(next_row, next_row + count)
                next_row += count
        rows["target forcings"] += range(next_row, next_row + len(self.forcings))
        return {name: tuple(numbers) for name, numbers in rows.items()}

    def _kind(self, variable: str) -> str:
        if variable in STATIC_VARIABLES:
            return "statics"
        return "forcings" if variable in self.forcing_variables else "state"

    def _channels(self, variables: Iterable[str]) -> tuple[Channel, ...]:
        return tuple(
            Channel(variable, level)
            for variable in sorted(variables)
            for level in (self.pressure_levels if variable in LEVEL_VARIABLES else (None,))
        )


def published_task(pressure_levels: tuple[int, ...]) -> Task:
    """The task of the published models: every variable, six-hourly.

    Args:
        pressure_levels: in hPa; 13 or 37 of them.
    """
    targets = (*SURFACE_VARIABLES, *LEVEL_VARIABLES)
    return Task(
        input_variables=(*targets, *FORCING_VARIABLES, *STATIC_VARIABLES),
        target_variables=targets,
        forcing_variables=FORCING_VARIABLES,
        pressure_levels=pressure_levels,
        input_duration="12h",
    )
