#include "runtime/comm/Host.h"
#include "runtime/Options.h"
#include "runtime/comm/Wait.h"

#include <unistd.h>

#include <cstdlib>

namespace sigma::runtime {

void initializeMpi() {
  if (!launched()) {
    setenv("OMPI_MCA_ess_singleton_isolated", "1", 0);
    setenv("OMPI_MCA_orte_create_session_dirs", "0", 0);
  }
  int threads = 0;
  MPI_Init_thread(nullptr, nullptr, MPI_THREAD_FUNNELED, &threads);
}

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
