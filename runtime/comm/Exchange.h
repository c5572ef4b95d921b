// Messages among the ranks of a group. All collectives are made of these, so that nothing but the
// two ends of a message knows of it, and an exchange that a lost rank broke can be abandoned.
#ifndef SIGMA_RUNTIME_COMM_EXCHANGE_H
#define SIGMA_RUNTIME_COMM_EXCHANGE_H

#include "runtime/comm/Mesh.h"
#include "runtime/comm/Parts.h"
#include "runtime/comm/Wait.h"

#include <cstdint>
#include <utility>
#include <vector>

namespace sigma::runtime {

/// What is sent and received at once. Messages between two ranks with one tag match in the order in
/// which they are posted; what has no elements is not sent.
class Exchange {
public:
  Exchange(sigma_rt rt, const Group &group) : rt(rt), group(group) {}

  void send(int to, const void *data, int64_t count, MPI_Datatype type, int tag = 0);
  void receive(int from, void *data, int64_t count, MPI_Datatype type, int tag = 0);
  /// Until the end of this, all buffers are in use.
  void wait();
  /// Leaves the end to the caller.
  std::vector<MPI_Request> take() { return std::move(requests); }

private:
  sigma_rt rt;
  const Group &group;
  std::vector<MPI_Request> requests;
};

/// Starts one message of a group, and leaves its request to the caller. Tags are below
/// kTagsOfGroup.
MPI_Request startSend(const Group &group, int to, const void *data, int64_t count,
                      MPI_Datatype type, int tag);
MPI_Request startReceive(const Group &group, int from, void *data, int64_t count, MPI_Datatype type,
                         int tag);

/// Every rank's part, on every rank: `parts` says where in `whole`. A null `own` is in its place.
void gatherParts(sigma_rt rt, const Group &group, const void *own, void *whole, const Parts &parts,
                 MPI_Datatype type);

/// A part from each rank to each.
void exchangeParts(sigma_rt rt, const Group &group, const void *from, const Parts &sent, void *to,
                   const Parts &received, MPI_Datatype type);

/// The same, started.
Exchange startGather(sigma_rt rt, const Group &group, const void *own, void *whole,
                     const Parts &parts, MPI_Datatype type, int tag);
Exchange startExchange(sigma_rt rt, const Group &group, const void *from, const Parts &sent,
                       void *to, const Parts &received, MPI_Datatype type, int tag);

} // namespace sigma::runtime

#endif
