// Small collectives on host values, for start, checkpoints and the step's scalars.
#ifndef SIGMA_RUNTIME_COMM_COLLECT_H
#define SIGMA_RUNTIME_COMM_COLLECT_H

#include "runtime/List.h"
#include "runtime/abi/abi.h"
#include "runtime/comm/Mesh.h"

#include <cstdint>
#include <string>
#include <vector>

namespace sigma::runtime {

/// `mine` of every rank, one after the other, on every rank. All ranks give as many values.
List<double> gatherDoubles(sigma_rt rt, const List<double> &mine);

/// The same in a group.
std::vector<uint64_t> gatherNumbers(sigma_rt rt, const Group &group,
                                    const std::vector<uint64_t> &mine);

/// The strings of all ranks, on rank 0; empty elsewhere.
std::vector<std::string> gatherStrings(sigma_rt rt, const std::string &mine);

/// Rank 0's string, on every rank.
std::string broadcastString(sigma_rt rt, const std::string &text);

/// The largest value of all ranks.
int64_t largestOf(sigma_rt rt, int64_t mine);

} // namespace sigma::runtime

#endif
