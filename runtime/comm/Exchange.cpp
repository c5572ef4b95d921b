#include "runtime/comm/Exchange.h"

#include <algorithm>
#include <climits>
#include <stdexcept>
#include <string>

namespace sigma::runtime {

static int checkedCount(int64_t count) {
  if (count > INT_MAX)
    throw std::logic_error("a message of " + std::to_string(count) +
                           " elements is more than MPI can count");
  return int(count);
}

MPI_Request startSend(const Group &group, int to, const void *data, int64_t count,
                      MPI_Datatype type, int tag) {
  MPI_Request request;
  checkMpi(MPI_Isend(data, checkedCount(count), type, group.processes[to], group.firstTag + tag,
                     MPI_COMM_WORLD, &request),
           "MPI_Isend");
  return request;
}

MPI_Request startReceive(const Group &group, int from, void *data, int64_t count, MPI_Datatype type,
                         int tag) {
  MPI_Request request;
  checkMpi(MPI_Irecv(data, checkedCount(count), type, group.processes[from], group.firstTag + tag,
                     MPI_COMM_WORLD, &request),
           "MPI_Irecv");
  return request;
}

static MPI_Aint extentOf(MPI_Datatype type) {
  MPI_Aint lower = 0, extent = 0;
  checkMpi(MPI_Type_get_extent(type, &lower, &extent), "MPI_Type_get_extent");
  return extent;
}

/// f(data, count) of each message.
template <class F>
static void eachMessage(const void *data, int64_t count, MPI_Datatype type, const Lane &lane, F f) {
  const int64_t extent = extentOf(type), most = std::max<int64_t>(1, lane.messageBytes / extent);
  char *const bytes = static_cast<char *>(const_cast<void *>(data));
  for (int64_t begin = 0; begin < count; begin += std::min(most, count - begin))
    f(bytes + begin * extent, std::min(most, count - begin));
}

void Exchange::send(int to, const void *data, int64_t count, MPI_Datatype type) {
  eachMessage(data, count, type, lane, [&](const char *at, int64_t n) {
    requests.push_back(startSend(group, to, at, n, type, lane.tag));
  });
}

void Exchange::receive(int from, void *data, int64_t count, MPI_Datatype type) {
  eachMessage(data, count, type, lane, [&](char *at, int64_t n) {
    requests.push_back(startReceive(group, from, at, n, type, lane.tag));
  });
}

void Exchange::wait() {
  waitAll(rt, requests.data(), int(requests.size()));
  requests.clear();
}

namespace {

/// Where parts of a type begin in memory.
class Places {
public:
  Places(const void *memory, const Parts &parts, MPI_Datatype type)
      : memory(static_cast<char *>(const_cast<void *>(memory))), parts(parts),
        extent(extentOf(type)) {}
  char *at(int rank) const { return memory + parts.begins[rank] * extent; }

private:
  char *memory;
  const Parts &parts;
  MPI_Aint extent;
};

/// f(peer) of each rank of the group; every rank begins with another one.
template <class F>
void eachPeer(const Group &group, F f) {
  for (int i = 0; i < group.size; ++i)
    f((group.index + i) % group.size);
}

} // namespace

Exchange startGather(sigma_rt rt, const Group &group, const void *own, void *whole,
                     const Parts &parts, MPI_Datatype type, Lane lane) {
  const Places places(whole, parts, type);
  const bool isInPlace = own == nullptr;
  const void *mine = isInPlace ? places.at(group.index) : own;
  Exchange exchange(rt, group, lane);
  eachPeer(group, [&](int peer) {
    if (peer != group.index || !isInPlace)
      exchange.receive(peer, places.at(peer), parts.counts[peer], type);
  });
  eachPeer(group, [&](int peer) {
    if (peer != group.index || !isInPlace)
      exchange.send(peer, mine, parts.counts[group.index], type);
  });
  return exchange;
}

Exchange startExchange(sigma_rt rt, const Group &group, const void *from, const Parts &sent,
                       void *to, const Parts &received, MPI_Datatype type, Lane lane) {
  const Places ours(from, sent, type), theirs(to, received, type);
  Exchange exchange(rt, group, lane);
  eachPeer(group,
           [&](int peer) { exchange.receive(peer, theirs.at(peer), received.counts[peer], type); });
  eachPeer(group, [&](int peer) { exchange.send(peer, ours.at(peer), sent.counts[peer], type); });
  return exchange;
}

void gatherParts(sigma_rt rt, const Group &group, const void *own, void *whole, const Parts &parts,
                 MPI_Datatype type, Lane lane) {
  startGather(rt, group, own, whole, parts, type, lane).wait();
}

void exchangeParts(sigma_rt rt, const Group &group, const void *from, const Parts &sent, void *to,
                   const Parts &received, MPI_Datatype type, Lane lane) {
  startExchange(rt, group, from, sent, to, received, type, lane).wait();
}

} // namespace sigma::runtime
