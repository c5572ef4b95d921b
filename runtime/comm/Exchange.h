// Messages among the ranks of a group. All collectives are made of these, so that nothing but the
// two ends of a message knows of it, and an exchange that a lost rank broke can be abandoned.
#ifndef SIGMA_RUNTIME_COMM_EXCHANGE_H
#define SIGMA_RUNTIME_COMM_EXCHANGE_H

#include "runtime/comm/Mesh.h"
#include "runtime/comm/Parts.h"
#include "runtime/comm/Wait.h"

#include <cstdint>
#include <utility>

namespace sigma::runtime {

/// Messages between two ranks that match in the order in which they are posted.
struct Lane {
  int tag;              // below kTagsOfGroup
  int64_t messageBytes; // at most; what is more goes in several
};

constexpr int64_t kWholeBytes = INT64_MAX;
/// Transports of MPI send so much without asking the receiver first. A question would wait behind
/// what is on its way to it: the two directions of a link take turns then, and nothing moves while
/// a receiver computes. What arrives before it is received is kept by MPI, so no more than some
/// bytes are on their way at once.
constexpr int64_t kUnaskedBytes = 32 << 10, kUnaskedAtOnceBytes = 4 << 20;

constexpr Lane kWhole{0, kWholeBytes}, kUnasked{0, kUnaskedBytes};

/// What is sent and received at once; what has no elements is not sent.
class Exchange {
public:
  Exchange(sigma_rt rt, const Group &group, Lane lane = kWhole)
      : rt(rt), group(group), lane(lane) {}

  void send(int to, const void *data, int64_t count, MPI_Datatype type);
  void receive(int from, void *data, int64_t count, MPI_Datatype type);
  /// Until the end of this, all buffers are in use.
  void wait();
  /// Leaves the end to the caller.
  List<MPI_Request> take() { return std::move(requests); }

private:
  sigma_rt rt;
  const Group &group;
  Lane lane;
  List<MPI_Request> requests;
};

/// Starts one message of a group, and leaves its request to the caller.
MPI_Request startSend(const Group &group, int to, const void *data, int64_t count,
                      MPI_Datatype type, int tag);
MPI_Request startReceive(const Group &group, int from, void *data, int64_t count, MPI_Datatype type,
                         int tag);

/// Every rank's part, on every rank: `parts` says where in `whole`. A null `own` is in its place.
void gatherParts(sigma_rt rt, const Group &group, const void *own, void *whole, const Parts &parts,
                 MPI_Datatype type, Lane lane = kWhole);

/// A part from each rank to each.
void exchangeParts(sigma_rt rt, const Group &group, const void *from, const Parts &sent, void *to,
                   const Parts &received, MPI_Datatype type, Lane lane = kWhole);

/// The same, started.
Exchange startGather(sigma_rt rt, const Group &group, const void *own, void *whole,
                     const Parts &parts, MPI_Datatype type, Lane lane);
Exchange startExchange(sigma_rt rt, const Group &group, const void *from, const Parts &sent,
                       void *to, const Parts &received, MPI_Datatype type, Lane lane);

} // namespace sigma::runtime

#endif
