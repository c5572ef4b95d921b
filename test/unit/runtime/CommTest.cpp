// Collectives on four ranks (run by mpirun -n 4): a plain program, as GoogleTest knows nothing of
// ranks.
#include "runtime/Runtime.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <numeric>

using namespace sigma::runtime;

#define CHECK(condition)                                                                           \
  do {                                                                                             \
    if (!(condition)) {                                                                            \
      std::fprintf(stderr, "%s:%d: rank %d: %s\n", __FILE__, __LINE__, rt.mesh.rank, #condition);  \
      MPI_Abort(MPI_COMM_WORLD, 1);                                                                \
    }                                                                                              \
  } while (false)

namespace {

/// A value whose sum depends on the order of additions.
float awkward(int rank, int64_t i) {
  return float(std::pow(-1.7, rank * 7 % 5) * (1 + double(i) / 3) * std::pow(10, rank));
}

template <class T>
void allReduce(Runtime &rt, int64_t axis, int64_t n, int64_t workspaceElements) {
  const Group &group = rt.mesh.group(axis);
  std::vector<int> ranks(group.size);
  MPI_Allgather(&rt.mesh.rank, 1, MPI_INT, ranks.data(), 1, MPI_INT, group.comm);
  std::vector<T> values(n), work(workspaceElements), wanted(n);
  for (int64_t i = 0; i < n; ++i) {
    values[i] = T(awkward(rt.mesh.rank, i));
    wanted[i] = T(awkward(ranks[0], i));
    for (int slot = 1; slot < group.size; ++slot)
      wanted[i] += T(awkward(ranks[slot], i));
  }
  sigma_all_reduce(&rt, sizeof(T) == 8 ? SIGMA_F64 : SIGMA_F32, values.data(), n, axis, work.data(),
                   work.size() * sizeof(T));
  CHECK(std::memcmp(values.data(), wanted.data(), n * sizeof(T)) ==
        0); // the bits of a sum in slot order
}

void allReduces(Runtime &rt) {
  for (const int64_t axis : {SIGMA_AXIS_DP, SIGMA_AXIS_EP, SIGMA_AXIS_EDP})
    for (const int64_t n : {1, 2, 5, 64, 1001})
      for (const int64_t work : {4, 7, 64, 4096}) {
        allReduce<float>(rt, axis, n, work);
        allReduce<double>(rt, axis, n, work);
      }
}

/// Rows tell who sent them: every row of (source, expert, index) must arrive where it belongs, and
/// come back.
void dispatchAndCollect(Runtime &rt) {
  const int64_t experts = 8, width = 3, peers = rt.mesh.epGroup.size, local = experts / peers,
                capacity = 200;
  std::vector<int32_t> sizes(experts), table(experts), own(local);
  for (int64_t e = 0; e < experts; ++e)
    sizes[e] = int32_t((e * 5 + rt.mesh.rank * 3) % 7);
  const int64_t sent = std::accumulate(sizes.begin(), sizes.end(), 0);
  std::vector<float> rows(sent * width), arrived(capacity * width, -1), back(sent * width),
      work(capacity * width);
  int64_t row = 0;
  for (int64_t e = 0; e < experts; ++e)
    for (int64_t i = 0; i < sizes[e]; ++i, ++row)
      for (int64_t w = 0; w < width; ++w)
        rows[row * width + w] = float(rt.mesh.epIndex * 10000 + e * 100 + i);
  sigma_exchange_sizes(&rt, sizes.data(), table.data(), own.data(), experts, capacity);
  sigma_all_to_all(&rt, SIGMA_F32, rows.data(), sizes.data(), table.data(), arrived.data(), experts,
                   width, 0, work.data(), work.size() * 4);
  row = 0;
  for (int64_t e = 0; e < local; ++e)
    for (int64_t source = 0; source < peers; ++source)
      for (int64_t i = 0; i < table[source * local + e]; ++i, ++row)
        CHECK(arrived[row * width] ==
              float(source * 10000 + (rt.mesh.epIndex * local + e) * 100 + i));
  CHECK(row == std::accumulate(own.begin(), own.end(), 0));
  sigma_all_to_all(&rt, SIGMA_F32, arrived.data(), sizes.data(), table.data(), back.data(), experts,
                   width, 1, work.data(), work.size() * 4);
  CHECK(back == rows);
}

void stages(Runtime &rt) {
  const int64_t n = 5000, last = rt.mesh.pp - 1, own = rt.mesh.ppIndex;
  for (int64_t step = 0; step < 3; ++step)
    for (int64_t m = 0; m < 4; ++m) {
      std::vector<double> x(n, double(step * 100 + m));
      if (own > 0) {
        sigma_recv(&rt, SIGMA_F64, x.data(), n, own - 1, SIGMA_FORWARD, m);
        CHECK(x[0] == double(step * 100 + m + own * 1000) && x[n - 1] == x[0]);
      }
      for (double &value : x)
        value += 1000;
      if (own < last)
        sigma_send(&rt, SIGMA_F64, x.data(), n, own + 1, SIGMA_FORWARD, m);
      sigma_wait_send(&rt, SIGMA_FORWARD);
      sigma_wait_send(&rt, SIGMA_BACKWARD); // none: returns at once
    }
}

void run(int64_t pp, int64_t dp, int64_t ep) {
  Runtime rt;
  rt.mesh = makeMesh(pp, dp, ep);
  CHECK(rt.mesh.rank == rt.mesh.ppIndex * dp + rt.mesh.dpIndex);
  CHECK(rt.mesh.dpGroup.size == dp && rt.mesh.dpGroup.index == rt.mesh.dpIndex);
  CHECK(rt.mesh.epGroup.size == ep && rt.mesh.epGroup.index == rt.mesh.dpIndex % ep);
  CHECK(rt.mesh.edpGroup.size == dp / ep && rt.mesh.edpGroup.index == rt.mesh.dpIndex / ep);
  allReduces(rt);
  dispatchAndCollect(rt);
  stages(rt);
}

} // namespace

int main(int argc, char **argv) {
  MPI_Init(&argc, &argv);
  run(1, 4, 1);
  run(1, 4, 2);
  run(1, 4, 4);
  run(2, 2, 2);
  run(4, 1, 1);
  MPI_Finalize();
  return 0;
}
