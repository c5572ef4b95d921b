#include "codegen/launch/Launch.h"
#include "codegen/launch/Text.h"
#include "runtime/abi/abi.h"

namespace sigma::launch {

static constexpr char kScript[] = R"sh(#!/bin/sh
#SBATCH --job-name=@name@
#SBATCH --nodes=@nodes@
#SBATCH --ntasks-per-node=@ranksPerNode@
#SBATCH --exclusive
#SBATCH --mem=0
@noKill@#SBATCH --requeue
#SBATCH --open-mode=append
#SBATCH --signal=B:TERM@@grace@
# @ranks@ ranks, @ranksPerNode@ on a node@spares@. All arguments go to train; those of sbatch stand before the script:
#
#     sbatch --time=24:00:00 SCRIPT --data=FILE --steps=N --checkpoint-dir=DIR --log=FILE
#
# A rank that dies is started again inside the allocation. @grace@ s before the time limit the run saves itself
# and the job is queued again, as it is when these nodes cannot go on; nodes that the run has found bad are
# then left out. Folders must be the same on all nodes.
set -u
train=@train@

# Only the shell gets the signal, and waits for train to save.
run='' stopping=''
trap 'stopping=yes; kill -TERM "$run"' TERM

# What the run finds out about its nodes stays with the job.
nodes=$PWD/slurm-$SLURM_JOB_ID.nodes
hosts=$(mktemp) || exit 1
trap 'rm -f "$hosts"' EXIT
scontrol show hostnames "$SLURM_JOB_NODELIST" | sed 's/$/ slots=@ranksPerNode@/' >"$hosts"
"$train" --supervise --resume --hosts="$hosts" --nodes="$nodes" --wait-for-hosts=0@defaults@ "$@" &
run=$!
wait "$run"
status=$?
while [ -n "$stopping" ]; do
  stopping=''
  wait "$run"
  status=$?
done

if [ "$status" -eq @retry@ ]; then
  trap '' TERM # which comes with the requeue
  scontrol requeue "$SLURM_JOB_ID"
  bad=$(awk -F '\t' '$2 == "cordoned" || $2 == "retired" { print $1 }' "$nodes" | paste -sd ,)
  [ -z "$bad" ] || scontrol update JobId="$SLURM_JOB_ID" ExcNodeList="$bad"
fi
exit "$status"
)sh";

std::string slurmScript(const Launch &launch) {
  const bool spare = launch.spareNodes > 0;
  return fill(
      kScript,
      {{"name", launch.jobName()},
       {"nodes", std::to_string(launch.numNodes())},
       {"ranks", std::to_string(launch.ranks)},
       {"ranksPerNode", std::to_string(launch.ranksPerNode)},
       // Where a spare one is at hand, or a smaller plan, the job outlives a node.
       {"noKill", spare || launch.hasFallbacks ? "#SBATCH --no-kill\n" : ""},
       {"spares", spare ? ", and " + std::to_string(launch.spareNodes) + " nodes to spare" : ""},
       {"grace", std::to_string(launch.graceS())},
       {"defaults", launch.defaults()},
       {"retry", std::to_string(SIGMA_EXIT_RETRY)},
       {"train", shellWord(launch.train)}});
}

} // namespace sigma::launch
