// Counts how often a test program asks for memory.
#ifndef SIGMA_TEST_UNIT_RUNTIME_ALLOCATIONS_H
#define SIGMA_TEST_UNIT_RUNTIME_ALLOCATIONS_H

#include <cstdint>

/// Calls of operator new so far.
int64_t allocations();

#endif
