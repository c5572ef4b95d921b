"""speed.py MODEL TEXT CHECKPOINT STEPS THREADS RANKS: prints the seconds of each step, wall and processor, as JSON.

Ranks share the batch and sum their gradients by gloo; the times are those of the first.
"""

import json
import os
import socket
import sys
import time

import torch
from torch import distributed, multiprocessing

from models import MODELS
from train import Trainer, read_checkpoint


def timed_steps(trainer, steps):
    for _ in range(steps):
        wall, processor = time.perf_counter(), time.process_time()
        trainer.step()
        yield time.perf_counter() - wall, time.process_time() - processor


def run(rank, model, text, checkpoint, steps, threads, ranks):
    torch.set_num_threads(threads)
    if ranks > 1:
        distributed.init_process_group("gloo", rank=rank, world_size=ranks)
    times = list(timed_steps(Trainer(MODELS[model], text, read_checkpoint(checkpoint), 1, "f32", rank, ranks), steps))
    if rank == 0:
        print(json.dumps(times), flush=True)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


if __name__ == "__main__":
    model, text, checkpoint, *numbers = sys.argv[1:]
    steps, threads, ranks = map(int, numbers)
    if ranks == 1:
        run(0, model, text, checkpoint, steps, threads, ranks)
    else:
        os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT=str(free_port()))
        multiprocessing.spawn(run, (model, text, checkpoint, steps, threads, ranks), nprocs=ranks)
