#include "runtime/comm/Wait.h"
#include "runtime/Runtime.h"
#include "runtime/health/Fault.h"
#include "runtime/recovery/Orphan.h"

#include <sched.h>
#include <time.h>

namespace sigma::runtime {

static int64_t readingOf(clockid_t clock) {
  timespec time;
  clock_gettime(clock, &time);
  return int64_t(time.tv_sec) * 1000000000 + time.tv_nsec;
}

int64_t nowNs() { return readingOf(CLOCK_MONOTONIC); }
int64_t ranNs() { return readingOf(CLOCK_THREAD_CPUTIME_ID); }

CommScope::CommScope(sigma_rt rt, SpanKind kind)
    : rt(rt), start(nowNs()), waitedBefore(rt->clock.waitNs) {
  rt->trace.begin(kind);
}

CommScope::~CommScope() {
  rt->trace.end();
  rt->clock.communicationNs += nowNs() - start - (rt->clock.waitNs - waitedBefore);
}

void checkMpi(int result, const char *call) {
  if (result == MPI_SUCCESS)
    return;
  char text[MPI_MAX_ERROR_STRING] = "";
  int length = 0;
  MPI_Error_string(result, text, &length);
  throw FaultError(kMpiFault, std::string(call) + ": " + text, SIGMA_EXIT_RETRY);
}

Waiting::Waiting(sigma_rt rt) : rt(rt), start(nowNs()) { rt->trace.begin(SpanKind::Wait); }

Waiting::~Waiting() {
  rt->trace.end();
  rt->clock.waitNs += nowNs() - start;
}

void Waiting::pause() {
  ++looks;
  if (looks % 16 == 0) {
    rt->startedRows.progress(rt);
    rt->nonblocking.progress(rt);
  }
  if (looks % 64 == 0)
    rt->control.look();
  // A rank whose launcher died would wait here for ever.
  if (looks % 1024 == 0) {
    leaveIfOrphaned();
    rt->hang.check(rt, nowNs() - start);
  }
  sched_yield();
}

bool areDone(MPI_Request *requests, int count) {
  int done = 0;
  checkMpi(MPI_Testall(count, requests, &done, MPI_STATUSES_IGNORE), "MPI_Testall");
  return done;
}

void waitAll(sigma_rt rt, MPI_Request *requests, int count) {
  for (Waiting waiting(rt); !areDone(requests, count);)
    waiting.pause();
}

} // namespace sigma::runtime
