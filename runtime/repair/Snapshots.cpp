#include "runtime/repair/Snapshots.h"
#include "runtime/Program.h"
#include "runtime/Runtime.h"
#include "runtime/checkpoint/Crc32c.h"
#include "runtime/comm/Collect.h"
#include "runtime/comm/Exchange.h"
#include "runtime/health/Fault.h"

#include <algorithm>
#include <cstring>
#include <string>

namespace sigma::runtime {
namespace {

// Before the state stands what a rank needs besides it.
struct Header {
  double loss;
  int64_t checksum; // of what follows
};

enum Tag { kCopy = 1, kReturn }; // 0 is that of collectives

int64_t inLines(int64_t bytes) { return (bytes + kLineBytes - 1) / kLineBytes * kLineBytes; }

MPI_Request sendCopy(const Group &ring, int to, const Arena &memory, MPI_Datatype line, Tag tag) {
  return startSend(ring, to, memory.data(), memory.bytes() / kLineBytes, line, tag);
}

MPI_Request receiveCopy(const Group &ring, int from, const Arena &memory, MPI_Datatype line,
                        Tag tag) {
  return startReceive(ring, from, memory.data(), memory.bytes() / kLineBytes, line, tag);
}

int64_t checksumOf(const Arena &memory) {
  return crc32c(memory.data() + sizeof(Header), memory.bytes() - sizeof(Header));
}

Header headerOf(const Arena &memory) {
  Header header;
  std::memcpy(&header, memory.data(), sizeof(header));
  return header;
}

} // namespace

bool Snapshots::isWhole(const Copy &copy) {
  return copy.step >= 0 && headerOf(copy.memory).checksum == checksumOf(copy.memory);
}

Kept Snapshots::kept() {
  Kept steps;
  const auto keep = [](Copy(&copies)[2], std::vector<int64_t> &kept) {
    for (Copy &copy : copies)
      if (isWhole(copy))
        kept.push_back(copy.step);
      else
        copy.step = -1;
  };
  keep(own, steps.own);
  keep(ward, steps.ward);
  return steps;
}

void Snapshots::begin(sigma_rt rt, int copyDistance) {
  const int ranks = rt->mesh.size;
  ring = rt->mesh.world;
  guard = copyDistance > 0 ? (ring.index + copyDistance) % ranks : -1;
  warded = copyDistance > 0 ? (ring.index - copyDistance + ranks) % ranks : -1;
  const bool isNew = own[0].memory.bytes() == 0;
  int64_t bytes = sizeof(Header);
  pieces.clear();
  for (const Tensor *tensor : rt->ownTensors())
    for (const State state : kKeptStates) {
      const int64_t width = elemBytes(rt->program.elemOf(state));
      for (const HeldBox &held : tensor->held(state, rt->mesh, width)) {
        pieces.push_back({held.offset, held.box.elements() * width});
        bytes += pieces.back().bytes;
      }
    }
  const List<double> all = gatherDoubles(rt, {double(inLines(bytes))});
  if (!isNew)
    return;
  for (Copy &copy : own)
    copy.memory.allocate(inLines(bytes));
  for (Copy &copy : ward)
    if (warded >= 0)
      copy.memory.allocate(int64_t(all[warded]));
}

Snapshots::Copy *Snapshots::find(Copy (&copies)[2], int64_t step) {
  for (Copy &copy : copies)
    if (copy.step == step)
      return &copy;
  return nullptr;
}

Snapshots::Copy &Snapshots::placeFor(Copy (&copies)[2], int64_t step) {
  // The one of this very step, as after a repair, is needed until the new one is everywhere.
  if (copies[0].step == step)
    return copies[1];
  return copies[1].step == step || copies[0].step <= copies[1].step ? copies[0] : copies[1];
}

void Snapshots::forget() {
  for (Copy *copies : {own, ward})
    for (int i = 0; i < 2; ++i)
      copies[i].step = -1;
}

void Snapshots::restore(sigma_rt rt, const Restart &restart) {
  const auto isNew = [&](int rank) {
    return std::count(restart.newRanks.begin(), restart.newRanks.end(), rank) > 0;
  };
  Copy *mine = find(own, restart.step);
  std::string damage;
  if (isNew(ring.index)) {
    mine = &own[0];
    waitFor(rt, receiveCopy(ring, guard, mine->memory, rt->mesh.line, kReturn));
    mine->step = restart.step;
    if (!isWhole(*mine)) {
      mine->step = -1;
      damage = "rank " + std::to_string(ring.index) +
               " got a damaged copy of its state from rank " + std::to_string(guard);
    }
  }
  if (warded >= 0 && isNew(warded))
    waitFor(rt, sendCopy(ring, warded, find(ward, restart.step)->memory, rt->mesh.line, kReturn));
  // Where the keeper has died, the next epoch begins here.
  faultOfAny(rt, "snapshot-damaged", damage);
  const char *from = mine->memory.data() + sizeof(Header);
  for (const Piece &piece : pieces) {
    std::memcpy(rt->arena.data() + piece.offset, from, piece.bytes);
    from += piece.bytes;
  }
  rt->step.loss = headerOf(mine->memory).loss;
}

void Snapshots::take(sigma_rt rt, int64_t step) {
  Copy &mine = placeFor(own, step);
  mine.step = -1;
  char *to = mine.memory.data() + sizeof(Header);
  for (const Piece &piece : pieces) {
    std::memcpy(to, rt->arena.data() + piece.offset, piece.bytes);
    to += piece.bytes;
  }
  const Header header = {rt->step.loss, checksumOf(mine.memory)};
  std::memcpy(mine.memory.data(), &header, sizeof(header));
  mine.step = step;
  last = taking = step;
  isSafe = false;
  if (guard < 0)
    return;
  arriving = &placeFor(ward, step);
  arriving->step = -1;
  requests = {receiveCopy(ring, warded, arriving->memory, rt->mesh.line, kCopy),
              sendCopy(ring, guard, mine.memory, rt->mesh.line, kCopy)};
}

void Snapshots::finish(sigma_rt rt) {
  waitAll(rt, requests.data(), int(requests.size()));
  arrived();
  isSafe = largestOf(rt, 0) == 0; // every rank is here
}

bool Snapshots::arrived() {
  if (requests.empty())
    return true;
  int done = 0;
  checkMpi(MPI_Testall(int(requests.size()), requests.data(), &done, MPI_STATUSES_IGNORE),
           "MPI_Testall");
  if (!done)
    return false;
  requests.clear();
  arriving->step = taking;
  return true;
}

void Snapshots::abandon() {
  for (Copy *copies : {own, ward})
    for (int i = 0; i < 2; ++i)
      copies[i].memory.moveAway();
  requests.clear();
  isSafe = false;
}

} // namespace sigma::runtime
