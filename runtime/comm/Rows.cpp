// Rows of the ranks of a group, gathered, or summed and scattered: of the tokens that a tensor
// group shares, and of those that the ranks of an expert tensor group have for each expert.
#include "runtime/Runtime.h"
#include "runtime/comm/Datatype.h"
#include "runtime/comm/Exchange.h"
#include "runtime/comm/SumOfRanks.h"
#include "runtime/health/Fault.h"

#include <algorithm>

using namespace sigma::runtime;

namespace {

/// f(parts, where the whole begins, where the rank's own part does) of each block: every rank has
/// as many rows of it.
template <class F>
void eachBlock(const Group &group, int64_t rows, int64_t blocks, F f) {
  const Parts parts = Parts::equal(group.size, rows / blocks);
  for (int64_t block = 0; block < blocks; ++block)
    f(parts, block * parts.total(), block * parts.counts[0]);
}

/// The same of each expert, by the table of its rows on each rank.
template <class F>
void eachExpert(const Group &group, const int32_t *table, int64_t experts, F f) {
  int64_t whole = 0, own = 0;
  for (int64_t expert = 0; expert < experts; ++expert) {
    std::vector<int> rows;
    for (int rank = 0; rank < group.size; ++rank)
      rows.push_back(table[rank * experts + expert]);
    const Parts parts(rows);
    f(parts, whole, own);
    whole += parts.total();
    own += rows[group.index];
  }
}

/// Sums over ranks, added in their order, some rows at a time.
template <class T>
class RankSum {
public:
  RankSum(sigma_rt rt, const Group &group, int64_t width, void *workspace, int64_t workspaceBytes)
      : rt(rt), group(group), width(width), arrived(static_cast<T *>(workspace)),
        room(workspaceBytes / (width * int64_t(sizeof(T)) * group.size)),
        row(rowType(elemOf<T>(), width)) {
    if (room == 0)
      throw std::logic_error("the workspace of a sum holds less than one row of each rank");
  }

  void scatter(const Parts &parts, const T *whole, T *own) {
    const int64_t most = *std::max_element(parts.counts.begin(), parts.counts.end());
    for (int64_t done = 0; done < most; done += room)
      scatterFrom(done, parts, whole, own);
  }

private:
  void scatterFrom(int64_t done, const Parts &parts, const T *whole, T *own) {
    std::vector<int> sent(group.size), begins(group.size);
    const auto rowsOf = [&](int rank) {
      return int(std::clamp<int64_t>(parts.counts[rank] - done, 0, room));
    };
    const int mine = rowsOf(group.index);
    for (int rank = 0; rank < group.size; ++rank) {
      sent[rank] = rowsOf(rank);
      begins[rank] = parts.begins[rank] + int(std::min<int64_t>(done, parts.counts[rank]));
    }
    exchangeParts(rt, group, whole, Parts(std::move(sent), std::move(begins)), arrived,
                  Parts::equal(group.size, mine), row.get());
    if (mine > 0)
      sumOfRanks(rt->kernels<T>(), arrived, group.size, mine * width, own + done * width);
  }

  sigma_rt rt;
  const Group &group;
  int64_t width;
  T *arrived;
  int64_t room; // rows of each rank
  Datatype row;
};

} // namespace

void sigma_all_gather(sigma_rt rt, sigma_i64 elem, sigma_ptr part, sigma_ptr whole, sigma_i64 rows,
                      sigma_i64 width, sigma_i64 blocks, sigma_i64 groupCode) {
  guarded(rt, [&] {
    const CommScope scope(rt, SpanKind::Tensor);
    const Group &group = rt->mesh.group(groupCode);
    const int64_t rowBytes = width * elemBytes(elem);
    const Datatype row = rowType(elem, width);
    eachBlock(group, rows, blocks, [&](const Parts &parts, int64_t at, int64_t own) {
      gatherParts(rt, group, static_cast<char *>(part) + own * rowBytes,
                  static_cast<char *>(whole) + at * rowBytes, parts, row.get());
    });
  });
}

void sigma_reduce_scatter(sigma_rt rt, sigma_i64 elem, sigma_ptr whole, sigma_ptr part,
                          sigma_i64 rows, sigma_i64 width, sigma_i64 blocks, sigma_i64 groupCode,
                          sigma_ptr workspace, sigma_i64 workspaceBytes) {
  guarded(rt, [&] {
    const CommScope scope(rt, SpanKind::Tensor);
    const Group &group = rt->mesh.group(groupCode);
    withElem(elem, [&](auto zero) {
      using T = decltype(zero);
      RankSum<T> sum(rt, group, width, workspace, workspaceBytes);
      eachBlock(group, rows, blocks, [&](const Parts &parts, int64_t at, int64_t own) {
        sum.scatter(parts, static_cast<T *>(whole) + at * width,
                    static_cast<T *>(part) + own * width);
      });
    });
  });
}

void sigma_gather_sizes(sigma_rt rt, sigma_ptr sizes, sigma_ptr table, sigma_ptr allSizes,
                        sigma_i64 experts, sigma_ptr rounds, sigma_ptr mostRounds) {
  guarded(rt, [&] {
    const CommScope scope(rt, SpanKind::Tensor);
    const Group &group = rt->mesh.expertTensor;
    const int32_t *own = static_cast<int32_t *>(sizes);
    int32_t *all = static_cast<int32_t *>(table), *sums = static_cast<int32_t *>(allSizes);
    const int64_t each = experts + 1;
    std::vector<int32_t> mine(own, own + experts), whole(group.size * each);
    mine.push_back(rounds ? *static_cast<int32_t *>(rounds) : 1);
    gatherParts(rt, group, mine.data(), whole.data(), Parts::equal(group.size, each), MPI_INT32_T);
    std::fill(sums, sums + experts, 0);
    int32_t most = 1;
    for (int rank = 0; rank < group.size; ++rank) {
      const int32_t *of = whole.data() + rank * each;
      std::copy(of, of + experts, all + rank * experts);
      for (int64_t expert = 0; expert < experts; ++expert)
        sums[expert] += of[expert];
      most = std::max(most, of[experts]);
    }
    if (rounds)
      *static_cast<int32_t *>(mostRounds) = most;
  });
}

void sigma_gather_expert_rows(sigma_rt rt, sigma_i64 elem, sigma_ptr rows, sigma_ptr table,
                              sigma_ptr out, sigma_i64 experts, sigma_i64 width) {
  guarded(rt, [&] {
    const CommScope scope(rt, SpanKind::Tensor);
    const Group &group = rt->mesh.expertTensor;
    const int64_t rowBytes = width * elemBytes(elem);
    const Datatype row = rowType(elem, width);
    eachExpert(group, static_cast<int32_t *>(table), experts,
               [&](const Parts &parts, int64_t at, int64_t own) {
                 gatherParts(rt, group, static_cast<char *>(rows) + own * rowBytes,
                             static_cast<char *>(out) + at * rowBytes, parts, row.get());
               });
  });
}

void sigma_scatter_expert_rows(sigma_rt rt, sigma_i64 elem, sigma_ptr rows, sigma_ptr table,
                               sigma_ptr out, sigma_i64 experts, sigma_i64 width,
                               sigma_ptr workspace, sigma_i64 workspaceBytes) {
  guarded(rt, [&] {
    const CommScope scope(rt, SpanKind::Tensor);
    const Group &group = rt->mesh.expertTensor;
    withElem(elem, [&](auto zero) {
      using T = decltype(zero);
      RankSum<T> sum(rt, group, width, workspace, workspaceBytes);
      eachExpert(group, static_cast<int32_t *>(table), experts,
                 [&](const Parts &parts, int64_t at, int64_t own) {
                   sum.scatter(parts, static_cast<T *>(rows) + at * width,
                               static_cast<T *>(out) + own * width);
                 });
    });
  });
}
