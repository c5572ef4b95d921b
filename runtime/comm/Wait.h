// The one place that waits for other ranks. All communication is non-blocking and ends here.
#ifndef SIGMA_RUNTIME_COMM_WAIT_H
#define SIGMA_RUNTIME_COMM_WAIT_H

#include "runtime/List.h"
#include "runtime/Trace.h"
#include "runtime/abi/abi.h"

#include <mpi.h>

#include <cstdint>
#include <map>
#include <utility>

namespace sigma::runtime {

/// Monotonic nanoseconds.
int64_t nowNs();
/// For how many this thread has had a processor.
int64_t ranNs();

/// Where the time of a step went. A communication function's time splits into `communicationNs`
/// (packing, sums, posting) and `waitNs` (blocked on others).
struct CommClock {
  int64_t intervalStart = nowNs(), intervalRan = ranNs();
  int64_t communicationNs = 0;
  int64_t waitNs = 0;
};

/// Counts the life of this object as communication, without the waiting inside it.
class CommScope {
public:
  CommScope(sigma_rt rt, SpanKind kind);
  ~CommScope();
  CommScope(const CommScope &) = delete;
  CommScope &operator=(const CommScope &) = delete;

private:
  sigma_rt rt;
  int64_t start, waitedBefore;
};

/// Sends that still own their buffers, by stage and channel.
class PendingSends {
public:
  List<MPI_Request> &of(int64_t stage, int64_t channel) { return requests[{stage, channel}]; }

private:
  std::map<std::pair<int64_t, int64_t>, List<MPI_Request>> requests;
};

/// Throws a FaultError that names `call` when an MPI call failed.
void checkMpi(int result, const char *call);

/// The life of this object is a wait for others.
class Waiting {
public:
  explicit Waiting(sigma_rt rt);
  ~Waiting();
  Waiting(const Waiting &) = delete;
  Waiting &operator=(const Waiting &) = delete;

  /// Between two looks at what is waited for: yields the core, goes on with sums that have been
  /// started, and ends the wait where a rank is lost.
  void pause();

private:
  sigma_rt rt;
  int64_t start, looks = 0;
};

/// Whether all are done; waits for nobody.
bool areDone(MPI_Request *requests, int count);
inline bool areDone(List<MPI_Request> &requests) {
  return areDone(requests.data(), int(requests.size()));
}

/// Waits for all requests.
void waitAll(sigma_rt rt, MPI_Request *requests, int count);
inline void waitFor(sigma_rt rt, MPI_Request request) { waitAll(rt, &request, 1); }

/// For messages; MPI adds nothing up.
inline MPI_Datatype mpiElem(int64_t elem) {
  return elem == SIGMA_F64 ? MPI_DOUBLE : elem == SIGMA_F32 ? MPI_FLOAT : MPI_UINT16_T;
}

} // namespace sigma::runtime

#endif
