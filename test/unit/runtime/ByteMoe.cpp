// A program as the compiler would generate it, by hand: the byte-level MoE transformer of the
// benchmarks, over any mesh pp x dp with ep. It proves the contract of the ABI (start, steps,
// checkpoints, restarts) without a compiler.
//
// The mesh and sizes come from the environment: SIGMA_TEST_PP, _DP, _EP, _LAYERS, _WIDTH,
// _EXPERT_WIDTH, _SEQUENCE, _BATCH, _MICRO_BATCH. Faults: _CAPACITY (rows per rank), _NAN_STEP (a
// gradient that is not a number).
#include "runtime/abi/abi.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <string>
#include <vector>

namespace {

int64_t fromEnvironment(const char *name, int64_t otherwise) {
  const char *value = std::getenv((std::string("SIGMA_TEST_") + name).c_str());
  return value ? std::atoll(value) : otherwise;
}

struct Config {
  int64_t pp = fromEnvironment("PP", 1), dp = fromEnvironment("DP", 1),
          ep = fromEnvironment("EP", 1);
  int64_t layers = fromEnvironment("LAYERS", 4), width = fromEnvironment("WIDTH", 256);
  int64_t headWidth = 32, heads = width / 32, kvHeads = fromEnvironment("KV_HEADS", heads);
  int64_t experts = 8, topK = 2, expertWidth = fromEnvironment("EXPERT_WIDTH", 1024);
  int64_t vocabulary = 256, sequence = fromEnvironment("SEQUENCE", 256);
  int64_t batch = fromEnvironment("BATCH", 8),
          microBatch = fromEnvironment("MICRO_BATCH", batch / dp);
  int64_t tokens = microBatch * sequence, slots = tokens * topK;
  int64_t localExperts = experts / ep, capacity = fromEnvironment("CAPACITY", slots *ep);
  int64_t nanStep = fromEnvironment("NAN_STEP", 0);
  int64_t microBatches = batch / (dp * microBatch);
  std::vector<double> frequencies = rotaryFrequencies();
  double lossScale = 1.0 / double(batch * sequence), balanceScale = 1e-2 / double(batch * layers);

  std::vector<double> rotaryFrequencies() const {
    std::vector<double> all;
    for (int64_t i = 0; i < headWidth / 2; ++i)
      all.push_back(std::pow(10000.0, -2.0 * double(i) / double(headWidth)));
    return all;
  }
};

struct Parameter {
  std::string name;
  std::vector<int64_t> shape;
  bool sharded, decay;
  int64_t init;
  double scale;
  int64_t value, gradient, first, second;
  int64_t elements() const {
    int64_t n = 1;
    for (int64_t extent : shape)
      n *= extent;
    return n;
  }
};

struct Layer {
  int norm1, wq, wk, wv, wo, norm2, router, gate, up, down; // parameters
  int64_t in, h1, rstd1, q, k, v, lse, o, mid, h2, rstd2, logits, scores, weights, chosen, position,
      sizes, table, local, rows, g, u, act, back, balance; // offsets of saved values
};

template <int Elem>
struct Model {
  Config c;
  int64_t stage, bytes = 0;
  std::vector<Parameter> parameters;
  std::vector<Layer> layers;
  int embed = -1, normF = -1, head = -1;
  int64_t tokens, targets, x, hf, rstdF, logits, lse, loss, one, d1, d2, d3, wide1, wide2, wide3,
      small1, small2, small3, work, workBytes, lossGrad;

  static constexpr int64_t elemSize = Elem == SIGMA_F64 ? 8 : 4;

  int64_t reserve(int64_t n, int64_t size = elemSize) {
    const int64_t at = bytes;
    bytes += (n * size + 63) / 64 * 64;
    return at;
  }
  int parameter(std::string name, std::vector<int64_t> shape, bool sharded, bool norm) {
    Parameter p{std::move(name),
                std::move(shape),
                sharded,
                !norm,
                norm ? SIGMA_INIT_ONES : SIGMA_INIT_NORMAL,
                0.02,
                0,
                0,
                0,
                0};
    p.value = reserve(p.elements());
    p.gradient = reserve(p.elements());
    p.first = reserve(p.elements());
    p.second = reserve(p.elements());
    parameters.push_back(p);
    return int(parameters.size()) - 1;
  }

  explicit Model(int64_t stage) : stage(stage) {
    const int64_t perStage = c.layers / c.pp, w = c.width, e = c.expertWidth,
                  kv = c.kvHeads * c.headWidth;
    if (stage == 0)
      embed = parameter("embedding", {c.vocabulary, w}, false, false);
    for (int64_t i = stage * perStage; i < (stage + 1) * perStage; ++i) {
      const std::string prefix = "layers." + std::to_string(i) + ".";
      Layer l;
      l.norm1 = parameter(prefix + "norm1", {w}, false, true);
      l.wq = parameter(prefix + "wq", {w, w}, false, false);
      l.wk = parameter(prefix + "wk", {w, kv}, false, false);
      l.wv = parameter(prefix + "wv", {w, kv}, false, false);
      l.wo = parameter(prefix + "wo", {w, w}, false, false);
      l.norm2 = parameter(prefix + "norm2", {w}, false, true);
      l.router = parameter(prefix + "router", {w, c.experts}, false, false);
      l.gate = parameter(prefix + "gate", {c.localExperts, w, e}, true, false);
      l.up = parameter(prefix + "up", {c.localExperts, w, e}, true, false);
      l.down = parameter(prefix + "down", {c.localExperts, e, w}, true, false);
      layers.push_back(l);
    }
    if (stage == c.pp - 1) {
      normF = parameter("normF", {w}, false, true);
      head = parameter("head", {w, c.vocabulary}, false, false);
    }
    const int64_t t = c.tokens;
    for (Layer &l : layers) {
      for (int64_t *v : {&l.in, &l.h1, &l.q, &l.o, &l.mid, &l.h2})
        *v = reserve(t * w);
      for (int64_t *v : {&l.k, &l.v})
        *v = reserve(t * kv);
      l.rstd1 = reserve(t);
      l.rstd2 = reserve(t);
      l.lse = reserve(t * c.heads);
      l.logits = reserve(t * c.experts);
      l.scores = reserve(t * c.experts);
      l.weights = reserve(c.slots);
      l.chosen = reserve(c.slots, 4);
      l.position = reserve(c.slots, 4);
      l.sizes = reserve(c.experts, 4);
      l.table = reserve(c.experts, 4);
      l.local = reserve(c.experts, 4);
      l.rows = reserve(c.capacity * w);
      for (int64_t *v : {&l.g, &l.u, &l.act})
        *v = reserve(c.capacity * e);
      l.back = reserve(c.slots * w);
      l.balance = reserve(1);
    }
    tokens = reserve(t, 4);
    targets = reserve(t, 4);
    for (int64_t *v : {&x, &hf, &d1, &d2, &d3})
      *v = reserve(t * w);
    rstdF = reserve(t);
    logits = reserve(t * c.vocabulary);
    lse = reserve(t);
    loss = reserve(1);
    one = reserve(1);
    lossGrad = reserve(1);
    for (int64_t *v : {&wide1, &wide2, &wide3})
      *v = reserve(c.capacity * std::max(e, w));
    for (int64_t *v : {&small1, &small2, &small3})
      *v = reserve(t * c.experts);
    workBytes = std::max<int64_t>(c.capacity * w, 2 * 64 * c.sequence) * elemSize;
    work = reserve(workBytes, 1);
  }
};

template <int Elem>
const Model<Elem> &model(int64_t stage) {
  static const std::vector<Model<Elem>> all = [] {
    std::vector<Model<Elem>> models;
    for (int64_t s = 0; s < Config().pp; ++s)
      models.emplace_back(s);
    return models;
  }();
  return all[stage];
}

template <int Elem>
struct Step {
  const Model<Elem> &m;
  const Config &c = m.c;
  sigma_rt rt;
  char *arena;

  void *at(int64_t offset) const { return arena + offset; }
  void *value(int p) const { return at(m.parameters[p].value); }
  void *gradient(int p) const { return at(m.parameters[p].gradient); }

  void exchange(const Layer &l, int64_t from, int64_t to, int64_t direction) {
    sigma_all_to_all(rt, Elem, at(from), at(l.sizes), nullptr, at(l.table), at(to), c.experts,
                     c.width, direction, at(m.work), m.workBytes);
  }

  void forward(const Layer &l) {
    const int64_t t = c.tokens, w = c.width, e = c.expertWidth, kv = c.kvHeads * c.headWidth;
    sigma_copy(rt, at(l.in), at(m.x), t * w * m.elemSize);
    sigma_rms_norm(rt, Elem, at(l.in), value(l.norm1), at(l.h1), at(l.rstd1), t, w, 1e-5);
    sigma_matmul(rt, Elem, Elem, Elem, at(l.h1), value(l.wq), at(m.d1), t, w, w, 0);
    sigma_rotary(rt, Elem, at(m.d1), at(l.q), t, c.sequence, c.heads, c.headWidth,
                 const_cast<double *>(c.frequencies.data()), c.headWidth / 2, 1.0, 0, 1);
    sigma_matmul(rt, Elem, Elem, Elem, at(l.h1), value(l.wk), at(m.d1), t, kv, w, 0);
    sigma_rotary(rt, Elem, at(m.d1), at(l.k), t, c.sequence, c.kvHeads, c.headWidth,
                 const_cast<double *>(c.frequencies.data()), c.headWidth / 2, 1.0, 0, 1);
    sigma_matmul(rt, Elem, Elem, Elem, at(l.h1), value(l.wv), at(l.v), t, kv, w, 0);
    sigma_attention(rt, Elem, at(l.q), at(l.k), at(l.v), nullptr, at(l.o), at(l.lse), c.microBatch,
                    c.sequence, c.heads, c.kvHeads, c.headWidth, c.headWidth,
                    1.0 / std::sqrt(double(c.headWidth)), 0, 0, 0.0, 1, at(m.work), m.workBytes);
    sigma_copy(rt, at(l.mid), at(l.in), t * w * m.elemSize);
    sigma_matmul(rt, Elem, Elem, Elem, at(l.o), value(l.wo), at(l.mid), t, w, w, SIGMA_ACCUMULATE);
    sigma_rms_norm(rt, Elem, at(l.mid), value(l.norm2), at(l.h2), at(l.rstd2), t, w, 1e-5);
    sigma_matmul(rt, Elem, Elem, Elem, at(l.h2), value(l.router), at(l.logits), t, c.experts, w, 0);
    sigma_router_scores(rt, Elem, at(l.logits), at(l.scores), t, c.experts, SIGMA_SOFTMAX);
    sigma_top_k(rt, Elem, at(l.scores), nullptr, at(l.weights), at(l.chosen), t, c.experts, c.topK,
                1, 1, 1, 1);
    sigma_balance_loss(rt, Elem, at(l.scores), at(l.chosen), at(l.balance), c.microBatch,
                       c.sequence, c.experts, c.topK, 1);
    sigma_add_objective(rt, Elem, at(l.balance), c.balanceScale, SIGMA_TERM_BALANCE);
    sigma_group_tokens(rt, at(l.chosen), at(l.position), at(l.sizes), c.slots, c.experts);
    sigma_exchange_sizes(rt, at(l.sizes), at(l.table), at(l.local), c.experts, c.capacity);
    sigma_gather_rows(rt, Elem, at(l.h2), at(l.position), nullptr, at(m.wide1), t, c.topK, w);
    exchange(l, m.wide1, l.rows, 0);
    sigma_grouped_matmul(rt, Elem, at(l.rows), value(l.gate), at(l.g), at(l.local), c.localExperts,
                         e, w, 0);
    sigma_grouped_matmul(rt, Elem, at(l.rows), value(l.up), at(l.u), at(l.local), c.localExperts, e,
                         w, 0);
    sigma_activation(rt, Elem, at(l.g), at(l.u), at(l.act), at(l.local), c.localExperts, c.capacity,
                     e, SIGMA_SILU, 1.0);
    sigma_grouped_matmul(rt, Elem, at(l.act), value(l.down), at(m.wide1), at(l.local),
                         c.localExperts, w, e, 0);
    exchange(l, m.wide1, l.back, 1);
    sigma_combine(rt, Elem, at(l.back), at(l.position), at(l.weights), at(m.d1), t, c.topK, w);
    sigma_add(rt, Elem, at(l.mid), at(m.d1), at(m.x), t * w);
  }

  // m.d1 holds the gradient of the layer's output, then of its input.
  void backward(const Layer &l) {
    backwardExperts(l);
    backwardAttention(l);
  }

  void backwardExperts(const Layer &l) {
    const int64_t t = c.tokens, w = c.width, e = c.expertWidth;
    sigma_combine_grad(rt, Elem, at(l.back), at(l.position), at(l.weights), at(m.d1), at(m.wide1),
                       at(m.small1), t, c.topK, w);
    sigma_top_k_grad(rt, Elem, at(l.scores), at(l.chosen), at(m.small1), at(m.small2), t, c.experts,
                     c.topK, 1);
    sigma_fill(rt, Elem, at(m.one), 1, c.balanceScale);
    sigma_balance_loss_grad(rt, Elem, at(l.scores), at(l.chosen), at(m.one), at(m.small3),
                            c.microBatch, c.sequence, c.experts, c.topK, 1);
    sigma_add(rt, Elem, at(m.small2), at(m.small3), at(m.small2), t * c.experts);
    sigma_router_scores_grad(rt, Elem, at(l.scores), at(m.small2), at(m.small3), t, c.experts,
                             SIGMA_SOFTMAX);
    exchange(l, m.wide1, m.wide2, 0);
    sigma_grouped_matmul_grad(rt, Elem, at(l.act), at(m.wide2), gradient(l.down), at(l.local),
                              c.localExperts, w, e, SIGMA_ACCUMULATE);
    sigma_grouped_matmul(rt, Elem, at(m.wide2), value(l.down), at(m.wide1), at(l.local),
                         c.localExperts, e, w, SIGMA_TRANSPOSE_B);
    sigma_activation_grad(rt, Elem, at(l.g), at(l.u), at(m.wide1), at(m.wide2), at(m.wide3),
                          at(l.local), c.localExperts, c.capacity, e, SIGMA_SILU, 1.0);
    sigma_grouped_matmul_grad(rt, Elem, at(l.rows), at(m.wide2), gradient(l.gate), at(l.local),
                              c.localExperts, e, w, SIGMA_ACCUMULATE);
    sigma_grouped_matmul_grad(rt, Elem, at(l.rows), at(m.wide3), gradient(l.up), at(l.local),
                              c.localExperts, e, w, SIGMA_ACCUMULATE);
    sigma_grouped_matmul(rt, Elem, at(m.wide2), value(l.gate), at(m.wide1), at(l.local),
                         c.localExperts, w, e, SIGMA_TRANSPOSE_B);
    sigma_grouped_matmul(rt, Elem, at(m.wide3), value(l.up), at(m.wide1), at(l.local),
                         c.localExperts, w, e, SIGMA_TRANSPOSE_B | SIGMA_ACCUMULATE);
    exchange(l, m.wide1, m.wide2, 1);
    sigma_scatter_rows(rt, Elem, at(m.wide2), at(l.position), at(m.d2), t, c.topK, w);
    sigma_matmul(rt, Elem, Elem, Elem, at(l.h2), at(m.small3), gradient(l.router), w, c.experts, t,
                 SIGMA_TRANSPOSE_A | SIGMA_ACCUMULATE);
    sigma_matmul(rt, Elem, Elem, Elem, at(m.small3), value(l.router), at(m.d2), t, w, c.experts,
                 SIGMA_TRANSPOSE_B | SIGMA_ACCUMULATE);
    sigma_rms_norm_grad(rt, Elem, at(l.mid), value(l.norm2), at(l.rstd2), at(m.d2), at(m.d3),
                        gradient(l.norm2), t, w, SIGMA_ACCUMULATE);
    sigma_add(rt, Elem, at(m.d1), at(m.d3), at(m.d1), t * w);
  }

  void projectionGrad(const Layer &l, int weight, int64_t d, int64_t width, bool first) {
    sigma_matmul(rt, Elem, Elem, Elem, at(l.h1), at(d), gradient(weight), c.width, width, c.tokens,
                 SIGMA_TRANSPOSE_A | SIGMA_ACCUMULATE);
    sigma_matmul(rt, Elem, Elem, Elem, at(d), value(weight), at(m.d3), c.tokens, c.width, width,
                 SIGMA_TRANSPOSE_B | (first ? 0 : SIGMA_ACCUMULATE));
  }

  void backwardAttention(const Layer &l) {
    const int64_t t = c.tokens, w = c.width, kv = c.kvHeads * c.headWidth;
    sigma_matmul(rt, Elem, Elem, Elem, at(l.o), at(m.d1), gradient(l.wo), w, w, t,
                 SIGMA_TRANSPOSE_A | SIGMA_ACCUMULATE);
    sigma_matmul(rt, Elem, Elem, Elem, at(m.d1), value(l.wo), at(m.d2), t, w, w, SIGMA_TRANSPOSE_B);
    sigma_attention_grad(rt, Elem, at(l.q), at(l.k), at(l.v), nullptr, at(l.o), at(l.lse), at(m.d2),
                         at(m.wide1), at(m.wide2), at(m.wide3), nullptr, c.microBatch, c.sequence,
                         c.heads, c.kvHeads, c.headWidth, c.headWidth,
                         1.0 / std::sqrt(double(c.headWidth)), 0, 0, 0.0, 1, at(m.work),
                         m.workBytes);
    sigma_rotary(rt, Elem, at(m.wide1), at(m.d2), t, c.sequence, c.heads, c.headWidth,
                 const_cast<double *>(c.frequencies.data()), c.headWidth / 2, 1.0, 1, 1);
    projectionGrad(l, l.wq, m.d2, w, true);
    sigma_rotary(rt, Elem, at(m.wide2), at(m.d2), t, c.sequence, c.kvHeads, c.headWidth,
                 const_cast<double *>(c.frequencies.data()), c.headWidth / 2, 1.0, 1, 1);
    projectionGrad(l, l.wk, m.d2, kv, false);
    projectionGrad(l, l.wv, m.wide3, kv, false);
    sigma_rms_norm_grad(rt, Elem, at(l.in), value(l.norm1), at(l.rstd1), at(m.d3), at(m.d2),
                        gradient(l.norm1), t, w, SIGMA_ACCUMULATE);
    sigma_add(rt, Elem, at(m.d1), at(m.d2), at(m.d1), t * w);
  }

  void microBatch(int64_t index) {
    const int64_t t = c.tokens, w = c.width;
    sigma_load_batch(rt, index, at(m.tokens), at(m.targets));
    if (m.embed >= 0)
      sigma_embedding(rt, Elem, at(m.tokens), value(m.embed), at(m.x), t, w, c.vocabulary, 1);
    else
      sigma_recv(rt, Elem, at(m.x), t * w, m.stage - 1, SIGMA_FORWARD, index);
    for (const Layer &l : m.layers)
      forward(l);
    if (m.head >= 0) {
      headForwardBackward();
    } else {
      sigma_send(rt, Elem, at(m.x), t * w, m.stage + 1, SIGMA_FORWARD, index);
      sigma_recv(rt, Elem, at(m.d1), t * w, m.stage + 1, SIGMA_BACKWARD, index);
      sigma_wait_send(rt, m.stage + 1, SIGMA_FORWARD);
    }
    for (auto l = m.layers.rbegin(); l != m.layers.rend(); ++l)
      backward(*l);
    if (m.embed >= 0) {
      sigma_embedding_grad(rt, Elem, at(m.tokens), at(m.d1), gradient(m.embed), t, w, c.vocabulary,
                           1, SIGMA_ACCUMULATE);
    } else {
      sigma_send(rt, Elem, at(m.d1), t * w, m.stage - 1, SIGMA_BACKWARD, index);
      sigma_wait_send(rt, m.stage - 1, SIGMA_BACKWARD);
    }
  }

  void headForwardBackward() {
    const int64_t t = c.tokens, w = c.width, v = c.vocabulary;
    sigma_rms_norm(rt, Elem, at(m.x), value(m.normF), at(m.hf), at(m.rstdF), t, w, 1e-5);
    sigma_matmul(rt, Elem, Elem, Elem, at(m.hf), value(m.head), at(m.logits), t, v, w, 0);
    sigma_cross_entropy(rt, Elem, at(m.logits), at(m.targets), at(m.lse), at(m.loss), t, v, 1,
                        nullptr, 0);
    sigma_add_objective(rt, Elem, at(m.loss), c.lossScale, SIGMA_TERM_LOSS);
    sigma_fill(rt, Elem, at(m.lossGrad), 1, c.lossScale);
    sigma_cross_entropy_grad(rt, Elem, at(m.logits), at(m.targets), at(m.lse), at(m.lossGrad),
                             at(m.logits), t, v, 1);
    sigma_matmul(rt, Elem, Elem, Elem, at(m.hf), at(m.logits), gradient(m.head), w, v, t,
                 SIGMA_TRANSPOSE_A | SIGMA_ACCUMULATE);
    sigma_matmul(rt, Elem, Elem, Elem, at(m.logits), value(m.head), at(m.d2), t, w, v,
                 SIGMA_TRANSPOSE_B);
    sigma_rms_norm_grad(rt, Elem, at(m.x), value(m.normF), at(m.rstdF), at(m.d2), at(m.d1),
                        gradient(m.normF), t, w, SIGMA_ACCUMULATE);
  }

  void run() {
    for (const Parameter &p : m.parameters)
      sigma_fill(rt, Elem, at(p.gradient), p.elements(), 0);
    for (int64_t i = 0; i < c.microBatches; ++i)
      microBatch(i);
    static int64_t steps = 0;
    if (++steps == c.nanStep && m.stage == c.pp - 1)
      sigma_fill(rt, Elem, gradient(m.head), 1, NAN);
    for (const Parameter &p : m.parameters) {
      sigma_all_reduce(rt, Elem, at(p.gradient), p.elements(),
                       p.sharded ? SIGMA_GROUP_EXPERT_DATA : SIGMA_GROUP_DATA, at(m.work),
                       m.workBytes);
      sigma_square_sum(rt, Elem, at(p.gradient), p.elements(),
                       1 << (p.sharded ? SIGMA_GROUP_EXPERT_DATA : SIGMA_GROUP_DATA));
    }
    sigma_reduce_step(rt);
    for (const Parameter &p : m.parameters)
      sigma_adamw(rt, Elem, at(p.value), at(p.gradient), at(p.first), at(p.second), nullptr,
                  p.elements(), p.decay);
    sigma_checkpoint_hook(rt);
  }
};

// The runtime calls a stage's function without saying which: one function per stage, as in a
// generated program.
template <int Elem, int Stage>
void step(sigma_rt rt, sigma_ptr arena) {
  Step<Elem>{model<Elem>(Stage), model<Elem>(Stage).c, rt, static_cast<char *>(arena)}.run();
}

template <int Elem>
void describe(sigma_rt rt) {
  const Config c;
  const sigma_step steps[] = {step<Elem, 0>, step<Elem, 1>, step<Elem, 2>, step<Elem, 3>};
  sigma_describe_program(rt, "byte_moe", "0123456789abcdef", Elem, c.batch, c.microBatch,
                         c.sequence, c.vocabulary, 1000000);
  sigma_describe_mesh(rt, c.pp, 1, 1, c.dp, 1, c.ep, SIGMA_RING, SIGMA_STAGES_OUTSIDE);
  sigma_describe_optimizer(rt, 1e-3, 10, 0.9, 0.95, 1e-8, 0.1, 1.0);
  for (int64_t s = 0; s < c.pp; ++s) {
    const Model<Elem> &m = model<Elem>(s);
    sigma_describe_stage(rt, s, m.bytes, steps[s]);
    for (const Parameter &p : m.parameters) {
      std::vector<int64_t> d = p.shape;
      d.resize(4, 1);
      sigma_describe_tensor(rt, s, p.name.c_str(), int64_t(p.shape.size()), d[0], d[1], d[2], d[3],
                            p.sharded, -1, 0, p.init, p.scale, p.value, p.gradient, p.first,
                            p.second, -1, 0, 0, 0);
    }
  }
}

} // namespace

int main(int argc, char **argv) {
  return int(sigma_main(argc, argv, SIGMA_ABI_VERSION, describe<SIGMA_F32>, describe<SIGMA_F64>));
}
