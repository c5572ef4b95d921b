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
static Wide keptOfLayer(const Layout &layout, const Contents &contents, const RematMode &mode) {
  const int64_t pp = layout.pp, stage = contents.stage;
  const Wide saved = keptBytes(layout, stage, mode, chunksInFlight(layout, stage));
  if (layout.schedule != Schedule::DualPipeV)
    return saved;
  Wide made = mode.madeBytes;
  if (contents.head) // shared among layers
    made += quotient(contents.head->mode->madeBytes, contents.largestChunk);
  const Wide atFirst = stage == pp - 1 ? pp : 2 * pp, atLast = pp - stage;
  return std::max({saved, atFirst * mode.savedBytes + made,
                   atLast * mode.savedBytes + Wide(stage) * mode.heldBytes + made});
}

static Wide keptOfEmbedding(const Layout &layout, int64_t stage, const RematMode &mode) {
  const Wide kept = keptBytes(layout, stage, mode, embeddingsInFlight(layout, stage));
  if (layout.schedule != Schedule::DualPipeV)
    return kept;
  return std::max(kept, Wide(layout.pp) * mode.savedBytes + mode.madeBytes);
}

static int64_t activationBytes(const Layout &layout, const Contents &contents) {
  Wide layers = 0;
  for (const Piece &layer : contents.layers)
    layers += keptOfLayer(layout, contents, *layer.mode);
  Wide total = quotient(layers * contents.largestChunk, Wide(contents.layers.size()));
  if (contents.embedding)
    total += keptOfEmbedding(layout, contents.stage, *contents.embedding->mode);
  if (contents.head)
    total += keptBytes(layout, contents.stage, *contents.head->mode, 1);
  return narrow(total);
}

// A kind of layer that only ends chunks does not hold the gradients that come in. With it are its
// gradients, and its values, of which those of the next piece may come meanwhile; zb-h1 has
// them one after the other, and sums gradients when nothing else is there.
static Wide pieceBytes(const Problem &problem, const Layout &layout, const ContentsBook &book,
                       const std::vector<Piece> &pieces, const Piece &piece) {
  const Job &job = problem.job;
  const ParameterCounter counter(problem, layout);
  Parameters held;
  held += *piece.cost;
  const Parameters reduced = counter.dividedFrom(2, held), gathered = counter.dividedFrom(3, held);
  const Wide gradients = (reduced.dense + reduced.expert) * job.recipe.gradientBytes;
  const Wide values = (gathered.dense + gathered.expert) * (job.overlap.parameterPpm > 0 ? 2 : 1) *
                      job.recipe.valueBytes;
  const bool isLast = std::all_of(pieces.begin(), pieces.end(), [&](const Piece &other) {
    return other.cost != piece.cost || other.isLast;
  });
  const RematMode &mode = *piece.mode;
  if (layout.schedule == Schedule::ZeroBubbleH1)
    return std::max((isLast ? mode.splitLastTransientBytes : mode.splitTransientBytes) + values,
                    gradients +
                        std::max<Wide>(mode.weightTransientBytes,
                                       counter.reduceWorkspaceBytes(reduced, book.workspaceBytes)));
  return (isLast ? mode.lastTransientBytes : mode.transientBytes) + values + gradients;
}

// Of gradients that are summed after backward; others are while it goes on, unless every
// micro-batch sums them.
static Parameters summedAfterBackward(const Problem &problem, const ParameterCounter &counter,
                                      const Parameters &all) {
  return problem.job.overlap.gradientPpm > 0 ? counter.dividedFrom(2, all) : all;
}

// What sums gradients: of replicas, or of another stage.
static Wide workspaceBytes(const Problem &problem, const ParameterCounter &counter,
                           const ContentsBook &book, const Parameters &all, Wide elsewhere) {
  return std::max(
      counter.reduceWorkspaceBytes(summedAfterBackward(problem, counter, all), book.workspaceBytes),
      std::min<Wide>(book.workspaceBytes, elsewhere * problem.job.recipe.gradientBytes));
}

// What sums them while backward goes on.
static Wide overlapBytes(const Problem &problem, const ParameterCounter &counter,
                         const ContentsBook &book, Parameters all) {
  const Parameters later = summedAfterBackward(problem, counter, all);
  all.dense -= later.dense;
  all.expert -= later.expert;
  return counter.reduceWorkspaceBytes(all, book.workspaceBytes);
}

static int64_t transientBytes(const Problem &problem, const Layout &layout,
                              const ContentsBook &book, const Contents &contents,
                              const Parameters &all) {
  Wide working = workspaceBytes(problem, ParameterCounter(problem, layout), book, all,
                                parametersElsewhere(problem.model, layout, contents));
  const std::vector<Piece> pieces = contents.pieces();
  for (const Piece &piece : pieces)
    working = std::max(working, pieceBytes(problem, layout, book, pieces, piece));
  return narrow(working);
}

static int64_t bufferBytes(const Layout &layout, const ContentsBook &book,
                           const Contents &contents) {
  const bool isBottom = contents.stage == layout.pp - 1;
  Wide messages = 2 * Wide(contents.remote.size());
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
                                      const ContentsBook &book, const Contents &contents,
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
  plan.activationBytes = activationBytes(layout, contents);
  plan.transientBytes = transientBytes(problem, layout, book, contents, held);
  plan.bufferBytes =
      narrow(bufferBytes(layout, book, contents) + overlapBytes(problem, counter, book, held));
  plan.peakBytes = narrow(Wide(plan.parameterBytes) + plan.gradientBytes + plan.optimizerBytes +
                          plan.activationBytes + plan.transientBytes + plan.bufferBytes);
}
