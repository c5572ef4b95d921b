//===- Spec.cpp - the specification that a command works on ---------------===//

#include "tools/sigma/Spec.h"
#include "codegen/Codegen.h"
#include "dialects/Rank/RankDialect.h"
#include "dialects/Sigma/Choices.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Support/FileUtilities.h"
#include "planner/Units.h"
#include "tools/sigma/Interrupt.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FileUtilities.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Process.h"
#include "llvm/Support/ToolOutputFile.h"
#include <vector>

using namespace sigma::driver;
using namespace mlir::sigma;

bool sigma::driver::fail(const llvm::Twine &message) {
  llvm::errs() << "error: " << message << "\n";
  return false;
}

/// Reads what may have no end: standard input, a pipe, a device.
static bool readStream(llvm::StringRef path, std::string &text) {
  namespace fs = llvm::sys::fs;
  constexpr size_t kMostBytes = size_t(1) << 28;
  const bool isStandardInput = path == "-";
  const llvm::StringRef shown = isStandardInput ? "<stdin>" : path;
  llvm::Expected<fs::file_t> file =
      isStandardInput ? fs::getStdinHandle() : fs::openNativeFileForRead(path);
  if (!file)
    return fail("cannot open input file '" + shown + "': " + llvm::toString(file.takeError()));
  std::vector<char> chunk(1 << 16);
  llvm::Expected<size_t> got = size_t(0);
  do {
    got = fs::readNativeFile(*file, chunk);
    if (got)
      text.append(chunk.data(), *got);
  } while (got && *got > 0 && text.size() <= kMostBytes);
  if (!isStandardInput)
    fs::closeFile(*file);
  if (!got)
    return fail("cannot read '" + shown + "': " + llvm::toString(got.takeError()));
  return text.size() <= kMostBytes || fail("'" + shown + "' does not end within 256 MiB");
}

bool sigma::driver::readText(llvm::StringRef path, std::string &text) {
  llvm::sys::fs::file_status status;
  const bool isSpecial = !llvm::sys::fs::status(path, status) && llvm::sys::fs::is_other(status);
  if (path == "-" || isSpecial)
    return readStream(path, text);
  std::string message;
  auto file = mlir::openInputFile(path, &message);
  if (!file)
    return fail(message);
  text = file->getBuffer().str();
  return true;
}

/// Writes to what is there and cannot be replaced: a device, a pipe.
static bool writeToSpecial(llvm::StringRef path, llvm::StringRef text) {
  std::error_code problem;
  llvm::raw_fd_ostream stream(path, problem, llvm::sys::fs::CD_OpenExisting);
  if (!problem) {
    stream << text;
    stream.close();
    problem = stream.error();
    stream.clear_error();
  }
  return !problem || fail("cannot write " + path + ": " + problem.message());
}

bool sigma::driver::writeText(llvm::StringRef path, llvm::StringRef text) {
  if (path == "-") {
    llvm::outs() << text;
    return true;
  }
  llvm::sys::fs::file_status status;
  if (!llvm::sys::fs::status(path, status) && llvm::sys::fs::is_other(status))
    return writeToSpecial(path, text);
  llvm::SmallString<128> target; // what a link points to is replaced, not the link
  if (llvm::sys::fs::real_path(path, target))
    target = path;
  if (llvm::Error error = llvm::writeToOutput(target, [&](llvm::raw_ostream &stream) {
        stream << text;
        return llvm::Error::success();
      }))
    return fail("cannot write " + path + ": " + llvm::toString(std::move(error)));
  return true;
}

/// How deep brackets stand in each other, outside of strings and comments.
static size_t nestingOf(llvm::StringRef text) {
  size_t depth = 0, deepest = 0;
  bool inString = false;
  for (size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (inString && c == '\\')
      ++i;
    else if (c == '"')
      inString = !inString;
    else if (inString)
      inString = c != '\n'; // strings end on their line
    else if (c == '/' && text.substr(i).starts_with("//"))
      i = std::min(text.find('\n', i), text.size());
    else if (llvm::StringRef("([{").contains(c))
      deepest = std::max(deepest, ++depth);
    else if (llvm::StringRef(")]}").contains(c) && depth > 0)
      --depth;
  }
  return deepest;
}

bool sigma::driver::openSpec(llvm::StringRef path, llvm::SourceMgr &sources) {
  constexpr size_t kMaxNesting = 256; // the parser recurses
  std::string message;
  auto file = mlir::openInputFile(path, &message);
  if (!file)
    return fail(message);
  if (size_t nesting = nestingOf(file->getBuffer()); nesting > kMaxNesting)
    return fail(file->getBufferIdentifier() + ": brackets are nested " + llvm::Twine(nesting) +
                " deep; supported: " + llvm::Twine(kMaxNesting));
  sources.AddNewSourceBuffer(std::move(file), llvm::SMLoc());
  return true;
}

Spec::Spec() {
  mlir::DialectRegistry registry;
  registry.insert<SigmaDialect, mlir::rank::RankDialect, mlir::LLVM::LLVMDialect>();
  registerCodegenTranslations(registry);
  mlirContext = std::make_unique<mlir::MLIRContext>(registry);
  mlirContext->loadAllAvailableDialects();
  mlirContext->printOpOnDiagnostic(false); // the location says it, and the user wrote the op
}

Spec::~Spec() = default;

bool Spec::load(const SpecOptions &options) {
  if (!openSpec(options.path, sources))
    return false;
  handler = std::make_unique<mlir::SourceMgrDiagnosticHandler>(sources, &context());
  parsed = mlir::parseSourceFile<mlir::ModuleOp>(sources, &context());
  return parsed && chooseJob(options.job) &&
         (options.devices == 0 || resizeCluster(options.devices)) && applyPins(options.pins) &&
         (options.fallback == 0 || becomeFallback(options.fallback)) &&
         mlir::succeeded(mlir::verify(*parsed)) && readProfile(options.profile);
}

bool Spec::readProfile(const std::string &path) {
  if (path.empty())
    return true;
  std::string text;
  if (!readText(path, text))
    return false;
  profilePath = shownPath(path);
  profile = planner::profileFromJson(text);
  return profile->error.empty() || fail(profilePath + ": " + profile->error);
}

mlir::FailureOr<PlanningTask> Spec::createTask() {
  auto task = createPlanningTask(chosen);
  if (mlir::failed(task) || !profile)
    return task;
  planner::Problem &problem = task->problem;
  const std::string error =
      planner::applyProfile(*profile, stringifyPrecision(chosen.getPrecision()).str(),
                            chosen.getTimeMarginPpm(), problem.cluster, problem.remarks);
  if (error.empty())
    return task;
  fail(profilePath + ": " + error);
  return mlir::failure();
}

bool Spec::chooseJob(const std::string &name) {
  auto jobs = llvm::to_vector(parsed->getOps<JobOp>());
  if (name.empty()) {
    if (jobs.size() != 1)
      return mlir::emitError(parsed->getLoc())
                 << "there are " << jobs.size()
                 << " jobs; name one with --job, or state exactly one sigma.job",
             false;
    chosen = jobs.front();
    return true;
  }
  auto found = llvm::find_if(jobs, [&](JobOp job) { return job.getSymName() == name; });
  if (found == jobs.end())
    return mlir::emitError(parsed->getLoc()) << "there is no sigma.job @" << name, false;
  chosen = *found;
  return true;
}

bool Spec::applyPin(llvm::StringRef key, llvm::StringRef value) {
  mlir::Builder builder(&context());
  if (key == choices::kRemat) {
    auto mode = symbolizeRematMode(value);
    if (!mode)
      return fail("--pin: remat is '" + value + "'; it must be none or full");
    chosen.setPinned(key, RematModeAttr::get(&context(), *mode));
    return true;
  }
  if (key == choices::kSchedule) {
    auto schedule = symbolizeSchedule(value);
    if (!schedule)
      return fail("--pin: schedule is '" + value +
                  "'; it must be 1f1b, interleaved, zb-h1 or dualpipev");
    chosen.setPinned(key, ScheduleAttr::get(&context(), *schedule));
    return true;
  }
  // As plan.json spells them, too.
  llvm::StringRef name = key == "microBatch"   ? "micro_batch"
                         : key == "expertZero" ? "expert_zero"
                                               : key;
  if (!llvm::is_contained(choices::sizeNames(), name))
    return fail("--pin: unknown key '" + key + "'; use " + llvm::join(choices::sizeNames(), ", ") +
                ", schedule or remat");
  int64_t number;
  if (value.getAsInteger(10, number) || number < (choices::isZeroStage(name) ? 0 : 1))
    return fail("--pin: " + key + " is '" + value + "'; it must be a positive integer");
  chosen.setPinned(name, builder.getI64IntegerAttr(number));
  return true;
}

bool Spec::applyPins(const std::string &pins) {
  llvm::SmallVector<llvm::StringRef> items;
  llvm::StringRef(pins).split(items, ',', -1, /*KeepEmpty=*/false);
  for (llvm::StringRef item : items) {
    auto [key, value] = item.split('=');
    if (!applyPin(key.trim(), value.trim()))
      return false;
  }
  return true;
}

/// Tiers that the smaller cluster no longer fills shrink to it, the outermost always covers it.
bool Spec::resizeCluster(int64_t devices) {
  ClusterOp cluster = chosen.lookupCluster();
  if (!cluster)
    return true; // the verifier has said so
  if (cluster.getAccelerators().size() > 1)
    return mlir::emitError(cluster.getLoc())
               << "--devices: a cluster of several accelerator kinds has no other size",
           false;
  cluster.setDevices(devices);
  for (AcceleratorOp accelerator : cluster.getAccelerators())
    accelerator.removeDevicesAttr();
  auto tiers = llvm::to_vector(cluster.getBodyRegion().getOps<TierOp>());
  for (TierOp tier : tiers)
    if (tier.getDevices() > devices || tier == tiers.back())
      tier.setDevices(devices);
  for (size_t i = 0; i + 1 < tiers.size(); ++i)
    if (tiers[i].getDevices() == devices)
      tiers[i + 1].erase(), tiers[i + 1] = tiers[i];
  return true;
}

bool Spec::becomeFallback(int64_t devices) {
  for (PlanOp plan : llvm::make_early_inc_range(parsed->getOps<PlanOp>()))
    plan.erase();
  if (mlir::DictionaryAttr pins = chosen.getPin().value_or(mlir::DictionaryAttr())) {
    mlir::NamedAttrList kept;
    for (mlir::NamedAttribute pin : pins)
      if (!choices::isDegree(pin.getName()))
        kept.append(pin);
    chosen.setPinAttr(kept.empty() ? nullptr : kept.getDictionary(&context()));
  }
  return resizeCluster(devices);
}

/// A line that the next one, or what is printed then, takes the place of.
static void showProgress(const planner::Progress &progress) {
  const double share = 100.0 * double(progress.closed) / double(progress.configurations);
  llvm::errs() << llvm::formatv("\r\033[K{0:f1} % of {1} layouts decided", share,
                                progress.configurations);
  if (progress.incumbentNs > 0)
    llvm::errs() << "; best " << planner::formatNs(double(progress.incumbentNs))
                 << ", no plan is faster than " << planner::formatNs(double(progress.lowerBoundNs));
}

planner::Answer sigma::driver::search(PlanningTask &task, planner::SearchOptions options) {
  Interrupt interrupt;
  options.cancelled = Interrupt::isWished;
  const bool isSeen = llvm::sys::Process::StandardErrIsDisplayed();
  if (isSeen)
    options.progress = showProgress;
  planner::Answer answer = planner::plan(task.problem, *task.costs, options);
  if (isSeen)
    llvm::errs() << "\r\033[K";
  return answer;
}
