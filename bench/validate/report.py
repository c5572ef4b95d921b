"""Figures of how near predictions are, and their tables."""

import collections
import math
import statistics

# A published memory figure that is not the peak of what is allocated, by the words of its kind and of its source.
NOT_A_PEAK = {
    "hf-ultrascale": "does not grow with the micro-batch: taken outside the step",
    "torchtitan": "reserved, with what the allocator keeps",
}


def memory_caution(run):
    if "reserved" in run.memory_kind.lower():
        return "reserved, with what the allocator keeps"
    return next((why for source, why in NOT_A_PEAK.items() if run.source.startswith(source)), None)


def errors(ratios):
    """Of predicted over measured, in percent."""
    if not ratios:
        return None
    off = [100 * (ratio - 1) for ratio in ratios]
    return {"rows": len(off), "mape": statistics.fmean(map(abs, off)), "median": statistics.median(map(abs, off)),
            "bias": statistics.fmean(off), "worst": max(off, key=abs)}


def _ranks(values):
    """Equal values share the mean of their ranks."""
    order = sorted(range(len(values)), key=values.__getitem__)
    ranks = [0.0] * len(values)
    i = 0
    while i < len(order):
        end = i
        while end < len(order) and values[order[end]] == values[order[i]]:
            end += 1
        for k in range(i, end):
            ranks[order[k]] = (i + end - 1) / 2
        i = end
    return ranks


def spearman(a, b):
    ra, rb = _ranks(a), _ranks(b)
    ma, mb = statistics.fmean(ra), statistics.fmean(rb)
    spread = math.sqrt(sum((x - ma)**2 for x in ra) * sum((y - mb)**2 for y in rb))
    return sum((x - ma) * (y - mb) for x, y in zip(ra, rb)) / spread if spread else None


def choices(judged):
    """Runs that differ in their layout only: do predictions rank them, and what does trusting the ranking cost?"""
    sets = collections.defaultdict(list)
    for item in judged:
        sets[item.run.comparable].append(item)
    correlations, regrets = [], []
    for members in sets.values():
        if len(members) >= 2:
            pick = min(members, key=lambda item: item.prediction.seconds)
            regrets.append(100 * (pick.run.seconds / min(item.run.seconds for item in members) - 1))
        if len(members) >= 4:
            value = spearman([item.prediction.seconds for item in members], [item.run.seconds for item in members])
            if value is not None:
                correlations.append(value)
    mean = lambda values: statistics.fmean(values) if values else None  # noqa: E731
    return {"sets of 4": len(correlations), "spearman": mean(correlations), "sets of 2": len(regrets),
            "regret": mean(regrets), "worst regret": max(regrets, default=None)}


def time_figures(judged):
    timed = [item for item in judged if item.ratio]
    figures = errors([item.ratio for item in timed])
    return figures and {**figures, **choices(timed)}


def memory_figures(judged):
    return errors([item.prediction.peak_gib / item.run.memory_gib for item in judged if item.run.memory_gib])


def oom_figures(judged):
    ooms = [item for item in judged if item.run.oom]
    fitting = [item for item in judged if not item.run.oom]
    return {"oom rows": len(ooms), "called fitting": sum(item.prediction.fits for item in ooms),
            "fitting rows": len(fitting), "called oom": sum(not item.prediction.fits for item in fitting)}


def table(title, header, lines):
    """Right-aligned but for the first column."""
    if not lines:
        return ""
    cells = [header] + [[_cell(value) for value in line] for line in lines]
    widths = [max(len(line[i]) for line in cells) for i in range(len(header))]
    text = ["  ".join(cell.ljust(width) if i == 0 else cell.rjust(width) for i, (cell, width) in
                      enumerate(zip(line, widths))).rstrip() for line in cells]
    return "\n".join([title, "-" * len(title)] + text) + "\n"


def _cell(value):
    if value is None:
        return "-"
    return f"{value:.1f}" if isinstance(value, float) else str(value)
