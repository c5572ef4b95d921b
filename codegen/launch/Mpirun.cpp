#include "codegen/launch/Launch.h"
#include "codegen/launch/Text.h"

namespace sigma::launch {

static constexpr char kScript[] = R"sh(#!/bin/sh
# Starts train under its supervisor, which runs mpirun with @ranks@ ranks and restarts them from the newest
# valid checkpoint when one dies. All arguments go to train; train --help lists them. Without
# --hosts=FILE all ranks run on this machine.
#
# Relied on: no inherited OPENBLAS_CORETYPE (train picks the kernels that fit the CPU), one thread per rank.
unset OPENBLAS_CORETYPE
export OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1
@train@exec "$train" --supervise@defaults@ "$@"
)sh";

static constexpr char kBeside[] = R"sh(here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd) || exit 1
train=$here/../train
)sh";

std::string mpirunScript(const Launch &launch) {
  return fill(kScript,
              {{"ranks", std::to_string(launch.ranks)},
               {"defaults", launch.defaults()},
               {"train", launch.train.empty() ? std::string(kBeside)
                                              : "train=" + shellWord(launch.train) + "\n"}});
}

} // namespace sigma::launch
