"""A miniature GraphCast."""

from glidepath.weather.learning import ForecastProblem, make_forecaster
from glidepath.weather.model import ModelSize
from glidepath.weather.opening import open_trajectory
from glidepath.weather.split import Split
from glidepath.weather.statistics import compute_statistics

SIZE = ModelSize(mesh_size=1, latent_size=8, num_layers=1)


def make(data):
    trajectory = open_trajectory(data)
    split = Split(len(trajectory.times), 0.2)
    statistics = compute_statistics(trajectory, split.num_training_times, lambda done: None)
    forecaster = make_forecaster(SIZE, trajectory.task, trajectory, statistics)
    return ForecastProblem(forecaster, SIZE, trajectory, split)
