// Activations and their gradients between pipeline stages.
#include "runtime/Runtime.h"
#include "runtime/comm/Exchange.h"
#include "runtime/health/Fault.h"

using namespace sigma::runtime;

// Messages on their way at a time are far fewer than a group has tags.
static int tagOf(int64_t channel, int64_t message) {
  return int((message * 2 + channel) % kTagsOfGroup);
}

void sigma_send(sigma_rt rt, sigma_i64 elem, sigma_ptr buffer, sigma_i64 n, sigma_i64 stage,
                sigma_i64 channel, sigma_i64 message) {
  guarded(rt, [&] {
    const CommScope scope(rt, SpanKind::Send);
    rt->sends.of(stage, channel)
        .push_back(startSend(rt->mesh.stages, rt->mesh.rankOf(stage), buffer, n, mpiElem(elem),
                             tagOf(channel, message)));
  });
}

void sigma_wait_send(sigma_rt rt, sigma_i64 stage, sigma_i64 channel) {
  List<MPI_Request> &pending = rt->sends.of(stage, channel);
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
    waitFor(rt, startReceive(rt->mesh.stages, rt->mesh.rankOf(stage), buffer, n, mpiElem(elem),
                             tagOf(channel, message)));
  });
}
