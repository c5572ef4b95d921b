//===- RematSet.cpp - which values of a layer backward makes again -------===//

#include "dialects/Rank/RematSet.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace mlir::rank;

/// Adds a path after all paths that it is part of.
static void addModule(SmallVector<StringRef> &modules, StringRef path) {
  if (llvm::is_contained(modules, path))
    return;
  if (size_t dot = path.rfind('.'); dot != StringRef::npos)
    addModule(modules, path.take_front(dot));
  modules.push_back(path);
}

LayerModules rank::layerModules(FuncOp forward) {
  LayerModules modules;
  for (Operation &op : forward.getBody().front()) {
    auto layer = op.getAttrOfType<IntegerAttr>(kLayerAttr);
    auto path = op.getAttrOfType<StringAttr>(kModuleAttr);
    if (layer && path)
      addModule(modules[layer.getInt()], path);
  }
  return modules;
}

StringRef rank::moduleName(StringRef path) { return path.substr(path.rfind('.') + 1); }

/// Whether a path is that of `module` or of a part of it.
static bool isWithin(StringRef path, StringRef module) {
  return path.consume_front(module) && (path.empty() || path.front() == '.');
}

FailureOr<RematSet> RematSet::parse(StringRef name, ArrayRef<StringRef> modules) {
  RematSet set;
  set.isFull = name == kFull;
  if (set.isFull || name == kNone)
    return set;
  SmallVector<StringRef> left(llvm::split(name == kSelective ? "core_attn" : name, '+'));
  for (StringRef path : modules) {
    auto named = llvm::remove_if(left, [&](StringRef part) { return part == moduleName(path); });
    bool isKnown =
        llvm::any_of(set.dropped, [&](StringRef outer) { return isWithin(path, outer); });
    if (named != left.end() && !isKnown)
      set.dropped.push_back(path);
    left.erase(named, left.end());
  }
  if (!left.empty())
    return failure();
  return set;
}

std::string RematSet::name() const {
  if (isFull)
    return kFull.str();
  if (dropped.empty())
    return kNone.str();
  return llvm::join(llvm::map_range(dropped, moduleName), "+");
}

bool RematSet::drops(Value value) const {
  if (isFull)
    return true;
  auto path = value.getDefiningOp()->getAttrOfType<StringAttr>(kModuleAttr);
  if (!path || !isa<FloatType>(getElementTypeOrSelf(value)))
    return false;
  return llvm::any_of(dropped, [&](StringRef module) { return isWithin(path, module); });
}

static LogicalResult reportMode(ProgramOp program, int64_t layer, StringRef name,
                                ArrayRef<StringRef> modules) {
  InFlightDiagnostic error = program.emitOpError()
                             << "'remat' of layer " << layer << " is '" << name << "'; it must be ";
  if (modules.empty())
    return error << "'none' or 'full'";
  error << "'none', 'full' or some of ";
  llvm::interleaveComma(modules, error,
                        [&](StringRef path) { error << '\'' << moduleName(path) << '\''; });
  return error << ", joined by '+'";
}

FailureOr<SmallVector<RematSet>> rank::rematSets(ProgramOp program) {
  auto names = llvm::to_vector(program.getRemat().getAsValueRange<StringAttr>());
  SmallVector<RematSet> sets;
  for (auto [forward, first, end] :
       llvm::zip_equal(program.getForwards(), program.getFirstLayers(), program.getEndLayers())) {
    LayerModules modules = layerModules(forward);
    for (int64_t layer = first; layer < end; ++layer) {
      StringRef name = names[sets.size()];
      FailureOr<RematSet> set = RematSet::parse(name, modules.lookup(layer));
      if (failed(set))
        return reportMode(program, layer, name, modules.lookup(layer));
      sets.push_back(*set);
    }
  }
  return sets;
}
