// The host that a process runs on.
#ifndef SIGMA_RUNTIME_COMM_HOST_H
#define SIGMA_RUNTIME_COMM_HOST_H

#include <string>

namespace sigma::runtime {

std::string hostName();

/// Ranks of MPI_COMM_WORLD that share the memory of this one's host; collective.
int ranksOfHost();

} // namespace sigma::runtime

#endif
