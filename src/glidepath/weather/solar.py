"""Solar radiation at the top of the atmosphere."""

from __future__ import annotations

import numpy as np

from glidepath.weather.progress import SECONDS_PER_DAY, seconds_since_1970

TOTAL_SOLAR_IRRADIANCE = 1361.0
"""W m-2 at one astronomical unit (Kopp and Lean 2011, doi:10.1029/2010GL045777)."""

ACCUMULATION_SECONDS = 3_600
DAYS_1970_TO_J2000 = 10_957.5


def sun(times: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Where the sun is, good to 0.01 degrees from 1950 to 2050.

    With n days since noon of 2000-01-01, mean longitude L and mean anomaly g in degrees:

        L = 280.460 + 0.9856474 n,   g = 357.528 + 0.9856003 n
        lambda = L + 1.915 sin g + 0.020 sin 2g,   epsilon = 23.439 - 4e-7 n
        sin(declination) = sin(epsilon) sin(lambda)
        distance = 1.00014 - 0.01671 cos g - 0.00014 cos 2g

    Args:
        times: `datetime64`, UTC, `[time]`.
    Returns:
        declination in radians, hour angle at longitude 0 in radians, and distance in astronomical
        units, each `[time]`.
    Source: The Astronomical Almanac, "low precision formulas for the sun"; Michalsky 1988,
        Solar Energy 40(3).
    """
    days = seconds_since_1970(times) / SECONDS_PER_DAY - DAYS_1970_TO_J2000
    mean_longitude = np.mod(280.460 + 0.9856474 * days, 360.0)
    anomaly = np.deg2rad(np.mod(357.528 + 0.9856003 * days, 360.0))
    ecliptic = np.deg2rad(mean_longitude + 1.915 * np.sin(anomaly) + 0.020 * np.sin(2 * anomaly))
    obliquity = np.deg2rad(23.439 - 4e-7 * days)
    declination = np.arcsin(np.sin(obliquity) * np.sin(ecliptic))
    right_ascension = np.arctan2(np.cos(obliquity) * np.sin(ecliptic), np.cos(ecliptic))
    equation_of_time = np.deg2rad(mean_longitude) - right_ascension
    hour_angle = 2 * np.pi * np.mod(days, 1.0) + equation_of_time
    distance = 1.00014 - 0.01671 * np.cos(anomaly) - 0.00014 * np.cos(2 * anomaly)
    return declination, np.mod(hour_angle + np.pi, 2 * np.pi) - np.pi, distance


def toa_incident_solar_radiation(
    times: np.ndarray, latitude: np.ndarray, longitude: np.ndarray
) -> np.ndarray:
    """Energy that arrives in the hour before each time, as ERA5 gives it.

    The cosine of the zenith angle is a + b cos h, with hour angle h, a = sin(lat) sin(dec) and
    b = cos(lat) cos(dec). It is integrated in closed form over the part of the hour in which the
    sun is up; declination and distance are those of the middle of the hour.

    Args:
        times: `datetime64`, UTC, `[time]`.
        latitude: degrees north, `[lat]`.
        longitude: degrees east, `[lon]`.
    Returns:
        J m-2, `[time, lat, lon]`, float32.
    """
    middle = times.astype("datetime64[s]") - np.timedelta64(ACCUMULATION_SECONDS // 2, "s")
    declination, greenwich, distance = (part[:, None, None] for part in sun(middle))
    phi = np.deg2rad(latitude.astype(np.float64))[:, None]
    a = np.sin(phi) * np.sin(declination)
    b = np.cos(phi) * np.cos(declination)
    cos_sunset = np.divide(-a, b, out=np.where(a > 0, -1.0, 1.0) + 0 * b, where=b > 1e-12)
    sunset = np.arccos(np.clip(cos_sunset, -1.0, 1.0))
    half_hour = np.pi * ACCUMULATION_SECONDS / SECONDS_PER_DAY
    noon_offset = greenwich + np.deg2rad(longitude.astype(np.float64))
    offset = np.mod(noon_offset + np.pi, 2 * np.pi) - np.pi
    integral = np.zeros(np.broadcast_shapes(a.shape, offset.shape))
    for day in (-2 * np.pi, 0.0, 2 * np.pi):
        start = np.clip(offset - half_hour, day - sunset, day + sunset)
        end = np.clip(offset + half_hour, day - sunset, day + sunset)
        integral += a * (end - start) + b * (np.sin(end) - np.sin(start))
    seconds_per_radian = SECONDS_PER_DAY / (2 * np.pi)
    flux = TOTAL_SOLAR_IRRADIANCE / np.square(distance)
    return (flux * seconds_per_radian * np.maximum(integral, 0.0)).astype(np.float32)
