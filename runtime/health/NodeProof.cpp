#include "runtime/health/NodeProof.h"
#include "runtime/WholeFile.h"
#include "runtime/comm/Host.h"
#include "runtime/comm/Wait.h"
#include "runtime/profile/Ops.h"

#include <mpi.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <functional>

namespace sigma::runtime {
namespace {

constexpr int64_t kProductSize = 192;
constexpr int64_t kMemoryBytes = 16 << 20, kLinkBytes = 1 << 18;
constexpr int kTimes = 8;
constexpr double kEnoughS = 0.5; // of them together; a slow one is known by then

/// The best of several times; all ranks do it at once.
double secondsOf(const std::function<void()> &work) {
  double best = 1e30, mine = 0, most = 0;
  for (int i = 0; i < kTimes && most < kEnoughS; ++i) {
    // All ranks do it equally often.
    MPI_Allreduce(&mine, &most, 1, MPI_DOUBLE, MPI_MAX, MPI_COMM_WORLD);
    const int64_t begin = nowNs();
    work();
    const double seconds = double(nowNs() - begin) / 1e9;
    best = std::min(best, seconds);
    mine += seconds;
  }
  return std::max(best, 1e-9);
}

double flopsPerS(Runtime &rt) {
  const OpCase op = product(SIGMA_F32, kProductSize);
  std::vector<char> memory(op.memoryBytes);
  return 2.0 * kProductSize * kProductSize * kProductSize /
         secondsOf([&] { op.run(&rt, SIGMA_F32, memory.data()); });
}

/// Also that what was written is what is read; 0 where it is not.
double memoryBytesPerS() {
  std::vector<char> from(kMemoryBytes), to(kMemoryBytes);
  for (int64_t i = 0; i < kMemoryBytes; ++i)
    from[i] = char(i * 0x9e3779b97f4a7c15u >> 56);
  const double seconds = secondsOf([&] { std::memcpy(to.data(), from.data(), kMemoryBytes); });
  return from == to ? 2 * kMemoryBytes / seconds : 0;
}

/// Ranks of the first node stand before those of the second.
double linkBytesPerS(const Runtime &rt) {
  const int own = ranksOfHost(), others = rt.mesh.size - own;
  int first = own; // ranks of the first node
  MPI_Bcast(&first, 1, MPI_INT, 0, MPI_COMM_WORLD);
  const bool inFirst = rt.mesh.rank < first;
  const int slot = inFirst ? rt.mesh.rank : rt.mesh.rank - first;
  const int partner = slot >= others ? MPI_PROC_NULL : inFirst ? first + slot : slot;
  std::vector<char> out(kLinkBytes), in(kLinkBytes);
  const double seconds = secondsOf([&] {
    MPI_Sendrecv(out.data(), kLinkBytes, MPI_CHAR, partner, 0, in.data(), kLinkBytes, MPI_CHAR,
                 partner, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
  });
  return partner == MPI_PROC_NULL ? 0 : kLinkBytes / seconds;
}

} // namespace

int proveNodes(Runtime &rt, char *const *argv) {
  MPI_Init(nullptr, nullptr);
  MPI_Comm_rank(MPI_COMM_WORLD, &rt.mesh.rank);
  MPI_Comm_size(MPI_COMM_WORLD, &rt.mesh.size);
  rt.device->begin(SIGMA_F32, 1, argv);
  const double own[] = {flopsPerS(rt), memoryBytesPerS(), linkBytesPerS(rt)};
  std::vector<double> all(3 * size_t(rt.mesh.size));
  MPI_Gather(own, 3, MPI_DOUBLE, all.data(), 3, MPI_DOUBLE, 0, MPI_COMM_WORLD);
  if (rt.mesh.rank == 0)
    replaceFile(rt.options.prove, Json(all).dump() + "\n");
  MPI_Finalize();
  return SIGMA_EXIT_DONE;
}

std::vector<NodeFigures> readProof(const std::string &path) {
  std::ifstream file(path);
  const Json all = Json::parse(file, nullptr, /*allow_exceptions=*/false);
  std::vector<NodeFigures> figures;
  if (all.is_array() && all.size() % 3 == 0)
    for (size_t i = 0; i < all.size(); i += 3)
      figures.push_back({all[i].get<double>(), all[i + 1].get<double>(), all[i + 2].get<double>()});
  return figures;
}

} // namespace sigma::runtime
