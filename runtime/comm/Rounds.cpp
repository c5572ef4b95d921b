// Exchanges of more rows than the experts of a rank have room for: they go there in rounds.
#include "runtime/Runtime.h"
#include "runtime/comm/Exchange.h"
#include "runtime/health/Fault.h"

#include <algorithm>
#include <numeric>

using namespace sigma::runtime;

namespace {

int32_t sum(const int32_t *counts, int64_t n) { return std::accumulate(counts, counts + n, 0); }

/// Of all rows for a rank, in the order of the ranks that send them, those of one round.
struct Window {
  int64_t begin, end;

  static Window ofRound(int64_t round, int64_t capacity, int64_t later) {
    if (round == 0)
      return {0, capacity};
    const int64_t begin = capacity + (round - 1) * later;
    return {begin, begin + later};
  }

  /// The same of `rows` rows that stand behind `before` others, counted from the first of them.
  Window among(int64_t before, int64_t rows) const {
    return {std::clamp<int64_t>(begin - before, 0, rows),
            std::clamp<int64_t>(end - before, 0, rows)};
  }

  /// How many of the rows of each expert, which follow each other, are in it.
  void count(const int32_t *rows, int64_t experts, int32_t *inside) const {
    int64_t before = 0;
    for (int64_t expert = 0; expert < experts; ++expert) {
      const Window part = among(before, rows[expert]);
      inside[expert] = int32_t(part.end - part.begin);
      before += rows[expert];
    }
  }
};

/// What a rank knows of another one, and of itself, as sigma_exchange_routes says.
struct Route {
  Route(int32_t *routes, int64_t rank, int64_t local)
      : sent(routes + rank * (local + 1)), before(sent[local]) {}
  int32_t *sent, &before;
};

/// To each rank: the rows for its experts, and how many go to which rank.
List<int32_t> exchangeCounts(sigma_rt rt, const int32_t *sizes, int64_t local) {
  const Group &group = rt->mesh.expert;
  const int64_t ranks = group.size, each = local + ranks;
  List<int32_t> mine, received(ranks * each);
  for (int64_t to = 0; to < ranks; ++to) {
    mine.insert(mine.end(), sizes + to * local, sizes + (to + 1) * local);
    for (int64_t rank = 0; rank < ranks; ++rank)
      mine.push_back(sum(sizes + rank * local, local));
  }
  const Parts parts = Parts::equal(group.size, each);
  exchangeParts(rt, group, mine.data(), parts, received.data(), parts, MPI_INT32_T);
  return received;
}

} // namespace

void sigma_exchange_routes(sigma_rt rt, sigma_ptr sizes, sigma_ptr routes, sigma_ptr rounds,
                           sigma_i64 experts, sigma_i64 capacity, sigma_i64 later) {
  guarded(rt, [&] {
    const CommScope scope(rt, SpanKind::Exchange);
    const Group &group = rt->mesh.expert;
    const int64_t ranks = group.size, local = experts / ranks;
    const int32_t *own = static_cast<int32_t *>(sizes);
    const List<int32_t> received = exchangeCounts(rt, own, local);
    int64_t most = 0;
    for (int64_t rank = 0; rank < ranks; ++rank) {
      const int32_t *from = received.data() + rank * (local + ranks);
      Route route(static_cast<int32_t *>(routes), rank, local);
      std::copy(from, from + local, route.sent);
      route.before = 0;
      int64_t all = 0;
      for (int64_t source = 0; source < ranks; ++source) {
        const int32_t rows = received[source * (local + ranks) + local + rank];
        route.before += source < group.index ? rows : 0;
        all += rows;
      }
      most = std::max(most, all);
    }
    const int64_t beyond = std::max<int64_t>(most - capacity, 0),
                  needed = 1 + (beyond + later - 1) / later;
    *static_cast<int32_t *>(rounds) = int32_t(needed);
    if (beyond > 0)
      rt->rounds.add(needed, most, sum(own, experts));
  });
}

void sigma_round(sigma_rt rt, sigma_ptr sizes, sigma_ptr routes, sigma_ptr sent, sigma_ptr begins,
                 sigma_ptr table, sigma_ptr localSizes, sigma_i64 experts, sigma_i64 capacity,
                 sigma_i64 later) {
  const int64_t ranks = rt->mesh.expert.size, local = experts / ranks;
  const Window window = Window::ofRound(rt->rounds.current, capacity, later);
  const int32_t *own = static_cast<int32_t *>(sizes);
  int32_t *out = static_cast<int32_t *>(sent), *in = static_cast<int32_t *>(table),
          *sums = static_cast<int32_t *>(localSizes);
  std::fill(sums, sums + local, 0);
  int64_t arrived = 0, first = 0; // rows from the ranks before, and for them
  for (int64_t rank = 0; rank < ranks; ++rank) {
    const Route route(static_cast<int32_t *>(routes), rank, local);
    const int64_t from = sum(route.sent, local), to = sum(own + rank * local, local);
    window.among(arrived, from).count(route.sent, local, in + rank * local);
    const Window leaving = window.among(route.before, to);
    leaving.count(own + rank * local, local, out + rank * local);
    static_cast<int32_t *>(begins)[rank] = int32_t(first + leaving.begin);
    for (int64_t expert = 0; expert < local; ++expert)
      sums[expert] += in[rank * local + expert];
    arrived += from;
    first += to;
  }
}

sigma_i64 sigma_next_round(sigma_rt rt, sigma_ptr rounds) {
  int64_t &round = rt->rounds.current;
  round = round + 1 < *static_cast<int32_t *>(rounds) ? round + 1 : 0;
  return round;
}
