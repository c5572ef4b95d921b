// What may be asked of a described program before anything starts.
#ifndef SIGMA_RUNTIME_PROGRAM_H
#define SIGMA_RUNTIME_PROGRAM_H

#include "runtime/Runtime.h"

namespace sigma::runtime {

/// Sorts the stages and checks that the description fits together. Throws FaultError: the compiler
/// made a wrong program.
void checkDescription(Runtime &rt);

/// The program's tensors, as --list-tensors prints them.
Json listTensors(const Runtime &rt);

/// How many ranks it has, and what is the same in all programs of its job: those can continue each
/// other's checkpoints.
Json describeJob(const Runtime &rt);

/// Where the tensors of this rank end in the arena.
int64_t endOfTensors(const Runtime &rt);

void clearGradients(Runtime &rt);
/// Values from the seed, everything else zero.
void initializeTensors(Runtime &rt);

} // namespace sigma::runtime

#endif
