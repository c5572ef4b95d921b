"""sigma's answers: `sigma check --stream` reads a specification and a plan a line, and answers each in a line."""

import dataclasses
import json
import pathlib
import queue
import subprocess
import threading
from typing import Optional

import knobs as kn
import specs

GIB = 2**30
# Where a source does not say what is recomputed. Who tunes a run recomputes what costs least, norms and activations,
# so its time is that of recomputing nothing; but it fits if it fits with all that can be recomputed.
UNSTATED, MOST = "none", "full"


class SigmaError(Exception):
    pass


@dataclasses.dataclass
class Prediction:
    seconds: float
    peak_gib: float
    fits: bool
    remat: str
    refusal: Optional[str] = None  # the plan is not legal; beside memory


class Sigma:
    """One process per job; questions are answered in order."""

    def __init__(self, binary, jobs):
        self.binary, self.jobs = binary, jobs
        self.workers = []

    def __enter__(self):
        try:
            for _ in range(self.jobs):
                process = subprocess.Popen([self.binary, "check", "--stream"], stdin=subprocess.PIPE,
                                           stdout=subprocess.PIPE, text=True, encoding="utf-8")
                self.workers.append(process)
        except OSError as error:
            raise SigmaError(f"cannot run {self.binary}: {error.strerror}; build sigma, or say --sigma=BIN") from error
        return self

    def __exit__(self, *_):
        for process in self.workers:
            try:
                process.stdin.close()
            except BrokenPipeError:
                pass  # it has ended already, and ask() said so
        for process in self.workers:
            process.wait()

    def ask(self, questions, progress=None):
        """An answer for each (specification, plan)."""
        answers = [None] * len(questions)
        waiting = queue.SimpleQueue()
        for item in enumerate(questions):
            waiting.put(item)
        threads = [threading.Thread(target=self._serve, args=(process, waiting, answers, progress)) for process in
                   self.workers]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if any(answer is None for answer in answers):
            raise SigmaError(f"{self.binary} check --stream ended before it had answered")
        return answers

    @staticmethod
    def _serve(process, waiting, answers, progress):
        while True:
            try:
                index, (specification, plan) = waiting.get_nowait()
            except queue.Empty:
                return
            try:
                process.stdin.write(json.dumps({"spec": specification, "plan": plan}) + "\n")
                process.stdin.flush()
                line = process.stdout.readline()
            except BrokenPipeError:
                return
            if not line:
                return
            answers[index] = json.loads(line)
            if progress:
                progress()


def questions(runs, sets, remats):
    return [(specs.specification(run, kn.find(sets, run)[0]), specs.plan(run, remat))
            for run, remat in zip(runs, remats)]


def remats(runs):
    return [run.remat or UNSTATED for run in runs]


def predict(sigma, runs, sets, progress=None):
    """A prediction for each run."""
    predictions = [_read(answer, remat) for answer, remat in
                   zip(sigma.ask(questions(runs, sets, remats(runs)), progress), remats(runs))]
    doubtful = [i for i, run in enumerate(runs) if run.remat is None and not predictions[i].fits]
    asked = [runs[i] for i in doubtful]
    for i, answer in zip(doubtful, sigma.ask(questions(asked, sets, [MOST] * len(asked)))):
        predictions[i].fits = _read(answer, MOST).fits
    return predictions


def _read(answer, remat):
    if answer.get("error"):
        return Prediction(0, 0, False, remat, answer["error"].strip().splitlines()[0])
    others = [f"{v['limit']}: {v['amount']}" for v in answer["violations"] if v["limit"] != "memory"]
    fits = all(v["limit"] != "memory" for v in answer["violations"])
    return Prediction(answer["stepTimeNs"]["mean"] / 1e9, max(answer["peakMemoryBytes"], default=0) / GIB, fits, remat,
                      others[0] if others else None)
