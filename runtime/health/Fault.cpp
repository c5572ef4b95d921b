#include "runtime/health/Fault.h"
#include "runtime/Runtime.h"
#include "runtime/comm/Collect.h"
#include "runtime/recovery/EndMarker.h"

#include <mpi.h>
#include <unistd.h>

#include <cstdio>
#include <memory>
#include <new>

namespace sigma::runtime {

static bool mpiIsUp() {
  int started = 0, ended = 0;
  MPI_Initialized(&started);
  MPI_Finalized(&ended);
  return started && !ended;
}

void fault(sigma_rt rt, const std::string &kind, const std::string &reason, int status) {
  if (kind == kMpiFault)
    rt->control.awaitRepair(); // the other side may be the rank that is lost
  std::fflush(stdout);
  std::fprintf(stderr, "train: rank %d: %s: %s\n", rt->mesh.rank, kind.c_str(), reason.c_str());
  if (rt->options.endMarker.empty()) // else the supervisor says it, whichever rank this is
    rt->log.event("fault", {{"kind", kind},
                            {"rank", rt->mesh.rank},
                            {"step", rt->step.number()},
                            {"reason", reason},
                            {"status", status}});
  writeEndMarker(rt->options.endMarker, {status, kind, reason, rt->step.number(), rt->mesh.rank});
  rt->control.giveUp();
  if (mpiIsUp())
    MPI_Abort(MPI_COMM_WORLD, status);
  _exit(status);
}

void faultTogether(sigma_rt rt, const std::string &kind, const std::string &reason, int status) {
  // The others wait for rank 0 to end the job; should it be gone, they go as well.
  if (rt->mesh.rank != 0) {
    sleep(10);
    _exit(status);
  }
  fault(rt, kind, reason, status);
}

static sigma_rt watched = nullptr;
static std::unique_ptr<char[]> reserve; // what saying so takes

void noMoreMemory(sigma_rt rt) {
  std::set_new_handler(nullptr);
  reserve.reset();
  fault(rt, "memory-exhausted",
        "rank " + std::to_string(rt->mesh.rank) + " gets no more memory in step " +
            std::to_string(rt->step.number()),
        SIGMA_EXIT_RETRY);
}

void watchMemory(sigma_rt rt) {
  constexpr size_t kReserveBytes = 4 << 20;
  watched = rt;
  reserve.reset(new char[kReserveBytes]);
  std::set_new_handler([] { noMoreMemory(watched); });
}

void faultOfAny(sigma_rt rt, const std::string &kind, const std::string &reason) {
  std::string first;
  for (const std::string &text : gatherStrings(rt, reason))
    if (first.empty())
      first = text;
  first = broadcastString(rt, first);
  if (!first.empty())
    faultTogether(rt, kind, "after step " + std::to_string(rt->step.number()) + ", " + first,
                  SIGMA_EXIT_RETRY);
}

} // namespace sigma::runtime
