//===- CompiledProgram.h - a rank program, run in this process ----*- C++ -*-===//

#ifndef TEST_UNIT_GRADIENTS_COMPILEDPROGRAM_H
#define TEST_UNIT_GRADIENTS_COMPILEDPROGRAM_H

#include "llvm/ADT/StringRef.h"
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

struct sigma_runtime;
namespace llvm::orc {
class LLJIT;
} // namespace llvm::orc

namespace sigma::test {

/// A parameter of the program; the pointers lead into the program's arena.
struct Parameter {
  std::string name;
  int64_t elements;
  double *value, *gradient;
};

/// A one-stage f64 program that went through the compiler's own passes and codegen, as machine code linked to the runtime's
/// functions. Memory that holds no parameter is NaN before each call, so that a read of what nobody wrote is seen.
class CompiledProgram {
public:
  /// `text` holds ops of the sigma or rank dialect; `pipeline` makes a complete program of them. Null, after a message on
  /// stderr, when something fails.
  static std::unique_ptr<CompiledProgram> compile(llvm::StringRef text, llvm::StringRef pipeline);
  ~CompiledProgram();

  /// Values of the parameters, those that the compiler starts at one near one.
  void fill(unsigned seed);
  /// The objective at the parameters' values. Saves what backward needs.
  double forward();
  /// Gradients of the parameters, of the last forward.
  void backward();

  std::vector<int32_t> tokens, targets;
  std::vector<Parameter> parameters; // that have a gradient
  /// The names of each layer's modules.
  std::vector<std::vector<std::string>> layerModules;
  /// Numbers in all parameters of the program, those without a gradient included.
  int64_t allocatedParameters = 0;

private:
  using Function = void (*)(sigma_runtime *, char *, char *, char *, char *, void *, void *);

  CompiledProgram();
  void poison();

  std::vector<bool> startsAtOne;
  // Exactly as large as planned, for the address sanitizer.
  std::unique_ptr<char[]> arena, slot, ends, transient;
  int64_t arenaBytes = 0, slotBytes = 0, endsBytes = 0, transientBytes = 0;
  std::vector<int64_t> captured;
  std::unique_ptr<sigma_runtime> runtime;
  std::unique_ptr<llvm::orc::LLJIT> jit;
  Function runForward = nullptr, runBackward = nullptr;
};

} // namespace sigma::test

#endif
