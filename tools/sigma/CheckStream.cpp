//===- CheckStream.cpp - sigma check --stream -----------------------------===//
//
// Many plans in one process, for programs that try efficiencies or layouts: each line of standard
// input is
// {"spec": TEXT, "plan": {…}}, each line of standard output what `sigma check --json` says, or
// {"error": TEXT}. What a model costs at a sharding is expanded once, however many specifications
// hold that model.
//
//===----------------------------------------------------------------------===//

#include "dialects/Rank/RankDialect.h"
#include "mlir/Parser/Parser.h"
#include "planner/PlanJson.h"
#include "tools/sigma/CheckJson.h"
#include "tools/sigma/Spec.h"
#include <iostream>
#include <map>
#include <tuple>

using namespace sigma::driver;
namespace planner = sigma::planner;
using planner::LayerCost;
using planner::Sharding;

namespace {
/// The cost tables of a model in one precision and sequence; keeps the specification that they are
/// asked of.
class KnownCosts : public planner::CostSource {
public:
  KnownCosts(mlir::OwningOpRef<mlir::ModuleOp> module, std::unique_ptr<CostSource> source)
      : module(std::move(module)), source(std::move(source)) {}

  LayerCost embedding(const Sharding &sharding) override {
    return known(-1, sharding, [&] { return source->embedding(sharding); });
  }
  LayerCost layer(int kind, const Sharding &sharding) override {
    return known(kind, sharding, [&] { return source->layer(kind, sharding); });
  }
  LayerCost head(const Sharding &sharding) override {
    return known(-2, sharding, [&] { return source->head(sharding); });
  }
  int64_t boundaryBytes(const Sharding &sharding) override {
    return source->boundaryBytes(sharding);
  }
  int64_t batchBytes(const Sharding &sharding) override { return source->batchBytes(sharding); }
  int64_t workspaceBytes(const Sharding &sharding) override {
    return source->workspaceBytes(sharding);
  }

private:
  using Key = std::tuple<int, int64_t, int64_t, int64_t, int64_t, int64_t, int>;

  template <typename Compute>
  LayerCost known(int piece, const Sharding &s, Compute compute) {
    Key key{piece, s.microBatch, s.tp, s.cp, s.etp, s.ep, int(s.contextKind)};
    auto found = costs.find(key);
    if (found == costs.end())
      found = costs.emplace(key, compute()).first;
    return found->second;
  }

  mlir::OwningOpRef<mlir::ModuleOp> module;
  std::unique_ptr<CostSource> source;
  std::map<Key, LayerCost> costs;
};

/// Answers lines, one after the other.
class Stream {
public:
  Stream() : context(registry(), mlir::MLIRContext::Threading::DISABLED) {
    context.loadAllAvailableDialects();
  }

  /// What is wrong with the line, if something is.
  std::string answer(llvm::StringRef line, planner::CheckResult &result);

private:
  static mlir::DialectRegistry registry() {
    mlir::DialectRegistry dialects;
    dialects.insert<mlir::sigma::SigmaDialect, mlir::rank::RankDialect>();
    return dialects;
  }

  planner::CostSource &costsOf(mlir::sigma::JobOp job, mlir::OwningOpRef<mlir::ModuleOp> module,
                               std::unique_ptr<planner::CostSource> fresh);

  mlir::MLIRContext context;
  std::map<std::string, std::unique_ptr<KnownCosts>> known;
};
} // namespace

planner::CostSource &Stream::costsOf(mlir::sigma::JobOp job,
                                     mlir::OwningOpRef<mlir::ModuleOp> module,
                                     std::unique_ptr<planner::CostSource> fresh) {
  std::string key;
  llvm::raw_string_ostream text(key);
  job.lookupModel().print(text);
  text << int(job.getPrecision()) << " " << job.getTrainedSequence() << " " << job.getBatch() << " "
       << job.getExpertCapacityPpm().value_or(0) << " " << job.getScratchGradients() << " "
       << job.getF32Logits() << " " << job.getEagerExperts() << " " << int(job.getDispatch());
  std::unique_ptr<KnownCosts> &costs = known[text.str()];
  if (!costs)
    costs = std::make_unique<KnownCosts>(std::move(module), std::move(fresh));
  return *costs;
}

std::string Stream::answer(llvm::StringRef line, planner::CheckResult &result) {
  auto parsed = llvm::json::parse(line);
  if (!parsed)
    return llvm::toString(parsed.takeError());
  const llvm::json::Object *question = parsed->getAsObject();
  auto spec = question ? question->getString("spec") : std::nullopt;
  const llvm::json::Object *plan = question ? question->getObject("plan") : nullptr;
  if (!spec || !plan)
    return "a line is an object with \"spec\", a text, and \"plan\", an object";

  std::string message;
  mlir::ScopedDiagnosticHandler collect(&context, [&](mlir::Diagnostic &diagnostic) {
    if (message.empty())
      message = diagnostic.str();
  });
  auto module = mlir::parseSourceString<mlir::ModuleOp>(*spec, &context);
  if (!module)
    return message;
  auto jobs = llvm::to_vector(module->getOps<mlir::sigma::JobOp>());
  if (jobs.size() != 1)
    return "there are " + std::to_string(jobs.size()) + " jobs; state exactly one sigma.job";
  auto task = mlir::sigma::createPlanningTask(jobs.front());
  if (mlir::failed(task))
    return message;
  std::string planText;
  llvm::raw_string_ostream(planText) << llvm::json::Value(llvm::json::Object(*plan));
  planner::PlanDocument document = planner::fromJson(planText);
  if (!document.error.empty())
    return document.error;
  planner::CostSource &costs = costsOf(jobs.front(), std::move(module), std::move(task->costs));
  result = planner::check(task->problem, costs, document.answer.plan);
  return result.error;
}

int sigma::driver::runCheckStream() {
  Stream stream;
  std::string line;
  while (std::getline(std::cin, line)) {
    planner::CheckResult result;
    std::string error = stream.answer(line, result);
    {
      llvm::json::OStream json(llvm::outs());
      json.object([&] {
        if (error.empty())
          writeAttributes(json, result);
        else
          json.attribute("error", error);
      });
    }
    llvm::outs() << "\n";
    llvm::outs().flush();
  }
  return kDone;
}
