//===- CompiledProgram.cpp - a rank program, run in this process ----------===//

#include "CompiledProgram.h"
#include "codegen/Codegen.h"
#include "dialects/Rank/RematSet.h"
#include "dialects/Sigma/SigmaDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "passes/Passes.h"
#include "runtime/Runtime.h"
#include "llvm/ExecutionEngine/Orc/LLJIT.h"
#include "llvm/Support/TargetSelect.h"
#include <algorithm>
#include <cmath>
#include <random>

using namespace mlir;
using namespace ::sigma::test;
namespace orc = llvm::orc;

CompiledProgram::CompiledProgram() = default;
CompiledProgram::~CompiledProgram() = default;

static void registerOnce() {
  static bool done = [] {
    mlir::sigma::registerSigmaPasses();
    mlir::sigma::registerPipelines();
    llvm::InitializeNativeTarget();
    llvm::InitializeNativeTargetAsmPrinter();
    return true;
  }();
  (void)done;
}

static OwningOpRef<ModuleOp> compileToRank(MLIRContext &context, StringRef text, StringRef pipeline) {
  auto module = parseSourceString<ModuleOp>(text, &context);
  PassManager pm(&context);
  if (!module || failed(parsePassPipeline(pipeline, pm)) || failed(pm.run(*module)))
    return nullptr;
  return module;
}

static std::unique_ptr<orc::LLJIT> fail(llvm::Error error) {
  llvm::errs() << llvm::toString(std::move(error)) << '\n';
  return nullptr;
}

/// Machine code of a module of the LLVM dialect, with the functions of abi.def taken from this process.
static std::unique_ptr<orc::LLJIT> createJit(ModuleOp module) {
  auto context = std::make_unique<llvm::LLVMContext>();
  std::unique_ptr<llvm::Module> code = translateModuleToLLVMIR(module, *context);
  auto jit = orc::LLJITBuilder().create();
  if (!code || !jit)
    return fail(jit ? llvm::createStringError("translation to LLVM IR failed") : jit.takeError());
  orc::SymbolMap symbols;
  auto define = [&](StringRef name, auto *function) {
    symbols[(*jit)->mangleAndIntern(name)] = {orc::ExecutorAddr::fromPtr(function), llvm::JITSymbolFlags::Exported};
  };
#define SIGMA_ABI_FUNCTION(result, name, ...) define(#name, &name);
#include "runtime/abi/abi.def"
  if (auto error = (*jit)->getMainJITDylib().define(orc::absoluteSymbols(std::move(symbols))))
    return fail(std::move(error));
  code->setDataLayout((*jit)->getDataLayout());
  if (auto error = (*jit)->addIRModule({std::move(code), std::move(context)}))
    return fail(std::move(error));
  return std::move(*jit);
}

static std::unique_ptr<char[]> allocate(int64_t bytes) { return std::unique_ptr<char[]>(new char[bytes]); }

std::unique_ptr<CompiledProgram> CompiledProgram::compile(StringRef text, StringRef pipeline) {
  registerOnce();
  DialectRegistry registry;
  registry.insert<LLVM::LLVMDialect, rank::RankDialect, mlir::sigma::SigmaDialect>();
  mlir::sigma::registerCodegenTranslations(registry);
  MLIRContext context(registry, MLIRContext::Threading::DISABLED);
  context.loadAllAvailableDialects();
  OwningOpRef<ModuleOp> module = compileToRank(context, text, pipeline);
  if (!module)
    return nullptr;

  auto program = *module->getOps<rank::ProgramOp>().begin();
  std::unique_ptr<CompiledProgram> result(new CompiledProgram);
  result->arenaBytes = *program.getArenaBytes();
  result->slotBytes = *program.getForward().getSlotBytes();
  result->endsBytes = program.getForward().getEndsBytes().value_or(0);
  result->transientBytes =
      std::max(*program.getForward().getTransientBytes(), *program.getBackward().getTransientBytes());
  result->arena = allocate(result->arenaBytes);
  result->slot = allocate(result->slotBytes);
  result->ends = allocate(result->endsBytes);
  result->transient = allocate(result->transientBytes);
  for (auto parameter : program.getBody().getOps<rank::ParameterOp>()) {
    char *start = result->arena.get();
    result->allocatedParameters += parameter.getTensorType().getNumElements();
    if (parameter.isUpdatedByLoad()) { // no function of it has a gradient
      auto *value = reinterpret_cast<double *>(start + *parameter.getValueOffset());
      for (int64_t i = 0; i < parameter.getTensorType().getNumElements(); ++i)
        value[i] = 0.05 * i;
      continue;
    }
    result->parameters.push_back({parameter.getSymName().str(), parameter.getTensorType().getNumElements(),
                                  reinterpret_cast<double *>(start + *parameter.getValueOffset()),
                                  reinterpret_cast<double *>(start + *parameter.getGradientOffset())});
    result->startsAtOne.push_back(parameter.getInit() == rank::Init::Ones);
  }
  for (const auto &[layer, modules] : rank::layerModules(program.getForward())) {
    std::vector<std::string> &names = result->layerModules.emplace_back();
    for (StringRef path : modules)
      names.push_back(rank::moduleName(path).str());
  }
  result->captured.assign(program.getBackward().getCaptured()->begin(), program.getBackward().getCaptured()->end());
  int64_t ids = program.getLaunchOp().getTokens();
  result->tokens.resize(ids);
  result->targets.resize(ids);

  if (failed(mlir::sigma::lowerToLLVM(*module, /*entryPoint=*/false)))
    return nullptr;
  result->runtime = std::make_unique<sigma_runtime>();
  result->jit = createJit(*module);
  if (!result->jit)
    return nullptr;
  result->runForward = llvm::cantFail(result->jit->lookup("f64.stage0.forward")).toPtr<Function>();
  result->runBackward = llvm::cantFail(result->jit->lookup("f64.stage0.backward")).toPtr<Function>();
  return result;
}

void CompiledProgram::fill(unsigned seed) {
  std::mt19937 generator(seed);
  std::uniform_real_distribution<double> uniform(-1, 1);
  for (auto [parameter, isScale] : llvm::zip(parameters, startsAtOne))
    for (int64_t i = 0; i < parameter.elements; ++i)
      parameter.value[i] = isScale ? 1 + 0.3 * uniform(generator) : uniform(generator);
}

static void fillWithNan(char *bytes, int64_t size) {
  std::fill_n(reinterpret_cast<double *>(bytes), size / int64_t(sizeof(double)), std::nan(""));
}

void CompiledProgram::poison() {
  fillWithNan(transient.get(), transientBytes);
  for (const Parameter &parameter : parameters)
    std::fill_n(parameter.gradient, parameter.elements, 0.0);
}

double CompiledProgram::forward() {
  poison();
  fillWithNan(slot.get(), slotBytes);
  fillWithNan(ends.get(), endsBytes);
  runtime->step = {};
  runForward(runtime.get(), arena.get(), transient.get(), slot.get(), ends.get(), tokens.data(), targets.data());
  return runtime->step.lossTerm + runtime->step.balanceTerm;
}

void CompiledProgram::backward() {
  poison();
  void *arguments[] = {tokens.data(), targets.data()};
  void *passed[2] = {};
  for (size_t i = 0; i < captured.size(); ++i)
    passed[i] = arguments[captured[i]];
  // Pointers that the function does not take are ignored by the calling convention.
  runBackward(runtime.get(), arena.get(), transient.get(), slot.get(), ends.get(), passed[0], passed[1]);
}
