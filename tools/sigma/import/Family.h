//===- Family.h - what one architecture of configurations means ---*- C++ -*-===//

#ifndef TOOLS_SIGMA_IMPORT_FAMILY_H
#define TOOLS_SIGMA_IMPORT_FAMILY_H

#include "dialects/Sigma/SigmaAttrs.h"
#include "tools/sigma/import/Fields.h"

namespace sigma::config {

/// Which layers see a window only.
enum class WindowRule {
  None,        // none of them, whatever the file says
  EveryLayer,  // all, if there is a window
  LowerFull,   // those from `max_window_layers` on
  Alternate,   // every other, the first included
  SixthIsFull, // all but every sixth
};

/// Which layers are Mixtures of Experts.
enum class MoeRule {
  None,
  EveryLayer,
  AfterDense,  // from `first_k_dense_replace` on, every `moe_layer_freq`-th
  SparseStep,  // every `decoder_sparse_step`-th that is not in `mlp_only_layers`
  Interleaved, // `moe_layers`, or every `interleave_moe_layer_step`-th
  Range,     // from `moe_layer_start_index` to `moe_layer_end_index`, every `moe_layer_interval`-th
  ByExperts, // those that have more than one expert, from `moe_layer_num_skipped` on
};

/// What the shared experts of a layer are.
enum class SharedRule {
  None,
  Count,    // so many, as wide as a routed one
  OneWide,  // one, of a stated width
  OneEqual, // one, as wide as a routed one
};

/// Which groups of experts a token may choose from.
enum class GroupRule { None, Stated, IfGroupLimited };

/// Projections that have a bias when the flag is true.
struct BiasRule {
  Flag flag;
  llvm::SmallVector<mlir::sigma::Projection, 4> projections;
};

/// A field whose other values change the architecture to one that sigma cannot say.
struct OnlyValue {
  llvm::StringRef key;
  Value value;
  llvm::StringRef reason;
};

/// Something that is imported as something else of equal parameters and cost.
struct Approximation {
  Flag when;
  llvm::StringRef message;
};

/// One architecture: its names, the meaning of its keys, and what their absence means. Keys are
/// spelled as in namesOf(). An empty key is never read.
struct Family {
  std::vector<llvm::StringRef> architectures; // the first is the one that is exported
  std::vector<llvm::StringRef> modelTypes;
  std::vector<llvm::StringRef> scopes; // objects that hold its fields, besides the root
  std::vector<std::pair<llvm::StringRef, llvm::StringRef>> spelling; // names for export

  // The stream.
  mlir::sigma::Norm norm = mlir::sigma::Norm::Rms;
  mlir::sigma::NormPlacement placement = mlir::sigma::NormPlacement::Pre;
  double epsilon = 1e-6;
  bool learnedPositions = false;
  llvm::StringRef embeddingScaleKey;
  bool scalesByRootOfWidth = false;  // the embedding
  std::optional<int64_t> vocabulary; // when the key is absent; none: it must be there
  llvm::StringRef residualScaleKey;
  bool tied = false;
  llvm::StringRef headBiasKey, headNormalizeKey, headScaleKey, headDivisorKey, headSoftcapKey;
  double headSoftcap = 0; // when the key is absent; 0: none
  llvm::StringRef mtpKey;
  Flag mtpFlag{{}, true};

  // Attention.
  std::optional<int64_t> heads;     // none: the key must be there
  std::optional<int64_t> kvHeads;   // none: as many as heads
  std::optional<int64_t> headWidth; // none: hidden_size / num_attention_heads
  std::vector<BiasRule> biases;
  mlir::sigma::QkNorm qkNorm = mlir::sigma::QkNorm::PerHead;
  Flag hasQkNorm;
  bool rotary = true;
  double ropeBase = 10000;
  double rotaryFactor = 1;
  bool yarnByDefault = false;       // the scaling of gpt-oss
  llvm::StringRef localRopeBaseKey; // of layers with a window
  bool skipsRotation = false;       // in layers that `no_rope_layers` says
  WindowRule windows = WindowRule::None;
  std::optional<int64_t> window; // when the key is absent
  Flag hasWindow{{}, true};
  int64_t fullLayers = 28; // when `max_window_layers` is absent
  bool chunked = false;
  bool sinks = false;
  llvm::StringRef attentionScaleKey, attentionScalarKey, attentionSoftcapKey, clipKey;
  double attentionSoftcap = 0; // when the key is absent; 0: none
  bool latent = false;

  // Feed-forward.
  mlir::sigma::Activation activation = mlir::sigma::Activation::SwiGlu;
  llvm::StringRef activationKey = "hidden_act";
  llvm::StringRef limitKey;
  Flag mlpBias;
  llvm::StringRef denseWidthKey = "intermediate_size";
  int64_t denseWidthFactor = 0; // times hidden_size when the key is absent; 0: it must be there
  llvm::StringRef expertWidthKey = "moe_intermediate_size";
  MoeRule moe = MoeRule::None;
  bool perLayerLists = false;
  mlir::sigma::RouterScore score = mlir::sigma::RouterScore::Softmax;
  llvm::StringRef scoreKey;
  Flag normalize{{}, true};
  llvm::StringRef scalingKey;
  Flag selectionBias;
  GroupRule groups = GroupRule::None;
  int64_t numGroups = 1, topGroups = 1;
  bool routerBias = false, weighInput = false, expertBias = false;
  SharedRule shared = SharedRule::None;
  bool sharedHasWidth = false; // of its own, next to the count
  bool sharedGate = false;
  double balanceLoss = 0;

  std::vector<OnlyValue> only;
  std::vector<llvm::StringRef> unused; // its class does not read them
  std::vector<Approximation> approximations;
};

/// All architectures, the more common ones first.
const std::vector<Family> &families();

/// An architecture that is known and refused, with the reason; empty for all others.
llvm::StringRef reasonToRefuse(llvm::StringRef architecture);

} // namespace sigma::config

#endif
