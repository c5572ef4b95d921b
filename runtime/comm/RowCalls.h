// What the ABI's collectives of rows do with an exchange: run it, or start it.
#ifndef SIGMA_RUNTIME_COMM_ROWCALLS_H
#define SIGMA_RUNTIME_COMM_ROWCALLS_H

#include "runtime/Runtime.h"
#include "runtime/comm/RowExchange.h"
#include "runtime/health/Fault.h"

namespace sigma::runtime {

/// The exchange that `make` returns.
template <class Make>
void runRows(sigma_rt rt, SpanKind kind, Make make) {
  guarded(rt, [&] {
    const CommScope scope(rt, kind);
    make().run();
  });
}

/// The same, for rows that go to `out`.
template <class Make>
void startRows(sigma_rt rt, SpanKind kind, const void *out, Make make) {
  guarded(rt, [&] {
    const CommScope scope(rt, kind);
    rt->startedRows.start(make(), out);
  });
}

} // namespace sigma::runtime

#endif
