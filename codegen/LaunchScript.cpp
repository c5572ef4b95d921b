//===- LaunchScript.cpp - what starts a program on this machine -----------===//

#include "codegen/Codegen.h"

std::string mlir::sigma::mpirunScript(int64_t ranks) {
  return R"sh(#!/bin/sh
# Starts train under its supervisor, which runs mpirun with )sh" +
         std::to_string(ranks) + R"sh( ranks on this machine and restarts them from the newest valid
# checkpoint when one dies. All arguments go to train; train --help lists them.
#
# Relied on: no inherited OPENBLAS_CORETYPE (train picks the kernels that fit the CPU), one thread per rank.
unset OPENBLAS_CORETYPE
export OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1
here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd) || exit 1
exec "$here/../train" --supervise "$@"
)sh";
}
