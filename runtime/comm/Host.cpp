#include "runtime/comm/Host.h"
#include "runtime/comm/Wait.h"

#include <unistd.h>

namespace sigma::runtime {

std::string hostName() {
  char name[256] = "";
  gethostname(name, sizeof(name) - 1);
  return name;
}

int ranksOfHost() {
  MPI_Comm host;
  int own = 0, ranks = 0;
  MPI_Comm_rank(MPI_COMM_WORLD, &own);
  checkMpi(MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, own, MPI_INFO_NULL, &host),
           "MPI_Comm_split_type");
  MPI_Comm_size(host, &ranks);
  MPI_Comm_free(&host);
  return ranks;
}

} // namespace sigma::runtime
