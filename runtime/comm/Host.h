// The host that a process runs on.
#ifndef SIGMA_RUNTIME_COMM_HOST_H
#define SIGMA_RUNTIME_COMM_HOST_H

#include <string>

namespace sigma::runtime {

std::string hostName();

/// Starts MPI. Without a launcher this is one rank alone, which needs no daemon, and no session
/// folder: all such processes of a host would make and remove the same one.
void initializeMpi();

/// Ranks of MPI_COMM_WORLD that share the memory of this one's host; collective.
int ranksOfHost();

} // namespace sigma::runtime

#endif
