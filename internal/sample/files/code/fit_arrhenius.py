"""Fit the activation energy of grain growth to the annealing series.

    python fit_arrhenius.py ../measurements.csv

Model: grain = k0 * exp(-Ea / (R * T)), fitted as a straight line of
ln(grain) over 1/T. Films with a note that says "left out" are not used.
"""

import csv
import math
import sys

GAS_CONSTANT = 8.314462618  # J / (mol K)


def read_films(path):
    """Yield (temperature in kelvin, grain size in nm) for the films that count."""
    with open(path, newline="", encoding="utf-8") as handle:
        for row in csv.DictReader(handle):
            if "left out" in row["note"]:
                continue
            yield float(row["temperature_c"]) + 273.15, float(row["grain_nm"])


def fit_line(points):
    """Least squares; returns slope and intercept."""
    n = len(points)
    mean_x = sum(x for x, _ in points) / n
    mean_y = sum(y for _, y in points) / n
    slope = sum((x - mean_x) * (y - mean_y) for x, y in points)
    slope /= sum((x - mean_x) ** 2 for x, _ in points)
    return slope, mean_y - slope * mean_x


def activation_energy(films):
    """Return Ea in kJ/mol."""
    slope, _ = fit_line([(1.0 / t, math.log(grain)) for t, grain in films])
    return -slope * GAS_CONSTANT / 1000.0


if __name__ == "__main__":
    films = list(read_films(sys.argv[1]))
    print(f"{len(films)} films, Ea = {activation_energy(films):.1f} kJ/mol")
