//===- EntryPoint.cpp - the program's description and main ----------------===//

#include "codegen/ProgramLowering.h"

using namespace mlir;
using namespace mlir::sigma;
using namespace mlir::rank;

static LLVM::LLVMFuncOp createFunction(ModuleOp module, StringRef name, Type result,
                                       ArrayRef<Type> parameters) {
  OpBuilder builder = OpBuilder::atBlockEnd(module.getBody());
  auto function = builder.create<LLVM::LLVMFuncOp>(module.getLoc(), name,
                                                   LLVM::LLVMFunctionType::get(result, parameters));
  return function;
}

namespace {
class Description {
public:
  Description(ModuleOp module, LaunchOp launch, RuntimeAbi &abi, LLVM::LLVMFuncOp target)
      : module(module), launch(launch),
        emit(abi, OpBuilder::atBlockEnd(&target.getBody().front()), launch.getLoc()),
        rt(target.getArgument(0)) {}

  void write(StringRef programHash) {
    auto i = [&](int64_t value) { return emit.i64(value); };
    auto f = [&](double value) { return emit.f64(value); };
    emit.call("sigma_describe_program",
              {rt, text(launch.getSymName()), text(programHash),
               i(elementCode(launch.getElementType())), i(launch.getGlobalBatch()),
               i(launch.getMicroBatch()), i(launch.getSequence()), i(launch.getVocabulary()),
               i(launch.getPredictedStepNs())});
    emit.call("sigma_describe_mesh",
              {rt, i(launch.getPp()), i(launch.getTp()), i(launch.getCp()), i(launch.getDp()),
               i(launch.getEtp()), i(launch.getEp()),
               i(launch.getContextKind() == ContextKind::Ring ? SIGMA_RING : SIGMA_ALL_TO_ALL),
               i(launch.getStagesInside())});
    emit.call("sigma_describe_optimizer",
              {rt, f(launch.getLearningRate()), i(launch.getWarmupSteps()), f(launch.getBeta1()),
               f(launch.getBeta2()), f(launch.getEpsilon()), f(launch.getWeightDecay()),
               f(launch.getGradientClip())});
    for (auto program : module.getOps<ProgramOp>())
      describeStage(program);
    emit.builder.create<LLVM::ReturnOp>(emit.loc, ValueRange());
  }

private:
  void describeStage(ProgramOp program) {
    auto step = module.lookupSymbol<LLVM::LLVMFuncOp>(symbolName(program, "step"));
    Value address = emit.builder.create<LLVM::AddressOfOp>(emit.loc, step);
    emit.call("sigma_describe_stage",
              {rt, emit.i64(program.getStage()), emit.i64(*program.getArenaBytes()), address});
    for (auto parameter : program.getBody().getOps<ParameterOp>())
      describeTensor(program, parameter);
  }

  void describeTensor(ProgramOp program, ParameterOp parameter) {
    SmallVector<int64_t> shape(parameter.getTensorType().getShape());
    int64_t rank = shape.size();
    shape.resize(4, 1);
    int64_t init = parameter.getInit() == Init::Zeros  ? SIGMA_INIT_ZEROS
                   : parameter.getInit() == Init::Ones ? SIGMA_INIT_ONES
                                                       : SIGMA_INIT_NORMAL;
    FlatOp flat = parameter.getFlatOp();
    auto i = [&](int64_t value) { return emit.i64(value); };
    Value value = offset(parameter, &ParameterOp::getValueOffset, &FlatOp::getValueOffset);
    emit.call(
        "sigma_describe_tensor",
        {rt,
         i(program.getStage()),
         text(parameter.getSymName()),
         i(rank),
         i(shape[0]),
         i(shape[1]),
         i(shape[2]),
         i(shape[3]),
         i(parameter.getExpert()),
         i(parameter.getSplit().value_or(-1)),
         i(parameter.getAtEnds()),
         i(init),
         emit.f64(parameter.getInitScale()),
         parameter.hasMaster()
             ? offset(parameter, &ParameterOp::getMasterOffset, &FlatOp::getMasterOffset)
             : value,
         offset(parameter, &ParameterOp::getGradientOffset, &FlatOp::getGradientOffset),
         offset(parameter, &ParameterOp::getFirstMomentOffset, &FlatOp::getFirstMomentOffset),
         offset(parameter, &ParameterOp::getSecondMomentOffset, &FlatOp::getSecondMomentOffset),
         parameter.hasMaster() ? value : i(-1),
         i(flat ? flat.getZero() : 0),
         i(parameter.getBegin().value_or(0)),
         i(flat ? flat.getPart() : 0)});
  }

  /// Of a state that a rank has all of, or of the rank's part of the flat's.
  Value offset(ParameterOp parameter, std::optional<int64_t> (ParameterOp::*own)(),
               std::optional<int64_t> (FlatOp::*ofFlat)()) {
    std::optional<int64_t> offset = (parameter.*own)();
    return emit.i64(offset ? *offset : *(parameter.getFlatOp().*ofFlat)());
  }

  Value text(StringRef value) {
    std::string bytes = value.str() + '\0';
    OpBuilder builder = OpBuilder::atBlockBegin(module.getBody());
    auto type = LLVM::LLVMArrayType::get(builder.getI8Type(), bytes.size());
    auto global = builder.create<LLVM::GlobalOp>(
        emit.loc, type, /*isConstant=*/true, LLVM::Linkage::Internal,
        "text." + std::to_string(numTexts++), builder.getStringAttr(bytes));
    return emit.builder.create<LLVM::AddressOfOp>(emit.loc, global);
  }

  ModuleOp module;
  LaunchOp launch;
  Emitter emit;
  Value rt;
  int64_t numTexts = 0;
};
} // namespace

static std::string describeName(Type elementType) {
  std::string name;
  llvm::raw_string_ostream(name) << "sigma_describe_" << elementType;
  return name;
}

void sigma::emitDescription(ModuleOp module, RuntimeAbi &abi, StringRef programHash) {
  LaunchOp launch = *module.getOps<LaunchOp>().begin();
  MLIRContext *context = module.getContext();
  auto target =
      createFunction(module, describeName(launch.getElementType()),
                     LLVM::LLVMVoidType::get(context), LLVM::LLVMPointerType::get(context));
  OpBuilder builder(context);
  target.addEntryBlock(builder);
  Description(module, launch, abi, target).write(programHash);
}

void sigma::emitEntryPoint(ModuleOp module, RuntimeAbi &abi) {
  LaunchOp launch = *module.getOps<LaunchOp>().begin();
  MLIRContext *context = module.getContext();
  Type pointer = LLVM::LLVMPointerType::get(context), i32 = IntegerType::get(context, 32);
  SmallVector<Value> describes;
  auto main = createFunction(module, "main", i32, {i32, pointer});
  OpBuilder builder(context);
  Block *entry = main.addEntryBlock(builder);
  Emitter emit(abi, OpBuilder::atBlockEnd(entry), launch.getLoc());
  for (const std::string &name :
       {describeName(launch.getElementType()), describeName(builder.getF64Type())}) {
    auto describe = module.lookupSymbol<LLVM::LLVMFuncOp>(name);
    if (!describe)
      describe = createFunction(module, name, LLVM::LLVMVoidType::get(context), pointer);
    describes.push_back(emit.builder.create<LLVM::AddressOfOp>(emit.loc, describe));
  }
  Value argc =
      emit.builder.create<LLVM::SExtOp>(emit.loc, builder.getI64Type(), main.getArgument(0));
  Value status = emit.call("sigma_main", {argc, main.getArgument(1), emit.i64(SIGMA_ABI_VERSION),
                                          describes[0], describes[1]});
  Value truncated = emit.builder.create<LLVM::TruncOp>(emit.loc, i32, status);
  emit.builder.create<LLVM::ReturnOp>(emit.loc, truncated);
}
