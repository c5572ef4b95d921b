#include "planner/check/CheckStage.h"
#include "planner/check/CheckWork.h"

#include <algorithm>

using namespace sigma::planner;

// Chunks of micro-batches that a stage keeps at once.
static int64_t chunksInFlight(const Layout &layout, int64_t stage) {
  const int64_t pp = layout.pp, vpp = layout.vpp, m = layout.numMicroBatches;
  switch (layout.schedule) {
  case Schedule::OneForwardOneBackward:
    return std::min(pp - stage, m);
  case Schedule::ZeroBubbleH1: // as 1f1b; what is put off counts by itself
    return std::min(pp - stage, m);
  case Schedule::Interleaved:
    return narrow(std::min<Wide>(2 * (pp - stage - 1) + (vpp - 1) * Wide(pp) + 1, Wide(m) * vpp));
  case Schedule::DualPipeV:
    return std::min(2 * pp + 1, 2 * m);
  }
  return 0;
}

// Of the embedding, micro-batches.
static int64_t embeddingsInFlight(const Layout &layout, int64_t stage) {
  if (layout.vpp == 1)
    return chunksInFlight(layout, stage);
  return std::min(2 * layout.pp, layout.numMicroBatches);
}

// What is kept of a piece of which `chunks` are in flight. zb-h1: `stage` micro-batches wait for
// the gradients of weights while those of inputs are made of another.
static Wide keptBytes(const Layout &layout, int64_t stage, const RematMode &mode, int64_t chunks) {
  const Wide saved = Wide(mode.savedBytes) * chunks;
  if (layout.schedule != Schedule::ZeroBubbleH1)
    return saved;
  return saved + Wide(mode.heldBytes) * std::min(stage, layout.numMicroBatches) + mode.madeBytes;
}

// dualpipev: in pairs nothing waits; when it begins to split backward, and at the end, as zb-h1.
// Then some messages do not wait: down the bottom; at the beginning, gradients that go up, and
// where no such backward was before, down. What comes from another stage and is held counts twice.
static Wide keptOfLayer(const Layout &layout, const ContentsBook &book, const Contents &contents,
                        const RematMode &mode) {
  const int64_t pp = layout.pp, stage = contents.stage;
  const Wide saved = keptBytes(layout, stage, mode, chunksInFlight(layout, stage));
  if (layout.schedule != Schedule::DualPipeV)
    return saved;
  Wide made = mode.madeBytes;
  if (contents.head) // shared among layers
    made += quotient(contents.head->mode->madeBytes, contents.largestChunk);
  const bool isBottom = stage == pp - 1, isTop = stage == 0;
  const Wide twice = isTop || !contents.holdsGradient ? 0 : 1;
  auto without = [&](Wide messages) {
    return (messages + twice) * book.boundaryBytes / contents.largestChunk;
  };
  const Wide atFirst = isBottom ? pp : 2 * pp, atLast = pp - stage,
             notYet = isBottom ? 1 : (isTop ? 0 : 1) + (stage + 2 == pp ? 1 : 0);
  return std::max(
      {saved, atFirst * mode.savedBytes + made - without(notYet),
       atLast * mode.savedBytes + Wide(stage) * mode.heldBytes + made - without(isBottom ? 1 : 0)});
}

static Wide keptOfEmbedding(const Layout &layout, int64_t stage, const RematMode &mode) {
  const Wide kept = keptBytes(layout, stage, mode, embeddingsInFlight(layout, stage));
  if (layout.schedule != Schedule::DualPipeV)
    return kept;
  return std::max(kept, Wide(layout.pp) * mode.savedBytes + mode.madeBytes);
}

static int64_t activationBytes(const Layout &layout, const ContentsBook &book,
                               const Contents &contents) {
  Wide layers = 0;
  for (const Piece &layer : contents.layers)
    layers += keptOfLayer(layout, book, contents, *layer.mode);
  Wide total = quotient(layers * contents.largestChunk, Wide(contents.layers.size()));
  if (contents.embedding)
    total += keptOfEmbedding(layout, contents.stage, *contents.embedding->mode);
  if (contents.head)
    total += keptBytes(layout, contents.stage, *contents.head->mode, 1);
  return narrow(total);
}

// What the plan has beside one of a piece's peaks.
static Wide besideBytes(const Problem &problem, const Layout &layout, const ContentsBook &book,
                        const Piece &piece, uint32_t beside) {
  const Recipe &recipe = problem.job.recipe;
  const bool hides = problem.job.overlap.gradientPpm > 0; // then in a workspace of their own
  auto has = [&](Beside what) { return (beside & Peak::bit(what)) != 0; };
  auto ofParameters = [&](int64_t zero, int64_t count, bool values, bool gradients, bool sums) {
    const Wide all = zero >= 2 ? Wide(count) * recipe.gradientBytes : 0;
    return (values && zero == 3 ? Wide(count) * recipe.valueBytes : 0) + (gradients ? all : 0) +
           (sums && !hides ? std::min<Wide>(all, book.workspaceBytes) : 0);
  };
  const bool in = has(Beside::GradientIn) && !piece.isInApart,
             out = has(Beside::GradientOut) && !piece.isOutApart;
  const bool isHead = piece.cost == &book.headCost(); // which has some of the embedding
  const int64_t shared = isHead ? narrow(quotient(problem.model.sharedParameters, layout.tp)) : 0;
  return ofParameters(layout.zero, std::max<int64_t>(0, piece.cost->denseParameters - shared),
                      has(Beside::DenseValues), has(Beside::DenseGradients),
                      has(Beside::DenseSums)) +
         ofParameters(layout.zero, shared, has(Beside::SharedValues), has(Beside::SharedGradients),
                      has(Beside::SharedSums)) +
         ofParameters(layout.expertZero, piece.cost->expertParameters, has(Beside::ExpertValues),
                      has(Beside::ExpertGradients), has(Beside::ExpertSums)) +
         Wide(in + out) * book.boundaryBytes;
}

// A mode may be that of any of the stage's layers of its kind.
static Wide pieceBytes(const Problem &problem, const Layout &layout, const ContentsBook &book,
                       const std::vector<Piece> &pieces, const Piece &piece) {
  const bool splits = layout.schedule == Schedule::ZeroBubbleH1;
  Wide most = 0;
  for (const Piece &other : pieces)
    if (other.cost == piece.cost)
      for (const Peak &peak : splits ? piece.mode->splitPeaks : piece.mode->peaks)
        most = std::max(most, peak.bytes + besideBytes(problem, layout, book, other, peak.beside));
  return most;
}

// The most that one of the pieces takes of what ZeRO divides from this stage on.
static Wide mostDivided(const Problem &problem, const Layout &layout,
                        const std::vector<const LayerCost *> &pieces, int64_t zero,
                        int64_t bytesEach) {
  const ParameterCounter counter(problem, layout);
  Wide most = 0;
  for (const LayerCost *piece : pieces) {
    Parameters held;
    held += *piece;
    const Parameters divided = counter.dividedFrom(zero, held);
    most = std::max(most, (divided.dense + divided.expert) * bytesEach);
  }
  return most;
}

// What comes of the next layer, whichever that is, while a piece is at work; and what is still
// being summed of the piece before.
static Wide neighbourBytes(const Problem &problem, const Layout &layout, ContentsBook &book) {
  const Recipe &recipe = problem.job.recipe;
  std::vector<const LayerCost *> pieces = book.allLayers();
  Wide total = 0;
  if (problem.job.overlap.parameterPpm > 0)
    total += mostDivided(problem, layout, pieces, 3, recipe.valueBytes);
  pieces.push_back(&book.headCost());
  if (problem.job.overlap.gradientPpm > 0)
    total += mostDivided(problem, layout, pieces, 2, recipe.gradientBytes);
  return total;
}

// What sums gradients after backward: of replicas, or of another stage.
static Wide workspaceBytes(const Problem &problem, const ParameterCounter &counter,
                           const ContentsBook &book, const Parameters &all, Wide elsewhere) {
  const Parameters later = problem.job.overlap.gradientPpm > 0 ? Parameters() : all;
  return std::max(
      counter.reduceWorkspaceBytes(later, book.workspaceBytes),
      std::min<Wide>(book.workspaceBytes, elsewhere * problem.job.recipe.gradientBytes));
}

// What sums those of replicas while backward goes on.
static Wide overlapBytes(const Problem &problem, const ParameterCounter &counter,
                         const ContentsBook &book, const Parameters &all) {
  return problem.job.overlap.gradientPpm > 0
             ? counter.reduceWorkspaceBytes(all, book.workspaceBytes)
             : Wide(0);
}

static int64_t transientBytes(const Problem &problem, const Layout &layout, ContentsBook &book,
                              const Contents &contents, const Parameters &all) {
  Wide working = workspaceBytes(problem, ParameterCounter(problem, layout), book, all,
                                parametersElsewhere(problem.model, layout, contents));
  const std::vector<Piece> pieces = contents.pieces();
  const Wide neighbours = neighbourBytes(problem, layout, book);
  for (const Piece &piece : pieces)
    working = std::max(working, pieceBytes(problem, layout, book, pieces, piece) + neighbours);
  return narrow(working);
}

static int64_t bufferBytes(const Layout &layout, const ContentsBook &book,
                           const Contents &contents) {
  const bool isBottom = contents.stage == layout.pp - 1;
  Wide messages = 2 * Wide(contents.remote.size());
  if (layout.schedule == Schedule::ZeroBubbleH1) // one of which is kept
    messages -= !contents.head && contents.holdsGradient;
  if (layout.schedule == Schedule::Interleaved) // one each way, and what waits of each
    messages = contents.head ? 3 : 4;
  else if (layout.schedule == Schedule::DualPipeV) // what waits between chunks, and gradients
    messages = Wide(contents.remote.size()) + isBottom + (contents.head ? 1 : 2);
  Wide total = book.boundaryBytes * messages;
  if (contents.embedding || contents.head)
    total += book.batchBytes * quotient(chunksInFlight(layout, contents.stage), layout.vpp);
  return narrow(total);
}

void sigma::planner::checkStageMemory(const Problem &problem, const Layout &layout,
                                      ContentsBook &book, const Contents &contents,
                                      StagePlan &plan) {
  const Recipe &recipe = problem.job.recipe;
  const ParameterCounter counter(problem, layout);
  Parameters held;
  for (const Piece &piece : contents.pieces())
    held += *piece.cost;
  held.dense -= sharedParameters(problem.model, layout, contents);
  plan.parameterBytes = narrow(counter.shareFrom(3, held) * recipe.valueBytes);
  plan.gradientBytes = narrow(counter.shareFrom(2, held) * recipe.gradientBytes);
  plan.optimizerBytes = narrow(counter.shareFrom(1, held) * recipe.optimizerBytes);
  plan.activationBytes = activationBytes(layout, book, contents);
  plan.transientBytes = transientBytes(problem, layout, book, contents, held);
  plan.bufferBytes =
      narrow(bufferBytes(layout, book, contents) + overlapBytes(problem, counter, book, held));
  plan.peakBytes = narrow(Wide(plan.parameterBytes) + plan.gradientBytes + plan.optimizerBytes +
                          plan.activationBytes + plan.transientBytes + plan.bufferBytes);
}
