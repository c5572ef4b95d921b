// Router scores, the choice of experts, and the balance loss.
#include "runtime/Runtime.h"
#include "runtime/comm/Exchange.h"
#include "runtime/health/Fault.h"

#include <algorithm>
#include <cstring>

using namespace sigma::runtime;

void sigma_router_scores(sigma_rt rt, sigma_i64 elem, sigma_ptr logits, sigma_ptr scores,
                         sigma_i64 n, sigma_i64 experts, sigma_i64 kind) {
  withWideElem(elem, [&](auto zero) {
    using T = decltype(zero);
    if (kind == SIGMA_SIGMOID)
      rt->kernels<T>().sigmoid(static_cast<T *>(logits), static_cast<T *>(scores), n * experts);
    else
      rt->kernels<T>().softmax(static_cast<T *>(logits), static_cast<T *>(scores), n, experts);
  });
}

void sigma_router_scores_grad(sigma_rt rt, sigma_i64 elem, sigma_ptr scores, sigma_ptr dscores,
                              sigma_ptr dlogits, sigma_i64 n, sigma_i64 experts, sigma_i64 kind) {
  withWideElem(elem, [&](auto zero) {
    using T = decltype(zero);
    const T *y = static_cast<T *>(scores), *dy = static_cast<T *>(dscores);
    if (kind == SIGMA_SIGMOID)
      rt->kernels<T>().sigmoidGrad(y, dy, static_cast<T *>(dlogits), n * experts);
    else
      rt->kernels<T>().softmaxGrad(y, dy, static_cast<T *>(dlogits), n, experts);
  });
}

namespace {

/// The largest score that is not taken yet. A row of NaN gives the first free one, so the index is
/// valid in any case and the guard on the loss speaks.
template <class T>
int32_t bestOf(const T *scores, const List<char> &taken) {
  int32_t best = -1;
  for (int32_t e = 0; e < int32_t(taken.size()); ++e)
    if (!taken[e] && (best < 0 || scores[e] > scores[best]))
      best = e;
  return best;
}

template <class T>
T sumOfChosen(const T *scores, const int32_t *chosen, int64_t k) {
  T sum = 0;
  for (int64_t j = 0; j < k; ++j)
    sum += scores[chosen[j]];
  return sum;
}

struct Choice {
  int64_t experts, k, groups, topGroups, groupCandidates;
};

/// Sum of the `count` largest.
template <class T>
T sumOfBest(const T *values, int64_t size, int64_t count) {
  List<char> taken(size);
  T sum = 0;
  for (int64_t i = 0; i < count; ++i) {
    const int32_t best = bestOf(values, taken);
    taken[best] = 1;
    sum += values[best];
  }
  return sum;
}

/// Marks the experts of all but the best groups as taken.
template <class T>
void excludeGroups(const T *ranked, const Choice &choice, List<char> &taken) {
  const int64_t size = choice.experts / choice.groups;
  List<T> scores;
  for (int64_t g = 0; g < choice.groups; ++g)
    scores.push_back(sumOfBest(ranked + g * size, size, choice.groupCandidates));
  List<char> kept(choice.groups);
  for (int64_t i = 0; i < choice.topGroups; ++i)
    kept[bestOf(scores.data(), kept)] = 1;
  for (int64_t e = 0; e < choice.experts; ++e)
    taken[e] = !kept[e / size];
}

/// `ranked` is what the choice goes by.
template <class T>
void chooseBest(const T *ranked, const Choice &choice, List<char> &taken, int32_t *chosen) {
  std::fill(taken.begin(), taken.end(), 0);
  if (choice.topGroups < choice.groups)
    excludeGroups(ranked, choice, taken);
  for (int64_t j = 0; j < choice.k; ++j) {
    chosen[j] = bestOf(ranked, taken);
    taken[chosen[j]] = 1;
  }
}

template <class T>
void topK(const Kernels<T> &kernels, const T *scores, const T *bias, T *weights, int32_t *chosen,
          int64_t n, const Choice &choice, bool normalize) {
  const int64_t experts = choice.experts, k = choice.k;
  List<char> taken(experts);
  List<T> biased(experts);
  for (int64_t t = 0; t < n; ++t, scores += experts, weights += k, chosen += k) {
    if (bias)
      kernels.add(scores, bias, biased.data(), experts);
    chooseBest(bias ? biased.data() : scores, choice, taken, chosen);
    const T sum = normalize ? sumOfChosen(scores, chosen, k) : T(1);
    for (int64_t j = 0; j < k; ++j)
      weights[j] = scores[chosen[j]] / sum;
  }
}

template <class T>
void topKGrad(const T *scores, const int32_t *chosen, const T *dweights, T *dscores, int64_t n,
              int64_t experts, int64_t k, bool normalize) {
  std::memset(dscores, 0, n * experts * sizeof(T));
  for (int64_t t = 0; t < n;
       ++t, scores += experts, dscores += experts, dweights += k, chosen += k) {
    // w_j = s_j / S, so ds_j = (dw_j - sum_i dw_i w_i) / S
    T sum = 1, projected = 0;
    if (normalize) {
      sum = sumOfChosen(scores, chosen, k);
      for (int64_t j = 0; j < k; ++j)
        projected += dweights[j] * scores[chosen[j]] / sum;
    }
    for (int64_t j = 0; j < k; ++j)
      dscores[chosen[j]] = (dweights[j] - projected) / sum;
  }
}

/// The tokens that a rank has of some sequences, and of how many.
struct Shares {
  int64_t sequences, sequence, experts, k, ranks; // ranks that share each sequence

  int64_t wholeSequence() const { return sequence * ranks; }
};

/// The slots of each expert in each sequence, of all ranks that share it.
List<int32_t> countSlots(sigma_rt rt, const int32_t *chosen, const Shares &shares) {
  List<int32_t> counts(shares.sequences * shares.experts);
  const int64_t slots = shares.sequence * shares.k;
  for (int64_t s = 0; s < shares.sequences * slots; ++s)
    ++counts[s / slots * shares.experts + chosen[s]];
  if (shares.ranks == 1)
    return counts;
  const CommScope scope(rt, SpanKind::Tensor);
  const size_t n = counts.size();
  List<int32_t> all(n * shares.ranks);
  gatherParts(rt, rt->mesh.sequence, counts.data(), all.data(),
              Parts::equal(int(shares.ranks), int64_t(n)), MPI_INT32_T);
  std::fill(counts.begin(), counts.end(), 0);
  for (size_t i = 0; i < all.size(); ++i)
    counts[i % n] += all[i];
  return counts;
}

/// The share of one sequence's slots that each expert got: f_e.
void slotShares(const int32_t *counts, const Shares &shares, List<double> &fractions) {
  for (int64_t e = 0; e < shares.experts; ++e)
    fractions[e] = double(counts[e]) / double(shares.wholeSequence() * shares.k);
}

/// Sum of one token's scores, and their mean weighted with the shares: sum_e f_e s_e / sum_e s_e.
template <class T>
double weightedMean(const T *scores, const List<double> &fractions, double &sum) {
  double weighted = 0;
  sum = 0;
  for (size_t e = 0; e < fractions.size(); ++e) {
    sum += double(scores[e]);
    weighted += fractions[e] * double(scores[e]);
  }
  return weighted / sum;
}

template <class T>
double balanceLoss(sigma_rt rt, const T *scores, const int32_t *chosen, const Shares &shares) {
  const List<int32_t> counts = countSlots(rt, chosen, shares);
  List<double> fractions(shares.experts);
  double loss = 0, sum;
  for (int64_t s = 0; s < shares.sequences; ++s) {
    slotShares(counts.data() + s * shares.experts, shares, fractions);
    double part = 0;
    for (int64_t t = 0; t < shares.sequence; ++t, scores += shares.experts)
      part += weightedMean(scores, fractions, sum);
    loss += part * double(shares.experts) / double(shares.wholeSequence());
  }
  return loss;
}

template <class T>
void balanceLossGrad(sigma_rt rt, const T *scores, const int32_t *chosen, double dloss, T *dscores,
                     const Shares &shares) {
  const double factor = dloss * double(shares.experts) / double(shares.wholeSequence());
  const List<int32_t> counts = countSlots(rt, chosen, shares);
  List<double> fractions(shares.experts);
  double sum;
  for (int64_t s = 0; s < shares.sequences; ++s) {
    slotShares(counts.data() + s * shares.experts, shares, fractions);
    for (int64_t t = 0; t < shares.sequence;
         ++t, scores += shares.experts, dscores += shares.experts) {
      const double mean = weightedMean(scores, fractions, sum);
      for (int64_t e = 0; e < shares.experts; ++e)
        dscores[e] = T(factor * (fractions[e] - mean) / sum);
    }
  }
}

} // namespace

void sigma_top_k(sigma_rt rt, sigma_i64 elem, sigma_ptr scores, sigma_ptr bias, sigma_ptr weights,
                 sigma_ptr chosen, sigma_i64 n, sigma_i64 experts, sigma_i64 k, sigma_i64 normalize,
                 sigma_i64 groups, sigma_i64 topGroups, sigma_i64 groupCandidates) {
  guarded(rt, [&] {
    withWideElem(elem, [&](auto zero) {
      using T = decltype(zero);
      topK<T>(rt->kernels<T>(), static_cast<T *>(scores), static_cast<T *>(bias),
              static_cast<T *>(weights), static_cast<int32_t *>(chosen), n,
              {experts, k, groups, topGroups, groupCandidates}, normalize != 0);
    });
  });
}

void sigma_z_loss(sigma_rt rt, sigma_i64 elem, sigma_ptr logits, sigma_ptr lse, sigma_ptr loss,
                  sigma_i64 n, sigma_i64 experts) {
  withWideElem(elem, [&](auto zero) {
    using T = decltype(zero);
    const T *sums = static_cast<T *>(lse);
    rt->kernels<T>().logSumExp(static_cast<T *>(logits), static_cast<T *>(lse), n, experts);
    *static_cast<T *>(loss) = T(rt->kernels<T>().squareSum(sums, n));
  });
}

void sigma_z_loss_grad(sigma_rt rt, sigma_i64 elem, sigma_ptr logits, sigma_ptr lse,
                       sigma_ptr dloss, sigma_ptr dlogits, sigma_i64 n, sigma_i64 experts) {
  withWideElem(elem, [&](auto zero) {
    using T = decltype(zero);
    T *out = static_cast<T *>(dlogits);
    rt->kernels<T>().softmax(static_cast<T *>(logits), out, n, experts);
    for (int64_t t = 0; t < n; ++t, out += experts)
      rt->kernels<T>().scale(out, T(2) * static_cast<T *>(lse)[t] * *static_cast<T *>(dloss), out,
                             experts);
  });
}

void sigma_count_load(sigma_rt, sigma_i64 elem, sigma_ptr chosen, sigma_ptr load, sigma_i64 slots) {
  withWideElem(elem, [&](auto zero) {
    using T = decltype(zero);
    for (int64_t s = 0; s < slots; ++s)
      static_cast<T *>(load)[static_cast<const int32_t *>(chosen)[s]] += 1;
  });
}

void sigma_balance_bias(sigma_rt rt, sigma_i64 elem, sigma_ptr bias, sigma_ptr load,
                        sigma_i64 experts, sigma_f64 rate) {
  rt->values.biasMoves(rate);
  withWideElem(elem, [&](auto zero) {
    using T = decltype(zero);
    T *value = static_cast<T *>(bias);
    const T *count = static_cast<T *>(load);
    double total = 0;
    for (int64_t e = 0; e < experts; ++e)
      total += double(count[e]);
    for (int64_t e = 0; e < experts; ++e) {
      const double missing = total - double(count[e]) * double(experts);
      value[e] += T(missing > 0 ? rate : missing < 0 ? -rate : 0.0);
    }
  });
}

void sigma_top_k_grad(sigma_rt, sigma_i64 elem, sigma_ptr scores, sigma_ptr chosen,
                      sigma_ptr dweights, sigma_ptr dscores, sigma_i64 n, sigma_i64 experts,
                      sigma_i64 k, sigma_i64 normalize) {
  withWideElem(elem, [&](auto zero) {
    using T = decltype(zero);
    topKGrad<T>(static_cast<T *>(scores), static_cast<int32_t *>(chosen),
                static_cast<T *>(dweights), static_cast<T *>(dscores), n, experts, k,
                normalize != 0);
  });
}

void sigma_balance_loss(sigma_rt rt, sigma_i64 elem, sigma_ptr scores, sigma_ptr chosen,
                        sigma_ptr loss, sigma_i64 sequences, sigma_i64 sequence, sigma_i64 experts,
                        sigma_i64 k, sigma_i64 ranks) {
  guarded(rt, [&] {
    withWideElem(elem, [&](auto zero) {
      using T = decltype(zero);
      *static_cast<T *>(loss) =
          T(balanceLoss<T>(rt, static_cast<T *>(scores), static_cast<int32_t *>(chosen),
                           {sequences, sequence, experts, k, ranks}));
    });
  });
}

void sigma_balance_loss_grad(sigma_rt rt, sigma_i64 elem, sigma_ptr scores, sigma_ptr chosen,
                             sigma_ptr dloss, sigma_ptr dscores, sigma_i64 sequences,
                             sigma_i64 sequence, sigma_i64 experts, sigma_i64 k, sigma_i64 ranks) {
  guarded(rt, [&] {
    withWideElem(elem, [&](auto zero) {
      using T = decltype(zero);
      balanceLossGrad<T>(rt, static_cast<T *>(scores), static_cast<int32_t *>(chosen),
                         double(*static_cast<T *>(dloss)), static_cast<T *>(dscores),
                         {sequences, sequence, experts, k, ranks});
    });
  });
}
