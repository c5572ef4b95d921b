// Router scores, the choice of experts, and the balance loss.
#include "runtime/Runtime.h"
#include "runtime/health/Fault.h"

#include <cstring>

using namespace sigma::runtime;

void sigma_router_scores(sigma_rt rt, sigma_i64 elem, sigma_ptr logits, sigma_ptr scores,
                         sigma_i64 n, sigma_i64 experts, sigma_i64 kind) {
  withElem(elem, [&](auto zero) {
    using T = decltype(zero);
    if (kind == SIGMA_SIGMOID)
      rt->kernels<T>().sigmoid(static_cast<T *>(logits), static_cast<T *>(scores), n * experts);
    else
      rt->kernels<T>().softmax(static_cast<T *>(logits), static_cast<T *>(scores), n, experts);
  });
}

void sigma_router_scores_grad(sigma_rt rt, sigma_i64 elem, sigma_ptr scores, sigma_ptr dscores,
                              sigma_ptr dlogits, sigma_i64 n, sigma_i64 experts, sigma_i64 kind) {
  withElem(elem, [&](auto zero) {
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
int32_t bestOf(const T *scores, const std::vector<char> &taken) {
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

template <class T>
void topK(const T *scores, T *weights, int32_t *chosen, int64_t n, int64_t experts, int64_t k,
          bool normalize) {
  std::vector<char> taken(experts);
  for (int64_t t = 0; t < n; ++t, scores += experts, weights += k, chosen += k) {
    std::fill(taken.begin(), taken.end(), 0);
    for (int64_t j = 0; j < k; ++j) {
      chosen[j] = bestOf(scores, taken);
      taken[chosen[j]] = 1;
    }
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

/// The share of one sequence's slots that each expert got: f_e.
void slotShares(const int32_t *chosen, int64_t slots, std::vector<double> &shares) {
  std::fill(shares.begin(), shares.end(), 0.0);
  for (int64_t s = 0; s < slots; ++s)
    shares[chosen[s]] += 1;
  for (double &share : shares)
    share /= double(slots);
}

/// Sum of one token's scores, and their mean weighted with the shares: sum_e f_e s_e / sum_e s_e.
template <class T>
double weightedMean(const T *scores, const std::vector<double> &shares, double &sum) {
  double weighted = 0;
  sum = 0;
  for (size_t e = 0; e < shares.size(); ++e) {
    sum += double(scores[e]);
    weighted += shares[e] * double(scores[e]);
  }
  return weighted / sum;
}

template <class T>
double balanceLoss(const T *scores, const int32_t *chosen, int64_t sequences, int64_t sequence,
                   int64_t experts, int64_t k) {
  std::vector<double> shares(experts);
  double loss = 0, sum;
  for (int64_t s = 0; s < sequences; ++s, chosen += sequence * k) {
    slotShares(chosen, sequence * k, shares);
    double part = 0;
    for (int64_t t = 0; t < sequence; ++t, scores += experts)
      part += weightedMean(scores, shares, sum);
    loss += part * double(experts) / double(sequence);
  }
  return loss;
}

template <class T>
void balanceLossGrad(const T *scores, const int32_t *chosen, double dloss, T *dscores,
                     int64_t sequences, int64_t sequence, int64_t experts, int64_t k) {
  const double factor = dloss * double(experts) / double(sequence);
  std::vector<double> shares(experts);
  double sum;
  for (int64_t s = 0; s < sequences; ++s, chosen += sequence * k) {
    slotShares(chosen, sequence * k, shares);
    for (int64_t t = 0; t < sequence; ++t, scores += experts, dscores += experts) {
      const double mean = weightedMean(scores, shares, sum);
      for (int64_t e = 0; e < experts; ++e)
        dscores[e] = T(factor * (shares[e] - mean) / sum);
    }
  }
}

} // namespace

void sigma_top_k(sigma_rt rt, sigma_i64 elem, sigma_ptr scores, sigma_ptr weights, sigma_ptr chosen,
                 sigma_i64 n, sigma_i64 experts, sigma_i64 k, sigma_i64 normalize) {
  guarded(rt, [&] {
    withElem(elem, [&](auto zero) {
      using T = decltype(zero);
      topK<T>(static_cast<T *>(scores), static_cast<T *>(weights), static_cast<int32_t *>(chosen),
              n, experts, k, normalize != 0);
    });
  });
}

void sigma_top_k_grad(sigma_rt, sigma_i64 elem, sigma_ptr scores, sigma_ptr chosen,
                      sigma_ptr dweights, sigma_ptr dscores, sigma_i64 n, sigma_i64 experts,
                      sigma_i64 k, sigma_i64 normalize) {
  withElem(elem, [&](auto zero) {
    using T = decltype(zero);
    topKGrad<T>(static_cast<T *>(scores), static_cast<int32_t *>(chosen),
                static_cast<T *>(dweights), static_cast<T *>(dscores), n, experts, k,
                normalize != 0);
  });
}

void sigma_balance_loss(sigma_rt rt, sigma_i64 elem, sigma_ptr scores, sigma_ptr chosen,
                        sigma_ptr loss, sigma_i64 sequences, sigma_i64 sequence, sigma_i64 experts,
                        sigma_i64 k) {
  guarded(rt, [&] {
    withElem(elem, [&](auto zero) {
      using T = decltype(zero);
      *static_cast<T *>(loss) =
          T(balanceLoss<T>(static_cast<T *>(scores), static_cast<int32_t *>(chosen), sequences,
                           sequence, experts, k));
    });
  });
}

void sigma_balance_loss_grad(sigma_rt rt, sigma_i64 elem, sigma_ptr scores, sigma_ptr chosen,
                             sigma_ptr dloss, sigma_ptr dscores, sigma_i64 sequences,
                             sigma_i64 sequence, sigma_i64 experts, sigma_i64 k) {
  guarded(rt, [&] {
    withElem(elem, [&](auto zero) {
      using T = decltype(zero);
      balanceLossGrad<T>(static_cast<T *>(scores), static_cast<int32_t *>(chosen),
                         double(*static_cast<T *>(dloss)), static_cast<T *>(dscores), sequences,
                         sequence, experts, k);
    });
  });
}
