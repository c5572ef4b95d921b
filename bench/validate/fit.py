"""The fit: what makes sigma's step times nearest to the fitted sources', for all sets of one software at once.

Levenberg-Marquardt over the logarithms of the knobs, on the logarithm of predicted over measured time, whose square is
replaced by a loss that grows linearly beyond a few per cent, so that a run that went wrong does not bend the rest
(Charbonnier). Rows of one source and model share habits: n of them count as √n. Each knob has a typical value, the same
for all generations, and a spread around it: its logarithm is as a normal prior says, in the same units as the rows, so
that what rows say little of stays where other machines have it. No random numbers.
"""

import collections
import dataclasses
import math

import knobs as kn

LINEAR_BEYOND = 0.06  # and the standard deviation of a row's logarithm, by which the prior is weighed
STEP = 0.03  # of a logarithm, for differences
MOST_ITERATIONS = 20


@dataclasses.dataclass(frozen=True)
class Unknown:
    key: str
    knob: kn.Knob
    sets: tuple  # names of those that it is in


def unknowns(members):
    """Of all sets; `members`: runs by set."""
    by_set = {name: [(key, knob) for knob in kn.KNOBS if _matters(knob, runs)
                     for key in knob.names(sorted({run.precision for run in runs}))] for name, runs in members.items()}
    own = [Unknown(key, knob, (name,)) for name, chosen in by_set.items() for key, knob in chosen if not knob.of_software]
    shared = [Unknown(knob.name, knob, tuple(by_set)) for knob in kn.KNOBS if knob.of_software]
    return own + shared


def _matters(knob, runs):
    return {"": True, "moe": any(run.model.experts for run in runs), "cp": any(run.layout["cp"] > 1 for run in runs),
            "ultra": any(run.machine.ultra for run in runs)}[knob.needs]


def fit(members, measure, progress=lambda text: None):
    """A Set for each of `members`, runs by set of one software. `measure(name, points)` returns, for each dictionary of
    values, the predicted seconds of that set's runs."""
    chosen = unknowns(members)
    typical = [math.log(one.knob.typical) for one in chosen]
    spread = [one.knob.spread for one in chosen]
    runs = [run for name in members for run in members[name]]
    counts = collections.Counter((run.source, run.name, run.group) for run in runs)
    weights = [counts[run.source, run.name, run.group]**-0.5 for run in runs]

    def values(name, point):
        return {one.key: min(math.exp(x), one.knob.most) for one, x in zip(chosen, point) if name in one.sets}

    def residuals(name, points):
        return [[math.log(seconds / run.seconds) for seconds, run in zip(times, members[name])]
                for times in measure(name, [values(name, point) for point in points])]

    def residual_at(point):
        return [r for name in members for r in residuals(name, [point])[0]]

    def slopes_at(point, residual):
        """By unknown, then by run; a run that an unknown is not in is not asked about."""
        slopes, first = [[] for _ in chosen], 0
        for name, own in members.items():
            moving = [i for i, one in enumerate(chosen) if name in one.sets]
            moved = dict(zip(moving, residuals(name, [[x + STEP * (i == j) for j, x in enumerate(point)] for i in moving])))
            base = residual[first:first + len(own)]
            for i, row in enumerate(slopes):
                row += [(m - r) / STEP for m, r in zip(moved[i], base)] if i in moved else [0.0] * len(own)
            first += len(own)
        return slopes

    def loss(residual, point):
        robust = sum(w * LINEAR_BEYOND * math.sqrt(1 + (r / LINEAR_BEYOND)**2) for w, r in zip(weights, residual))
        return robust + LINEAR_BEYOND / 2 * sum(((x - t) / s)**2 for x, t, s in zip(point, typical, spread))

    point = [math.log(one.knob.first or one.knob.typical) for one in chosen]
    residual = residual_at(point)
    best, damping = loss(residual, point), 1.0
    for iteration in range(MOST_ITERATIONS):
        slopes = slopes_at(point, residual)
        pull = [w / (LINEAR_BEYOND * math.sqrt(1 + (r / LINEAR_BEYOND)**2)) for w, r in zip(weights, residual)]
        n = len(point)
        normal = [[sum(p * a * b for p, a, b in zip(pull, slopes[i], slopes[j])) for j in range(n)] for i in range(n)]
        gradient = [sum(p * a * r for p, a, r in zip(pull, slopes[i], residual)) for i in range(n)]
        for i in range(n):
            normal[i][i] += LINEAR_BEYOND / spread[i]**2
            gradient[i] += LINEAR_BEYOND * (point[i] - typical[i]) / spread[i]**2
        gain = 0
        for _ in range(8):
            damped = [[normal[i][j] * (1 + damping * (i == j)) for j in range(n)] for i in range(n)]
            step = [max(-0.7, min(0.7, -x)) for x in _solve(damped, gradient)]
            trial = [x + d for x, d in zip(point, step)]
            trial_residual = residual_at(trial)
            trial_loss = loss(trial_residual, trial)
            if trial_loss < best:
                gain, best, point, residual = best - trial_loss, trial_loss, trial, trial_residual
                damping = max(damping / 3, 1e-3)
                break
            damping *= 4
        progress(f"fit {', '.join(members)}: iteration {iteration + 1}, loss {best / sum(weights):.4f} of a row")
        if gain < 1e-4 * best:
            break
    return {name: kn.Set(values(name, point), sorted({run.source for run in own})) for name, own in members.items()}


def memory_margin(peaks, otherwise):
    """The least margin that lets no run fit that ran out. `peaks`: predicted peak over the device's memory, and whether
    the run ran out of it. `otherwise`: where none did."""
    ooms = [share for share, oom in peaks if oom]
    if not ooms:
        return otherwise
    least = min(ooms + [1.0])
    below = max((share for share, _ in peaks if share < least), default=0)
    return 1 - (least + below) / 2


def _solve(matrix, right):
    """Gauss with pivots."""
    rows = [list(row) + [value] for row, value in zip(matrix, right)]
    n = len(rows)
    for i in range(n):
        pivot = max(range(i, n), key=lambda k: abs(rows[k][i]))
        rows[i], rows[pivot] = rows[pivot], rows[i]
        for k in range(i + 1, n):
            factor = rows[k][i] / rows[i][i]
            for j in range(i, n + 1):
                rows[k][j] -= factor * rows[i][j]
    for i in reversed(range(n)):
        rows[i][n] = (rows[i][n] - sum(rows[i][j] * rows[j][n] for j in range(i + 1, n))) / rows[i][i]
    return [row[n] for row in rows]
