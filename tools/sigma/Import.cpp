//===- Import.cpp - sigma import ------------------------------------------===//

#include "tools/sigma/import/Import.h"
#include "dialects/Sigma/Counts.h"
#include "mlir/IR/AsmState.h"
#include "tools/sigma/Spec.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/JSON.h"

using namespace sigma::driver;
using mlir::sigma::ModelCounts;
using mlir::sigma::ModelOp;
namespace config = sigma::config;

/// Where each value comes from, as comments, so that the whole stays a specification.
static std::string explain(const config::Imported &imported) {
  size_t paths = 0, values = 0;
  for (const config::Origin &origin : imported.origins) {
    paths = std::max(paths, origin.path.size());
    values = std::max(values, origin.value.size());
  }
  std::string text = "// " + imported.architecture + "\n";
  llvm::raw_string_ostream out(text);
  for (const config::Origin &origin : imported.origins) {
    std::string line = origin.line ? "line " + std::to_string(origin.line) : "";
    out << "//   " << llvm::left_justify(origin.path, paths) << "  "
        << llvm::left_justify(origin.value, values) << "  " << line
        << (origin.line && !origin.why.empty() ? ": " : "") << origin.why << "\n";
  }
  if (!imported.ignored.empty())
    out << "// not read, no part of the architecture: "
        << config::printable(llvm::join(imported.ignored, ", ")) << "\n";
  return text;
}

namespace {
struct NamedCount {
  llvm::StringRef suffix, words;
  mlir::sigma::ParameterCount count;
};
} // namespace

static std::vector<NamedCount> nameCounts(const ModelCounts &counts) {
  return {
      {"", "parameters", counts.all},
      {"WithoutEmbedding", "without embedding", counts.withoutEmbedding},
      {"WithoutEmbeddingAndHead", "without embedding and head", counts.withoutEmbeddingAndHead}};
}

static int64_t countMoeLayers(ModelOp model) {
  return llvm::count_if(model.getLayers(), [](mlir::sigma::Layer layer) { return layer.getMoe(); });
}

static std::string summarizeAsJson(ModelOp model, llvm::StringRef architecture) {
  std::string text;
  llvm::raw_string_ostream out(text);
  llvm::json::OStream json(out, 2);
  json.object([&] {
    json.attribute("name", model.getSymName());
    json.attribute("architecture", architecture);
    json.attribute("layers", model.getNumLayers());
    json.attribute("moeLayers", countMoeLayers(model));
    json.attribute("sequence", model.getSequence());
    for (const NamedCount &count : nameCounts(mlir::sigma::countParameters(model))) {
      json.attribute(("totalParameters" + count.suffix).str(), count.count.total);
      json.attribute(("activeParameters" + count.suffix).str(), count.count.active);
    }
  });
  return text + "\n";
}

static std::string summarizeAsText(ModelOp model, llvm::StringRef architecture) {
  std::string text;
  llvm::raw_string_ostream out(text);
  out << model.getSymName() << ", " << architecture << ": " << model.getNumLayers() << " layers, "
      << countMoeLayers(model) << " of them with experts, sequence " << model.getSequence() << "\n";
  out << llvm::formatv("  {0,-28}{1,20}{2,20}\n", "", "total", "active");
  for (const NamedCount &count : nameCounts(mlir::sigma::countParameters(model)))
    out << llvm::formatv("  {0,-28}{1,20:N}{2,20:N}\n", count.words, count.count.total,
                         count.count.active);
  return text;
}

static std::string summarize(ModelOp model, const ImportOptions &options,
                             llvm::StringRef architecture) {
  return options.json ? summarizeAsJson(model, architecture) : summarizeAsText(model, architecture);
}

int sigma::driver::runImport(const ImportOptions &options) {
  std::string text;
  if (!readText(options.path, text))
    return kUserError;
  mlir::MLIRContext context;
  context.loadDialect<mlir::sigma::SigmaDialect>();
  config::ImportOptions request;
  request.file = options.path == "-" ? "<stdin>" : options.path;
  request.name = options.name;
  if (options.sequence)
    request.sequence = options.sequence;
  auto imported = config::importConfig(text, request, context, llvm::errs());
  if (!imported)
    return kUserError;
  ModelOp model = *imported->module->getOps<ModelOp>().begin();
  std::string spec = options.explain ? explain(*imported) : "";
  llvm::raw_string_ostream(spec) << model << "\n"; // without the module, so that more can be added
  if (options.summary)
    llvm::outs() << summarize(model, options, imported->architecture);
  if (options.summary && options.output.empty())
    return kDone;
  return writeText(options.output.empty() ? "-" : options.output, spec) ? kDone : kUserError;
}
