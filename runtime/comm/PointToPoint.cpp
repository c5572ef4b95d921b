// Activations and their gradients between pipeline stages.
#include "runtime/Runtime.h"
#include "runtime/health/Fault.h"

#include <climits>

using namespace sigma::runtime;

static int checkedCount(int64_t n) {
  if (n > INT_MAX)
    throw std::logic_error("a message of " + std::to_string(n) +
                           " elements is more than MPI can count");
  return int(n);
}

static int tagOf(int64_t channel, int64_t message) { return int(message * 2 + channel); }

void sigma_send(sigma_rt rt, sigma_i64 elem, sigma_ptr buffer, sigma_i64 n, sigma_i64 stage,
                sigma_i64 channel, sigma_i64 message) {
  guarded(rt, [&] {
    const CommScope scope(rt, SpanKind::Send);
    MPI_Request request;
    checkMpi(MPI_Isend(buffer, checkedCount(n), mpiElem(elem), rt->mesh.rankOf(stage),
                       tagOf(channel, message), rt->mesh.stages, &request),
             "MPI_Isend");
    rt->sends.channels[channel].push_back(request);
  });
}

void sigma_wait_send(sigma_rt rt, sigma_i64 channel) {
  std::vector<MPI_Request> &pending = rt->sends.channels[channel];
  if (pending.empty())
    return;
  guarded(rt, [&] {
    waitAll(rt, pending.data(), int(pending.size()));
    pending.clear();
  });
}

void sigma_recv(sigma_rt rt, sigma_i64 elem, sigma_ptr buffer, sigma_i64 n, sigma_i64 stage,
                sigma_i64 channel, sigma_i64 message) {
  guarded(rt, [&] {
    const CommScope scope(rt, SpanKind::Receive);
    MPI_Request request;
    checkMpi(MPI_Irecv(buffer, checkedCount(n), mpiElem(elem), rt->mesh.rankOf(stage),
                       tagOf(channel, message), rt->mesh.stages, &request),
             "MPI_Irecv");
    waitFor(rt, request);
  });
}
