#!/usr/bin/env python3
"""Runs the hand-written program byte_moe through plans, kills, damage and wrong input, and compares losses.

    end_to_end.py PROGRAM WORK_FOLDER
"""
import glob
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time

PROGRAM, WORK = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
DATA = os.path.join(WORK, "data")
SIZES = dict(LAYERS=2, WIDTH=64, KV_HEADS=1, EXPERT_WIDTH=96, SEQUENCE=32, BATCH=4)
ONE = dict(PP=1, DP=1, EP=1, MICRO_BATCH=4)
FOUR = dict(PP=2, DP=2, EP=2, MICRO_BATCH=1)


def environment(mesh):
    env = dict(os.environ, OPENBLAS_NUM_THREADS="1", OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1",
               ASAN_OPTIONS="detect_leaks=0")
    env.update({"SIGMA_TEST_" + key: str(value) for key, value in {**SIZES, **mesh}.items()})
    return env


def command(mesh, arguments, supervise=False):
    ranks = mesh["PP"] * mesh["DP"]
    launcher = [] if supervise or ranks == 1 else ["mpirun", "--oversubscribe", "--bind-to", "none", "-n", str(ranks)]
    return launcher + [PROGRAM, "--data=" + DATA, "--quiet"] + arguments + (["--supervise"] if supervise else [])


def train(mesh, name, *arguments, supervise=False, status=0):
    log = os.path.join(WORK, name + ".json")
    if os.path.exists(log):
        os.unlink(log)
    run = subprocess.run(command(mesh, ["--log=" + log, *arguments], supervise), env=environment(mesh), text=True,
                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120)
    assert run.returncode == status, f"{name}: status {run.returncode}, wanted {status}\n{run.stdout}"
    return read(log), run.stdout


def read(log):
    if not os.path.exists(log):
        return []
    with open(log) as lines:
        return [json.loads(line) for line in lines]


def losses(lines):
    return {line["step"]: line["lossHex"] for line in lines if "loss" in line}


def folder(name):
    path = os.path.join(WORK, name)
    shutil.rmtree(path, ignore_errors=True)
    return path


def check_every_plan_trains_to_the_same_losses():
    plans = [ONE, dict(ONE, MICRO_BATCH=1), dict(PP=1, DP=2, EP=2, MICRO_BATCH=2), dict(PP=1, DP=2, EP=1, MICRO_BATCH=1),
             dict(PP=1, DP=4, EP=2, MICRO_BATCH=1), dict(PP=2, DP=1, EP=1, MICRO_BATCH=2), FOUR]
    reference = None
    for i, plan in enumerate(plans):
        lines, _ = train(plan, f"plan{i}", "--steps=20", "--precision=f64")
        values = [line["loss"] for line in lines if "loss" in line]
        norms = [line["gradNorm"] for line in lines if "loss" in line]
        assert len(values) == 20
        reference = reference or (values, norms)
        for mine, wanted in zip(values + norms, reference[0] + reference[1]):
            assert abs(mine - wanted) <= 1e-9 * abs(wanted), (plan, mine, wanted)


def check_runs_repeat_bit_for_bit():
    first, _ = train(FOUR, "repeat1", "--steps=30")
    again, _ = train(FOUR, "repeat2", "--steps=30")
    assert losses(first) == losses(again)
    end = first[-1]
    assert end["event"] == "end" and end["steps"] == 30 and end["lossHex"] == losses(first)[30]
    assert end["measuredArenaBytes"] <= end["arenaBytes"]


def check_resume_continues_with_the_same_bits():
    straight, _ = train(FOUR, "straight", "--steps=30")
    home = folder("resume")
    arguments = ["--checkpoint-dir=" + home, "--checkpoint-interval=10"]
    train(FOUR, "half", "--steps=15", *arguments)
    _, said = train(FOUR, "refused", "--steps=30", *arguments, status=1)
    assert "--resume" in said, said
    rest, _ = train(FOUR, "rest", "--steps=30", "--resume", *arguments)
    assert losses(rest) == {step: value for step, value in losses(straight).items() if step > 15}
    done, _ = train(FOUR, "done", "--steps=30", "--resume", *arguments)
    assert done[-1]["event"] == "end" and done[-1]["lossHex"] == straight[-1]["lossHex"] and not losses(done)


def check_a_checkpoint_loads_under_another_plan():
    straight, _ = train(ONE, "plan-straight", "--steps=20", "--precision=f64")
    wanted = {line["step"]: line["loss"] for line in straight if "loss" in line}
    home = folder("reshard")
    for plan, steps in ((FOUR, 5), (dict(PP=1, DP=4, EP=4, MICRO_BATCH=1), 10), (ONE, 15), (FOUR, 20)):
        lines, _ = train(plan, f"reshard{steps}", f"--steps={steps}", "--precision=f64", "--resume",
                         "--checkpoint-dir=" + home)
        mine = {line["step"]: line["loss"] for line in lines if "loss" in line}
        assert min(mine) == steps - 4
        for step, loss in mine.items():
            assert abs(loss - wanted[step]) <= 1e-9 * wanted[step], (step, loss, wanted[step])


def check_damage_falls_back():
    home = folder("damage")
    arguments = ["--checkpoint-dir=" + home, "--checkpoint-interval=5"]
    straight, _ = train(FOUR, "damage-straight", "--steps=15", *arguments)
    newest = os.path.join(home, "step-00000015")
    victim = sorted(glob.glob(newest + "/rank-*.h5"))[-1]
    with open(victim, "r+b") as file:
        file.seek(os.path.getsize(victim) // 2)
        byte = file.read(1)
        file.seek(-1, os.SEEK_CUR)
        file.write(bytes([byte[0] ^ 1]))
    lines, said = train(FOUR, "damage-resumed", "--steps=15", "--resume", *arguments)
    rejected = [line for line in lines if line.get("kind") == "checkpoint-rejected"]
    assert rejected and victim in rejected[0]["reason"], said
    assert losses(lines) == {step: value for step, value in losses(straight).items() if step > 10}


def check_killed_ranks_are_restarted_with_the_same_losses():
    steps = 600
    straight, _ = train(FOUR, "kill-straight", f"--steps={steps}")
    log, home = os.path.join(WORK, "kill.json"), folder("kill")
    if os.path.exists(log):
        os.unlink(log)
    job = subprocess.Popen(command(FOUR, ["--log=" + log, f"--steps={steps}", "--checkpoint-dir=" + home,
                                          "--checkpoint-interval=20"], supervise=True), env=environment(FOUR),
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    chance, kills, seen = random.Random(1), 0, 0
    while job.poll() is None and kills < 3:
        time.sleep(0.05)
        starts = [line for line in read(log) if line.get("event") == "start"]
        if len(starts) > seen:
            seen = len(starts)
            time.sleep(chance.uniform(0.1, 0.6))
            try:
                os.kill(chance.choice(starts[-1]["pids"]), signal.SIGKILL)
                kills += 1
            except ProcessLookupError:
                pass
    assert job.wait(timeout=100) == 0
    lines = read(log)
    wanted = losses(straight)
    assert all(wanted[line["step"]] == line["lossHex"] for line in lines if "loss" in line)
    assert lines[-1]["event"] == "end" and lines[-1]["lossHex"] == straight[-1]["lossHex"]
    assert len([line for line in lines if line.get("event") == "restart"]) == kills > 0
    assert not alive(lines), "ranks outlived their job"


def alive(lines):
    return [pid for line in lines if line.get("event") == "start" for pid in line["pids"]
            if os.path.exists(f"/proc/{pid}/exe") and PROGRAM in os.readlink(f"/proc/{pid}/exe")]


def check_a_stop_request_saves_and_ends():
    for supervise in (True, False):
        mesh = FOUR if supervise else ONE
        log, home = os.path.join(WORK, "stop.json"), folder("stop")
        if os.path.exists(log):
            os.unlink(log)
        arguments = ["--log=" + log, "--steps=1000000", "--checkpoint-dir=" + home, "--checkpoint-interval=100000"]
        job = subprocess.Popen(command(mesh, arguments, supervise), env=environment(mesh), stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)
        while not losses(read(log)):
            time.sleep(0.1)
        job.send_signal(signal.SIGTERM)
        assert job.wait(timeout=30) == 75
        stop = [line for line in read(log) if line.get("kind") == "stop-requested"]
        assert stop and stop[0]["lastCheckpoint"] == stop[0]["step"], stop
        assert not alive(read(log))


def check_permanent_faults_are_not_retried():
    home = "--checkpoint-dir=" + folder("permanent")
    train(FOUR, "first-seed", "--steps=5", home, "--seed=1", supervise=True)
    lines, said = train(FOUR, "other-seed", "--steps=6", home, "--seed=2", "--resume", supervise=True, status=1)
    assert "seed" in said, said
    assert not [line for line in lines if line.get("event") == "restart"]


def check_faults_that_need_a_person_end_with_status_4():
    for fault, kind, word in (("NAN_STEP", "non-finite", "step 7"), ("CAPACITY", "capacity", "memory for 7")):
        for supervise in (False, True):
            lines, said = train(dict(FOUR, **{fault: 7}), "fault", "--steps=20", "--checkpoint-dir=" + folder("fault"),
                                supervise=supervise, status=4)
            faults = [line for line in lines if line.get("event") == "fault"]
            assert faults and all(line["kind"] == kind and word in line["reason"] for line in faults), (faults, said)
            # A number that is not finite is computed once more: hardware's errors do not come back.
            restarts = [line for line in lines if line.get("event") == "restart"]
            assert len(restarts) == (supervise and kind == "non-finite"), restarts


def check_no_rank_outlives_a_killed_supervisor():
    log, home = os.path.join(WORK, "orphan.json"), folder("orphan")
    arguments = ["--log=" + log, "--steps=1000000", "--checkpoint-dir=" + home]
    job = subprocess.Popen(command(FOUR, arguments, supervise=True), env=environment(FOUR), stdout=subprocess.DEVNULL,
                           stderr=subprocess.DEVNULL)
    while not losses(read(log)):
        time.sleep(0.1)
    job.kill()
    job.wait()
    for _ in range(50):
        if not alive(read(log)):
            return
        time.sleep(0.1)
    raise AssertionError(f"still alive: {alive(read(log))}")


def check_wrong_input_is_refused():
    home = folder("wrong")
    cases = [(["--steps=0"], 2, "--steps"), (["--steps=x"], 2, "--steps"), ([], 2, "--steps"),
             (["--steps=5", "--bogus"], 2, "bogus"), (["--steps=5", "--precision=f16"], 2, "f32"),
             (["--steps=5", "--checkpoint-dir=/proc/none"], 1, "/proc/none"),
             (["--steps=5", "--log=/nonexistent/log"], 1, "/nonexistent/log")]
    for arguments, status, word in cases:
        run = subprocess.run([PROGRAM, "--data=" + DATA, *arguments], env=environment(ONE), text=True,
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=30)
        assert run.returncode == status and word in run.stdout, (arguments, run.returncode, run.stdout)
    run = subprocess.run([PROGRAM, "--data=" + DATA, "--steps=5"], env=environment(FOUR), text=True,
                         stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=30)
    assert run.returncode == 1 and "mpirun -n 4" in run.stdout, run.stdout
    run = subprocess.run([PROGRAM, "--list-tensors"], env=environment(FOUR), text=True, stdout=subprocess.PIPE, timeout=30)
    assert run.returncode == 0 and json.loads(run.stdout)[0]["name"] == "embedding"
    assert not os.path.exists(home)


def main():
    shutil.rmtree(WORK, ignore_errors=True)
    os.makedirs(WORK)
    with open(DATA, "wb") as data:
        data.write(b"".join(open(path, "rb").read() for path in sorted(glob.glob("/usr/share/common-licenses/GPL-*"))))
    only = sys.argv[3:]
    for name, check in list(globals().items()):
        if name.startswith("check_") and (not only or any(word in name for word in only)):
            begin = time.time()
            check()
            print(f"{name[6:]}: {time.time() - begin:.1f} s", flush=True)


main()
