// Collectives on four ranks (run by mpirun -n 4): a plain program, as GoogleTest knows nothing of
// ranks.
#include "runtime/Runtime.h"
#include "runtime/comm/Exchange.h"
#include "test/unit/runtime/Allocations.h"

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <functional>
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

double sumIn(Runtime &rt, const Group &group, double mine) {
  std::vector<double> all(group.size);
  gatherParts(&rt, group, &mine, all.data(), Parts::equal(group.size, 1), MPI_DOUBLE);
  return std::accumulate(all.begin(), all.end(), 0.0);
}

/// A value whose sum depends on the order of additions.
float awkward(int rank, int64_t i) {
  return float(std::pow(-1.7, rank * 7 % 5) * (1 + double(i) / 3) * std::pow(10, rank));
}

/// Elements whose parts, of a few ranks, take several messages each.
constexpr int64_t kSeveralMessages = 100'001;

template <class T>
void allReduce(Runtime &rt, int64_t code, int64_t n, int64_t workspaceElements) {
  const Group &group = rt.mesh.group(code);
  const std::vector<int> &ranks = group.processes;
  std::vector<T> values(n), work(workspaceElements), wanted(n);
  const auto valueOf = [](int rank, int64_t i) { return narrowed<T>(awkward(rank, i)); };
  for (int64_t i = 0; i < n; ++i) {
    values[i] = valueOf(rt.mesh.rank, i);
    Wide<T> sum = widened(valueOf(ranks[0], i));
    for (int slot = 1; slot < group.size; ++slot)
      sum += widened(valueOf(ranks[slot], i));
    wanted[i] = narrowed<T>(sum);
  }
  sigma_all_reduce(&rt, elemOf<T>(), values.data(), n, code, work.data(), work.size() * sizeof(T));
  CHECK(std::memcmp(values.data(), wanted.data(), n * sizeof(T)) ==
        0); // the bits of a sum in slot order
}

void allReduces(Runtime &rt) {
  for (const int64_t code :
       {SIGMA_GROUP_TENSOR, SIGMA_GROUP_DATA, SIGMA_GROUP_EXPERT, SIGMA_GROUP_EXPERT_DATA})
    for (const int64_t n : {1, 2, 5, 64, 1001})
      for (const int64_t work : {4, 7, 64, 4096}) {
        allReduce<float>(rt, code, n, work);
        allReduce<double>(rt, code, n, work);
        allReduce<BFloat16>(rt, code, n, work);
      }
  allReduce<float>(rt, SIGMA_GROUP_DATA, kSeveralMessages, kSeveralMessages / 2);
  allReduce<BFloat16>(rt, SIGMA_GROUP_DATA, kSeveralMessages, kSeveralMessages);
}

/// Rows tell who sent them: every row of (source, expert, index) must arrive where it belongs, and
/// come back.
void dispatchAndCollect(Runtime &rt) {
  const int64_t experts = 8, width = 3, peers = rt.mesh.expert.size, local = experts / peers,
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
        rows[row * width + w] = float(rt.mesh.expert.index * 10000 + e * 100 + i);
  sigma_exchange_sizes(&rt, sizes.data(), table.data(), own.data(), experts, capacity);
  sigma_all_to_all(&rt, SIGMA_F32, rows.data(), sizes.data(), nullptr, table.data(), arrived.data(),
                   experts, width, 0, work.data(), work.size() * 4);
  row = 0;
  for (int64_t e = 0; e < local; ++e)
    for (int64_t source = 0; source < peers; ++source)
      for (int64_t i = 0; i < table[source * local + e]; ++i, ++row)
        CHECK(arrived[row * width] ==
              float(source * 10000 + (rt.mesh.expert.index * local + e) * 100 + i));
  CHECK(row == std::accumulate(own.begin(), own.end(), 0));
  sigma_all_to_all(&rt, SIGMA_F32, arrived.data(), sizes.data(), nullptr, table.data(), back.data(),
                   experts, width, 1, work.data(), work.size() * 4);
  CHECK(back == rows);
}

/// Rows go to experts that have room for few of them, in rounds: each arrives once, and comes back
/// to its place.
void dispatchInRounds(Runtime &rt, int64_t capacity, int64_t later) {
  const int64_t experts = 8, width = 3, peers = rt.mesh.expert.size, local = experts / peers;
  if (peers == 1)
    return;
  std::vector<int32_t> sizes(experts), routes(peers * (local + 1)), sent(experts), begins(peers),
      table(experts), own(local);
  for (int64_t e = 0; e < experts; ++e)
    sizes[e] = int32_t((e * 5 + rt.mesh.rank * 3) % 7);
  std::vector<float> rows, arrived(capacity * width), work(capacity * width);
  for (int64_t e = 0; e < experts; ++e)
    for (int64_t i = 0; i < sizes[e] * width; ++i)
      rows.push_back(float(rt.mesh.expert.index * 1000 + e * 100 + i));
  std::vector<float> back(rows.size(), -1);
  int32_t rounds = 0;
  int64_t total = 0, done = 0;
  sigma_exchange_routes(&rt, sizes.data(), routes.data(), &rounds, experts, capacity, later);
  do {
    sigma_round(&rt, sizes.data(), routes.data(), sent.data(), begins.data(), table.data(),
                own.data(), experts, capacity, later);
    const int64_t here = std::accumulate(own.begin(), own.end(), 0);
    CHECK(here <= (done == 0 ? capacity : later));
    sigma_all_to_all(&rt, SIGMA_F32, rows.data(), sent.data(), begins.data(), table.data(),
                     arrived.data(), experts, width, 0, work.data(), work.size() * 4);
    int64_t row = 0;
    for (int64_t e = 0; e < local; ++e)
      for (int64_t source = 0; source < peers; ++source)
        for (int64_t i = 0; i < table[source * local + e]; ++i, ++row) {
          const int64_t first = source * 1000 + (rt.mesh.expert.index * local + e) * 100;
          CHECK(arrived[row * width] >= float(first) && arrived[row * width] < float(first + 100));
        }
    sigma_all_to_all(&rt, SIGMA_F32, arrived.data(), sent.data(), begins.data(), table.data(),
                     back.data(), experts, width, 1, work.data(), work.size() * 4);
    total += here;
    ++done;
  } while (sigma_next_round(&rt, &rounds) != 0);
  CHECK(done == rounds && rt.rounds.current == 0);
  CHECK(back == rows);
  int64_t all = 0;
  for (int64_t source = 0; source < peers; ++source)
    all += std::accumulate(&routes[source * (local + 1)], &routes[source * (local + 1)] + local, 0);
  CHECK(total == all);
}

void stages(Runtime &rt) {
  const int64_t n = 5000, last = rt.mesh.shape.pp - 1, own = rt.mesh.ppIndex;
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
      sigma_wait_send(&rt, own + 1, SIGMA_FORWARD);
      sigma_wait_send(&rt, own + 1, SIGMA_BACKWARD); // none: returns at once
    }
}

/// A value that tells its place in a tensor of `columns` columns.
double numberAt(int64_t row, int64_t column) { return double(row * 100 + column + 1); }

/// Two sequences: of each, the rank's rows go to where they stand in the whole, and the sum of the
/// whole over ranks comes back to them.
void gatherAndScatter(Runtime &rt, int64_t code) {
  const Group &group = rt.mesh.group(code);
  const int64_t blocks = 2, rows = 6, width = 3, ranks = group.size;
  std::vector<double> part(rows * width), whole(ranks * rows * width), sum(part.size());
  const auto placeOf = [&](int64_t rank, int64_t row) {
    const int64_t each = rows / blocks;
    return row / each * each * ranks + rank * each + row % each;
  };
  for (int64_t row = 0; row < rows; ++row)
    for (int64_t w = 0; w < width; ++w)
      part[row * width + w] = numberAt(placeOf(group.index, row), w);
  sigma_all_gather(&rt, SIGMA_F64, part.data(), whole.data(), rows, width, blocks, code);
  for (int64_t row = 0; row < ranks * rows; ++row)
    for (int64_t w = 0; w < width; ++w)
      CHECK(whole[row * width + w] == numberAt(row, w));
  for (const int64_t room : {1, 2, 100}) {
    std::vector<double> work(room * ranks * width);
    sigma_reduce_scatter(&rt, SIGMA_F64, whole.data(), sum.data(), rows, width, blocks, code,
                         work.data(), work.size() * sizeof(double));
    for (size_t i = 0; i < sum.size(); ++i)
      CHECK(sum[i] == double(ranks) * part[i]);
  }
}

/// Parts of a flat: the last ranks have less, or nothing. Sums have the bits of those in slot
/// order.
template <class T>
void flats(Runtime &rt, int64_t code, int64_t lines, const std::vector<int64_t> &rooms) {
  const Group &group = rt.mesh.group(code);
  const int64_t perLine = kLineBytes / int64_t(sizeof(T)), n = lines * perLine,
                part = (lines + group.size - 1) / group.size * perLine,
                elem = sizeof(T) == 8 ? SIGMA_F64 : SIGMA_F32;
  const int64_t begin = std::min(group.index * part, n), end = std::min(begin + part, n);
  const std::vector<int> &ranks = group.processes;
  std::vector<T> own(n), sums(n);
  for (int64_t i = 0; i < n; ++i) {
    own[i] = T(awkward(rt.mesh.rank, i));
    sums[i] = T(awkward(ranks[0], i));
    for (int slot = 1; slot < group.size; ++slot)
      sums[i] += T(awkward(ranks[slot], i));
  }
  for (const int64_t room : rooms) {
    std::vector<T> inPlace = own, kept(part, T(0)), work(room * group.size * perLine), whole(n);
    sigma_reduce_flat(&rt, elem, own.data(), n, part, code, kept.data(), work.data(),
                      work.size() * sizeof(T));
    sigma_reduce_flat(&rt, elem, inPlace.data(), n, part, code, nullptr, work.data(),
                      work.size() * sizeof(T));
    CHECK(std::equal(kept.begin(), kept.begin() + (end - begin), sums.begin() + begin));
    CHECK(std::equal(inPlace.begin() + begin, inPlace.begin() + end, sums.begin() + begin));
    sigma_gather_flat(&rt, elem, kept.data(), whole.data(), n, part, code);
    sigma_gather_flat(&rt, elem, nullptr, inPlace.data(), n, part, code);
    CHECK(whole == sums && inPlace == sums);
  }
}

void flats(Runtime &rt) {
  for (const int64_t code : {SIGMA_GROUP_DATA, SIGMA_GROUP_EXPERT_DATA})
    for (const int64_t lines : {1, 5, 8}) {
      flats<float>(rt, code, lines, {1, 2, 100});
      flats<double>(rt, code, lines, {1, 2, 100});
    }
  flats<float>(rt, SIGMA_GROUP_DATA, kSeveralMessages / 16, {2000});
}

/// Some elements of a rank, and their sums over a group.
template <class T>
struct Summed {
  Summed(const Runtime &rt, int64_t code, int64_t lines) : code(code), ranks(rt.mesh.group(code)) {
    const int64_t perLine = kLineBytes / int64_t(sizeof(T));
    part = (lines + ranks.size - 1) / ranks.size * perLine;
    for (int64_t i = 0; i < lines * perLine; ++i) {
      flat.push_back(T(awkward(rt.mesh.rank, i)));
      sums.push_back(T(awkward(ranks.processes[0], i)));
      for (int slot = 1; slot < ranks.size; ++slot)
        sums[i] += T(awkward(ranks.processes[slot], i));
    }
  }
  int64_t size() const { return int64_t(flat.size()); }
  /// Of all ranks, or of the own part.
  bool isSummed(bool all) const {
    const int64_t begin = all ? 0 : std::min(ranks.index * part, size()),
                  end = all ? size() : std::min(begin + part, size());
    return std::equal(flat.begin() + begin, flat.begin() + end, sums.begin() + begin);
  }

  int64_t code;
  const Group &ranks;
  int64_t part = 0;
  std::vector<T> flat, sums, own;
};

/// Sums that go on beside other exchanges of the same groups, and that a rank looks at when it
/// likes.
template <class T>
void startedSums(Runtime &rt, int64_t room, bool gathers) {
  const int64_t elem = sizeof(T) == 8 ? SIGMA_F64 : SIGMA_F32;
  std::vector<char> work(2 * room * rt.mesh.size * kLineBytes);
  std::vector<Summed<T>> all;
  for (const int64_t lines : {1, 5, 8, 30})
    for (const int64_t code : {SIGMA_GROUP_DATA, SIGMA_GROUP_EXPERT_DATA})
      all.emplace_back(rt, code, lines);
  const auto start = [&](Summed<T> &some) {
    sigma_start_reduce(&rt, elem, some.flat.data(), some.size(), some.part, some.code, gathers,
                       work.data(), int64_t(work.size()));
  };
  const std::vector<T> before = all[0].flat;
  start(all[0]); // there is more to add
  CHECK(rt.nonblocking.isIdle() && all[0].flat == before);
  sigma_last_micro_batch(&rt, 1);
  for (Summed<T> &some : all) {
    start(some);
    for (int look = 0; look < rt.mesh.rank * 50; ++look)
      sigma_progress(&rt);
    allReduce<T>(rt, some.code, 64, 64);
  }
  sigma_last_micro_batch(&rt, 0);
  sigma_wait_reduce(&rt);
  CHECK(rt.nonblocking.isIdle());
  for (const Summed<T> &some : all)
    CHECK(some.isSummed(gathers));
}

/// The same, added to what each rank keeps.
template <class T>
void startedSumsToOwn(Runtime &rt, int64_t room) {
  const int64_t elem = sizeof(T) == 8 ? SIGMA_F64 : SIGMA_F32;
  std::vector<char> work(2 * room * rt.mesh.size * kLineBytes);
  std::vector<Summed<T>> all;
  for (const int64_t lines : {1, 5, 30})
    for (const int64_t code : {SIGMA_GROUP_DATA, SIGMA_GROUP_EXPERT_DATA})
      all.emplace_back(rt, code, lines);
  for (Summed<T> &some : all) {
    some.own.assign(some.part, T(0.5));
    sigma_start_reduce_flat(&rt, elem, some.flat.data(), some.size(), some.part, some.code,
                            some.own.data(), work.data(), int64_t(work.size()));
    allReduce<T>(rt, some.code, 64, 64);
  }
  for (const Summed<T> &some : all) {
    const std::vector<T> before = some.flat;
    sigma_wait_reduce_flat(&rt, const_cast<T *>(some.flat.data()));
    const int64_t begin = std::min(some.ranks.index * some.part, some.size());
    for (int64_t i = begin; i < std::min(begin + some.part, some.size()); ++i)
      CHECK(some.own[i - begin] == T(0.5) + some.sums[i] && some.flat[i] == before[i]);
  }
  CHECK(rt.nonblocking.isIdle());
}

void startedSums(Runtime &rt) {
  for (const int64_t room : {1, 2, 100})
    for (const bool gathers : {false, true}) {
      startedSums<float>(rt, room, gathers);
      startedSums<double>(rt, room, gathers);
    }
  for (const int64_t room : {1, 2, 100}) {
    startedSumsToOwn<float>(rt, room);
    startedSumsToOwn<double>(rt, room);
  }
}

/// Gathers that go on beside other exchanges of the same groups; each is waited for before the next
/// but one is started.
template <class T>
void startedGathers(Runtime &rt, const std::vector<int64_t> &sizes) {
  const int64_t elem = sizeof(T) == 8 ? SIGMA_F64 : SIGMA_F32;
  std::vector<Summed<T>> all;
  for (const int64_t lines : sizes)
    for (const int64_t code : {SIGMA_GROUP_DATA, SIGMA_GROUP_EXPERT_DATA})
      all.emplace_back(rt, code, lines);
  const auto wait = [&](size_t i) {
    sigma_wait_gather(&rt, all[i].flat.data());
    CHECK(all[i].isSummed(/*all=*/true));
  };
  for (size_t i = 0; i < all.size(); ++i) {
    Summed<T> &some = all[i];
    const auto begin = some.sums.begin() + std::min(some.ranks.index * some.part, some.size());
    some.own.assign(begin, std::min(begin + some.part, some.sums.end()));
    some.own.resize(some.part);
    sigma_start_gather(&rt, elem, some.own.data(), some.flat.data(), some.size(), some.part,
                       some.code);
    for (int look = 0; look < rt.mesh.rank * 50; ++look)
      sigma_progress(&rt);
    allReduce<T>(rt, some.code, 64, 64);
    if (i > 0)
      wait(i - 1);
  }
  wait(all.size() - 1);
  CHECK(rt.nonblocking.isIdle());
}

void startedGathers(Runtime &rt) {
  startedGathers<float>(rt, {1, 5, 8, 30, 70000});
  startedGathers<double>(rt, {30, 1});
}

void expertRows(Runtime &rt) {
  const Group &group = rt.mesh.expertTensor;
  const int64_t experts = 5, width = 2, ranks = group.size;
  const auto sizeOf = [&](int64_t rank, int64_t expert) { return (rank * 3 + expert * 2) % 5; };
  std::vector<int32_t> sizes, table(ranks * experts), all(experts);
  std::vector<double> rows;
  for (int64_t expert = 0; expert < experts; ++expert) {
    sizes.push_back(int32_t(sizeOf(group.index, expert)));
    for (int64_t i = 0; i < sizes.back(); ++i)
      for (int64_t w = 0; w < width; ++w)
        rows.push_back(numberAt(group.index * 1000 + expert * 10 + i, w));
  }
  int32_t rounds = 1 + group.index, most = 0;
  sigma_gather_sizes(&rt, sizes.data(), table.data(), all.data(), experts, &rounds, &most);
  CHECK(most == ranks);
  const int64_t total = std::accumulate(all.begin(), all.end(), 0);
  std::vector<double> gathered(total * width), back(rows.size());
  sigma_gather_expert_rows(&rt, SIGMA_F64, rows.data(), table.data(), gathered.data(), experts,
                           width);
  size_t at = 0;
  for (int64_t expert = 0; expert < experts; ++expert)
    for (int64_t rank = 0; rank < ranks; ++rank)
      for (int64_t i = 0; i < sizeOf(rank, expert); ++i)
        for (int64_t w = 0; w < width; ++w)
          CHECK(gathered[at++] == numberAt(rank * 1000 + expert * 10 + i, w));
  CHECK(at == gathered.size());
  for (const int64_t room : {1, 3, 100}) {
    std::vector<double> work(room * ranks * width);
    sigma_scatter_expert_rows(&rt, SIGMA_F64, gathered.data(), table.data(), back.data(), experts,
                              width, work.data(), work.size() * sizeof(double));
    for (size_t i = 0; i < rows.size(); ++i)
      CHECK(back[i] == double(ranks) * rows[i]);
  }
}

/// Collectives of rows, each run at once and started: one at a time is waited for while the next is
/// on its way, and other exchanges of the same groups go on.
template <class T>
class StartedRowsTest {
public:
  StartedRowsTest(Runtime &rt, int64_t rows, int64_t width, int64_t room)
      : rt(rt), rows(rows), width(width), room(room) {
    for (const int64_t code : {SIGMA_GROUP_TENSOR, SIGMA_GROUP_CONTEXT, SIGMA_GROUP_DATA}) {
      addGather(code);
      addScatter(code);
    }
    addExpertRows();
    addExchange();
  }

  void run() {
    for (size_t i = 0; i < all.size(); ++i) {
      all[i].start();
      for (int look = 0; look < rt.mesh.rank * 50; ++look)
        sigma_progress(&rt);
      allReduce<T>(rt, SIGMA_GROUP_DATA, 64, 64);
      if (i > 0)
        wait(i - 1);
    }
    wait(all.size() - 1);
    CHECK(rt.startedRows.isIdle());
  }

  void startAll() {
    for (One &one : all)
      one.start();
  }
  void waitForAll() {
    for (size_t i = 0; i < all.size(); ++i)
      wait(i);
  }

  /// A step asks for no memory that one before it has not.
  void runWithoutAllocations() {
    const int64_t before = allocations();
    for (size_t i = 0; i < all.size(); ++i) {
      all[i].start();
      wait(i);
    }
    CHECK(allocations() == before);
  }

private:
  struct One {
    std::vector<T> expected, out;
    std::function<void()> start;
  };

  void wait(size_t i) {
    sigma_wait_rows(&rt, all[i].out.data());
    CHECK(all[i].out == all[i].expected);
  }

  std::vector<T> &numbers(int64_t count) {
    std::vector<T> &made = memory.emplace_back();
    for (int64_t i = 0; i < count * width; ++i)
      made.push_back(T(std::sin(double(i * 7 + rt.mesh.rank * 13))));
    return made;
  }
  std::vector<T> &work(int64_t count) { return memory.emplace_back(count * width); }

  /// f(out) at once; `start`(out) later.
  template <class Run, class Start>
  void add(int64_t outRows, Run run, Start start) {
    One &one = all.emplace_back();
    one.expected.resize(outRows * width);
    one.out.resize(outRows * width);
    run(one.expected.data());
    one.start = [start, out = one.out.data()] { start(out); };
  }

  void addGather(int64_t code) {
    T *const part = numbers(rows).data();
    const auto with = [=](auto gather) {
      return [=](T *out) { gather(&rt, kElem, part, out, rows, width, 2, code); };
    };
    add(rt.mesh.group(code).size * rows, with(sigma_all_gather), with(sigma_start_all_gather));
  }

  void addScatter(int64_t code) {
    const int64_t ranks = rt.mesh.group(code).size;
    T *const whole = numbers(ranks * rows).data(), *const scratch = work(ranks * room).data();
    const int64_t bytes = ranks * room * width * int64_t(sizeof(T));
    const auto with = [=](auto scatter) {
      return [=](T *out) { scatter(&rt, kElem, whole, out, rows, width, 2, code, scratch, bytes); };
    };
    add(rows, with(sigma_reduce_scatter), with(sigma_start_reduce_scatter));
  }

  std::vector<int32_t> &counts(int64_t n) { return tables.emplace_back(n); }

  void addExpertRows() {
    const Group &group = rt.mesh.expertTensor;
    const int64_t experts = 4, ranks = group.size;
    std::vector<int32_t> &sizes = counts(experts), &table = counts(ranks * experts),
                         &sums = counts(experts);
    for (int64_t e = 0; e < experts; ++e)
      sizes[e] = int32_t((rows / 4 * e + group.index) % (rows + 1));
    sigma_gather_sizes(&rt, sizes.data(), table.data(), sums.data(), experts, nullptr, nullptr);
    const int64_t own = std::accumulate(sizes.begin(), sizes.end(), int64_t(0)),
                  whole = std::accumulate(sums.begin(), sums.end(), int64_t(0));
    T *const part = numbers(own).data(), *const all = numbers(whole).data(),
             *const scratch = work(ranks * room).data();
    int32_t *const of = table.data();
    const int64_t bytes = ranks * room * width * int64_t(sizeof(T));
    const auto gathering = [=](auto gather) {
      return [=](T *out) { gather(&rt, kElem, part, of, out, experts, width); };
    };
    add(whole, gathering(sigma_gather_expert_rows), gathering(sigma_start_gather_expert_rows));
    const auto scattering = [=](auto scatter) {
      return [=](T *out) { scatter(&rt, kElem, all, of, out, experts, width, scratch, bytes); };
    };
    add(own, scattering(sigma_scatter_expert_rows), scattering(sigma_start_scatter_expert_rows));
  }

  void addExchange() {
    const int64_t experts = 8, peers = rt.mesh.expert.size, local = experts / peers;
    std::vector<int32_t> &sizes = counts(experts), &table = counts(experts), &own = counts(local);
    for (int64_t e = 0; e < experts; ++e)
      sizes[e] = int32_t((e * rows / 5 + rt.mesh.rank * 3) % (rows + 1));
    sigma_exchange_sizes(&rt, sizes.data(), table.data(), own.data(), experts, INT32_MAX);
    const int64_t away = std::accumulate(sizes.begin(), sizes.end(), int64_t(0)),
                  here = std::accumulate(own.begin(), own.end(), int64_t(0));
    for (const int64_t direction : {0, 1}) {
      T *const from = numbers(direction == 0 ? away : here).data(), *const scratch =
                                                                        work(here).data();
      const int64_t bytes = here * width * int64_t(sizeof(T));
      int32_t *const sent = sizes.data(), *const arriving = table.data();
      const auto with = [=](auto exchange) {
        return [=](T *out) {
          exchange(&rt, kElem, from, sent, nullptr, arriving, out, experts, width, direction,
                   scratch, bytes);
        };
      };
      add(direction == 0 ? here : away, with(sigma_all_to_all), with(sigma_start_all_to_all));
    }
  }

  static constexpr int64_t kElem = elemOf<T>();

  Runtime &rt;
  int64_t rows, width, room;
  std::deque<std::vector<T>> memory;
  std::deque<std::vector<int32_t>> tables;
  std::deque<One> all;
};

void startedRows(Runtime &rt) {
  for (const int64_t room : {1, 2, 3, 100}) {
    StartedRowsTest<float>(rt, 6, 3, room).run();
    StartedRowsTest<double>(rt, 30, 2, room).run();
  }
  StartedRowsTest<float> large(rt, 6000, 100, 6000); // in several steps
  large.run();
  large.runWithoutAllocations();
  StartedRowsTest<float> none(rt, 0, 3, 1), some(rt, 30, 3, 4);
  none.run();
  none.startAll();
  some.startAll();
  some.waitForAll();
  none.waitForAll();
}

/// The rank's rows of a tensor of whole sequences.
std::vector<double> shareOf(const Runtime &rt, const std::vector<double> &whole, int64_t sequences,
                            int64_t share, int64_t width) {
  std::vector<double> rows;
  for (int64_t s = 0; s < sequences; ++s)
    for (int64_t i = 0; i < share; ++i) {
      const int64_t row = s * share * rt.mesh.shape.cp + rt.mesh.position(i, share);
      rows.insert(rows.end(), whole.begin() + row * width, whole.begin() + (row + 1) * width);
    }
  return rows;
}

std::vector<double> numbers(int64_t n, int seed) {
  std::vector<double> values;
  for (int64_t i = 0; i < n; ++i)
    values.push_back(std::sin(double(i * 7 + seed * 13)));
  return values;
}

void exchangeSequence(Runtime &rt) {
  const int64_t cp = rt.mesh.shape.cp, sequences = 2, share = 3, width = 4 * cp, columns = 4;
  std::vector<double> whole;
  for (int64_t row = 0; row < sequences * share * cp; ++row)
    for (int64_t w = 0; w < width; ++w)
      whole.push_back(numberAt(row, w));
  const std::vector<double> rows = shareOf(rt, whole, sequences, share, width);
  std::vector<double> gathered(rows.size()), back(rows.size());
  sigma_gather_sequence(&rt, SIGMA_F64, const_cast<double *>(rows.data()), gathered.data(),
                        sequences * share, width, sequences);
  for (int64_t row = 0; row < sequences * share * cp; ++row)
    for (int64_t w = 0; w < columns; ++w)
      CHECK(gathered[row * columns + w] == numberAt(row, rt.mesh.context.index * columns + w));
  sigma_split_sequence(&rt, SIGMA_F64, gathered.data(), back.data(), sequences * share, width,
                       sequences);
  CHECK(back == rows);
}

void near(const Runtime &rt, const std::vector<double> &some, const std::vector<double> &others) {
  CHECK(some.size() == others.size());
  for (size_t i = 0; i < some.size(); ++i)
    CHECK(std::fabs(some[i] - others[i]) < 1e-13 * (1 + std::fabs(others[i])));
}

/// Attention of shares that go round has the results and gradients of whole sequences on one rank.
void ringAttention(Runtime &rt, double softcap) {
  const int64_t cp = rt.mesh.shape.cp, sequences = 2, sequence = 24 * cp, heads = 4, kvHeads = 2,
                width = 4, valueWidth = 6;
  struct Attended {
    std::vector<double> q, k, v, dO, o, lse, dq, dk, dv, work;
  };
  const auto attend = [&](Runtime &on, Attended &x, int64_t tokens, int64_t ring) {
    x.o.resize(x.dO.size());
    x.lse.resize(sequences * tokens * heads);
    x.dq.resize(x.q.size());
    x.dk.resize(x.k.size());
    x.dv.resize(x.v.size());
    x.work.resize(3 * 10 * tokens + (ring > 1 ? 4 * (x.k.size() + x.v.size()) : 0));
    sigma_attention(&on, SIGMA_F64, x.q.data(), x.k.data(), x.v.data(), nullptr, x.o.data(),
                    x.lse.data(), sequences, tokens, heads, kvHeads, width, valueWidth, 0.4, 0, 0,
                    softcap, ring, x.work.data(), x.work.size() * sizeof(double));
    sigma_attention_grad(&on, SIGMA_F64, x.q.data(), x.k.data(), x.v.data(), nullptr, x.o.data(),
                         x.lse.data(), x.dO.data(), x.dq.data(), x.dk.data(), x.dv.data(), nullptr,
                         sequences, tokens, heads, kvHeads, width, valueWidth, 0.4, 0, 0, softcap,
                         ring, x.work.data(), x.work.size() * sizeof(double));
  };
  const int64_t qs = heads * width, ks = kvHeads * width, vs = kvHeads * valueWidth,
                os = heads * valueWidth, share = sequence / cp;
  Attended whole, mine;
  whole.q = numbers(sequences * sequence * qs, 1);
  whole.k = numbers(sequences * sequence * ks, 2);
  whole.v = numbers(sequences * sequence * vs, 3);
  whole.dO = numbers(sequences * sequence * os, 4);
  const auto own = [&](const std::vector<double> &all, int64_t columns) {
    return shareOf(rt, all, sequences, share, columns);
  };
  mine.q = own(whole.q, qs), mine.k = own(whole.k, ks), mine.v = own(whole.v, vs),
  mine.dO = own(whole.dO, os);
  Runtime alone;
  attend(alone, whole, sequence, 1);
  attend(rt, mine, share, cp);
  near(rt, mine.o, own(whole.o, os));
  near(rt, mine.lse, own(whole.lse, heads));
  near(rt, mine.dq, own(whole.dq, qs));
  near(rt, mine.dk, own(whole.dk, ks));
  near(rt, mine.dv, own(whole.dv, vs));
}

/// A vocabulary in parts has the loss, its log-sum-exp and its gradient of the whole.
void crossEntropy(Runtime &rt) {
  const int64_t n = 5, tp = rt.mesh.shape.tp, part = 3, vocabulary = part * tp;
  std::vector<int32_t> targets{0, int32_t(vocabulary - 1), -1, int32_t(vocabulary / 2), 1};
  std::vector<double> all = numbers(n * vocabulary, 5), logits, wanted;
  const auto own = [&](const std::vector<double> &rows) {
    std::vector<double> columns;
    for (int64_t row = 0; row < n; ++row)
      for (int64_t w = 0; w < part; ++w)
        columns.push_back(rows[row * vocabulary + rt.mesh.tensor.index * part + w]);
    return columns;
  };
  logits = own(all);
  Runtime alone;
  std::vector<double> lse(n), lseOfAll(n), work(n * tp);
  double loss = 0, lossOfAll = 0, dloss = 0.7;
  sigma_cross_entropy(&alone, SIGMA_F64, all.data(), targets.data(), lseOfAll.data(), &lossOfAll, n,
                      vocabulary, 1, nullptr, 0);
  sigma_cross_entropy(&rt, SIGMA_F64, logits.data(), targets.data(), lse.data(), &loss, n, part, tp,
                      work.data(), work.size() * sizeof(double));
  const double sum = sumIn(rt, rt.mesh.tensor, loss);
  near(rt, lse, lseOfAll);
  near(rt, {sum}, {lossOfAll});
  sigma_cross_entropy_grad(&alone, SIGMA_F64, all.data(), targets.data(), lseOfAll.data(), &dloss,
                           all.data(), n, vocabulary, 1);
  sigma_cross_entropy_grad(&rt, SIGMA_F64, logits.data(), targets.data(), lse.data(), &dloss,
                           logits.data(), n, part, tp);
  near(rt, logits, own(all));
}

/// Loads are of whole sequences, whoever has their tokens.
void balanceLoss(Runtime &rt) {
  const MeshShape &shape = rt.mesh.shape;
  const int64_t sequences = 2, ranks = shape.tp * shape.cp, sequence = 4 * ranks, experts = 4,
                k = 2, share = sequence / ranks, row = rt.mesh.sequence.index * share;
  std::vector<double> all = numbers(sequences * sequence * experts, 6), dall(all.size()), scores;
  std::vector<int32_t> chosenOfAll, chosen;
  for (double &score : all)
    score += 1.5;
  for (int64_t i = 0; i < sequences * sequence * k; ++i)
    chosenOfAll.push_back(int32_t(i * i % experts));
  const auto own = [&](const auto &rows, int64_t width) {
    auto mine = rows;
    mine.clear();
    for (int64_t s = 0; s < sequences; ++s)
      mine.insert(mine.end(), rows.begin() + (s * sequence + row) * width,
                  rows.begin() + (s * sequence + row + share) * width);
    return mine;
  };
  scores = own(all, experts);
  chosen = own(chosenOfAll, k);
  Runtime alone;
  std::vector<double> dscores(scores.size());
  double loss = 0, lossOfAll = 0, dloss = 0.7;
  sigma_balance_loss(&alone, SIGMA_F64, all.data(), chosenOfAll.data(), &lossOfAll, sequences,
                     sequence, experts, k, 1);
  sigma_balance_loss(&rt, SIGMA_F64, scores.data(), chosen.data(), &loss, sequences, share, experts,
                     k, ranks);
  const double sum = sumIn(rt, rt.mesh.sequence, loss);
  near(rt, {sum}, {lossOfAll});
  sigma_balance_loss_grad(&alone, SIGMA_F64, all.data(), chosenOfAll.data(), &dloss, dall.data(),
                          sequences, sequence, experts, k, 1);
  sigma_balance_loss_grad(&rt, SIGMA_F64, scores.data(), chosen.data(), &dloss, dscores.data(),
                          sequences, share, experts, k, ranks);
  near(rt, dscores, own(dall, experts));
}

/// The groups are those that docs/cost-model.md counts.
void groups(const Runtime &rt) {
  const Mesh &mesh = rt.mesh;
  const MeshShape &shape = mesh.shape;
  const auto rankAt = [&](int64_t stage, int64_t q) {
    const int64_t a = shape.tp * shape.cp;
    return shape.placement == SIGMA_STAGES_OUTSIDE ? stage * shape.ranksPerStage() + q
                                                   : q % a + q / a * a * shape.pp + stage * a;
  };
  int64_t q = 0;
  while (rankAt(mesh.ppIndex, q) != mesh.rank)
    CHECK(++q < shape.ranksPerStage());
  for (int64_t stage = 0; stage < shape.pp; ++stage)
    CHECK(mesh.rankOf(stage) == rankAt(stage, q));
  const auto has = [&](const Group &group, int64_t size, int64_t stride) {
    CHECK(group.size == size && group.index == q / stride % size);
  };
  CHECK(mesh.dpIndex == q / (shape.tp * shape.cp));
  has(mesh.tensor, shape.tp, 1);
  has(mesh.context, shape.cp, shape.tp);
  has(mesh.data, shape.cp * shape.dp, shape.tp);
  has(mesh.sequence, shape.tp * shape.cp, 1);
  has(mesh.expertTensor, shape.etp, 1);
  has(mesh.expert, shape.ep, shape.etp);
  has(mesh.expertData, shape.ranksPerStage() / (shape.etp * shape.ep), shape.etp * shape.ep);
  const int64_t last = shape.pp - 1;
  const bool hasOther = last > 0 && (mesh.ppIndex == 0 || mesh.ppIndex == last);
  const std::vector<int> &ends = mesh.ends.processes;
  CHECK(std::accumulate(ends.begin(), ends.end(), 0) ==
        (hasOther ? rankAt(0, q) + rankAt(last, q) : mesh.rank));
  CHECK(mesh.ends.index == (hasOther && mesh.ppIndex == last));
}

void run(const MeshShape &shape) {
  Runtime rt;
  rt.mesh = makeMesh(shape, everyone());
  groups(rt);
  allReduces(rt);
  flats(rt);
  startedSums(rt);
  startedGathers(rt);
  dispatchAndCollect(rt);
  dispatchInRounds(rt, 7, 2);
  dispatchInRounds(rt, 1, 1);
  dispatchInRounds(rt, 200, 50);
  stages(rt);
  for (const int64_t code : {SIGMA_GROUP_TENSOR, SIGMA_GROUP_CONTEXT, SIGMA_GROUP_DATA})
    gatherAndScatter(rt, code);
  expertRows(rt);
  startedRows(rt);
  if (shape.tp > 1)
    crossEntropy(rt);
  if (shape.tp * shape.cp > 1)
    balanceLoss(rt);
  if (shape.cp > 1 && shape.context == SIGMA_ALL_TO_ALL)
    exchangeSequence(rt);
  if (shape.cp > 1 && shape.context == SIGMA_RING)
    for (const double softcap : {0.0, 2.0})
      ringAttention(rt, softcap);
}

/// pp, tp, cp, dp, etp, ep
constexpr MeshShape kShapes[] = {{1, 1, 1, 4, 1, 1},
                                 {1, 1, 1, 4, 1, 2},
                                 {1, 1, 1, 4, 1, 4},
                                 {2, 1, 1, 2, 1, 2},
                                 {4, 1, 1, 1, 1, 1},
                                 {1, 4, 1, 1, 1, 1},
                                 {1, 2, 1, 2, 1, 4},
                                 {1, 2, 1, 2, 2, 2},
                                 {2, 2, 1, 1, 2, 1},
                                 {1, 1, 2, 2, 4, 1},
                                 {1, 1, 4, 1, 1, 2},
                                 {1, 2, 2, 1, 1, 4},
                                 {1, 1, 4, 1, 1, 1, SIGMA_ALL_TO_ALL},
                                 {1, 2, 2, 1, 2, 2, SIGMA_ALL_TO_ALL},
                                 {2, 1, 1, 2, 1, 2, SIGMA_RING, SIGMA_STAGES_INSIDE},
                                 {2, 1, 1, 2, 1, 1, SIGMA_RING, SIGMA_STAGES_INSIDE}};

} // namespace

int main(int argc, char **argv) {
  MPI_Init(&argc, &argv);
  for (const MeshShape &shape : kShapes)
    run(shape);
  MPI_Finalize();
  return 0;
}
