//===- Build.cpp - sigma build --------------------------------------------===//

#include "codegen/Codegen.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "passes/Passes.h"
#include "planner/Explain.h"
#include "planner/PlanJson.h"
#include "planner/Summary.h"
#include "tools/sigma/ChosenPlan.h"
#include "tools/sigma/PlanLaunch.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Process.h"
#include <unistd.h>

using namespace sigma::driver;
namespace planner = sigma::planner;
namespace fs = llvm::sys::fs;
namespace path = llvm::sys::path;

static std::string join(llvm::StringRef folder, llvm::StringRef name) {
  llvm::SmallString<256> result(folder);
  if (!name.empty())
    path::append(result, name);
  return std::string(result);
}

namespace {
/// The program in one precision; empty: the job's.
struct Program {
  llvm::StringLiteral precision, rank, cpp;
};
constexpr Program kPrograms[] = {{"", "rank.mlir", "program.cpp"},
                                 {"f64", "rank.f64.mlir", "program.f64.cpp"}};

/// Everything is made in a folder beside the output and moved there at the end: files appear whole
/// or not at all.
class Staging {
public:
  explicit Staging(llvm::StringRef output) : output(output) {
    while (this->output.size() > 1 && this->output.back() == '/')
      this->output.pop_back();
    staged = this->output + ".partial-" + std::to_string(llvm::sys::Process::getProcessId());
  }
  ~Staging() { fs::remove_directories(staged); }

  /// A folder for these files, which lies in the output as `name`; for none, it is the output.
  bool add(llvm::StringRef name, llvm::ArrayRef<llvm::StringRef> files) {
    folders.push_back({std::string(name), llvm::to_vector(files)});
    const std::string folder = join(staged, name);
    if (std::error_code error = fs::create_directories(join(folder, "launch")))
      return fail("cannot create " + folder + ": " + error.message());
    return true;
  }

  std::string folder(llvm::StringRef name) const { return join(staged, name); }

  bool publish() {
    removeFallbacks();
    for (const Folder &folder : llvm::reverse(folders)) // the output itself last
      if (!publish(folder))
        return false;
    return true;
  }

private:
  struct Folder {
    std::string name;
    llvm::SmallVector<llvm::StringRef> files; // the most important first
  };

  bool publish(const Folder &folder) {
    const std::string from = join(staged, folder.name), to = join(output, folder.name);
    if (std::error_code error = fs::create_directories(join(to, "launch")))
      return fail("cannot create " + to + ": " + error.message());
    for (llvm::StringRef name : llvm::reverse(folder.files)) // train last
      if (std::error_code error = fs::rename(join(from, name), join(to, name)))
        return fail("cannot write " + join(to, name) + ": " + error.message());
    // Of an earlier build; it would pass for this program's.
    for (const Program &program : kPrograms)
      for (llvm::StringRef name : {program.rank, program.cpp})
        if (!llvm::is_contained(folder.files, name))
          fs::remove(join(to, name));
    return true;
  }

  /// Those of an earlier build, of perhaps another job.
  void removeFallbacks() const {
    std::error_code problem;
    llvm::SmallVector<std::string> old;
    for (fs::directory_iterator entry(output, problem), end; entry != end && !problem;
         entry.increment(problem))
      if (sigma::launch::isFallbackName(path::filename(entry->path()).str()))
        old.push_back(entry->path());
    for (const std::string &folder : old)
      fs::remove_directories(folder);
  }

  std::string output, staged;
  llvm::SmallVector<Folder> folders;
};
} // namespace

/// A job in f64 is its own twin.
static llvm::ArrayRef<Program> programsOf(mlir::sigma::JobOp job) {
  return llvm::ArrayRef(kPrograms).take_front(
      job.getPrecision() == mlir::sigma::Precision::F64 ? 1 : std::size(kPrograms));
}

/// What is written, the most important first.
static llvm::SmallVector<llvm::StringRef> outputsOf(const BuildOptions &options,
                                                    llvm::ArrayRef<Program> programs) {
  llvm::SmallVector<llvm::StringRef> names{"train", "plan.json"};
  for (const Program &program : programs)
    names.push_back(program.rank);
  for (const Program &program : programs)
    if (options.emitsCpp())
      names.push_back(program.cpp);
  names.push_back("launch/mpirun.sh");
  return names;
}

/// The runtime lies beside the tools: bin/sigma and runtime/link.flags, runtime/compile.flags.
static bool readFlags(llvm::StringRef name, std::string &flags) {
  static int anchor;
  std::string self = fs::getMainExecutable("sigma", &anchor);
  std::string root(path::parent_path(path::parent_path(self)));
  return readText(join(join(root, "runtime"), name), flags);
}

/// The chosen job is compiled with the chosen plan; others have no part in it.
static void keepOnly(Spec &spec, const planner::Answer &answer) {
  for (mlir::Operation &op : llvm::make_early_inc_range(*spec.module().getBody()))
    if (mlir::isa<mlir::sigma::PlanOp>(op) ||
        (mlir::isa<mlir::sigma::JobOp>(op) && &op != spec.job()))
      op.erase();
  bool optimal = answer.proof.status == planner::ProofStatus::Optimal;
  mlir::sigma::createPlanOp(spec.job(), answer.plan,
                            optimal ? mlir::sigma::ProofStatus::Optimal
                                    : mlir::sigma::ProofStatus::Unproven);
}

/// Lowers the plan to rank programs in `precision` and writes them, so that the line table can
/// point to the file.
static bool writePrograms(mlir::ModuleOp planned, llvm::StringRef precision,
                          const std::string &file) {
  mlir::OwningOpRef<mlir::ModuleOp> module = planned.clone();
  mlir::PassManager pm(module->getContext());
  mlir::sigma::buildCompilePipeline(pm, precision);
  if (mlir::failed(pm.run(*module)))
    return false;
  std::string text;
  llvm::raw_string_ostream(text) << *module;
  return writeText(file, text);
}

/// The program in the LLVM dialect; locations are lines of the file that it was read from.
static mlir::OwningOpRef<mlir::ModuleOp> lower(Spec &spec, const std::string &file,
                                               llvm::StringRef shownAs, bool entryPoint) {
  std::string text;
  if (!readText(file, text))
    return nullptr;
  llvm::SourceMgr sources;
  sources.AddNewSourceBuffer(llvm::MemoryBuffer::getMemBufferCopy(text, shownAs), llvm::SMLoc());
  auto module = mlir::parseSourceFile<mlir::ModuleOp>(sources, &spec.context());
  if (!module || mlir::failed(mlir::sigma::lowerToLLVM(*module, entryPoint)))
    return nullptr;
  return module;
}

static bool emitObject(mlir::ModuleOp module, const BuildOptions &options,
                       const std::string &objectFile) {
  mlir::sigma::TargetOptions target;
  target.cpu = options.cpu;
  auto object = mlir::sigma::emitObject(module, target);
  if (!object)
    return fail(llvm::toString(object.takeError()));
  return writeText(objectFile, *object);
}

static bool emitCpp(mlir::ModuleOp module, const Program &program, const std::string &cppFile,
                    llvm::StringRef shownIn, const std::string &objectFile) {
  auto text = mlir::sigma::emitCpp(module, program.rank);
  std::string flags;
  if (mlir::failed(text) || !writeText(cppFile, *text) || !readFlags("compile.flags", flags))
    return false;
  if (llvm::Error error = mlir::sigma::compileProgram(cppFile, shownIn, flags, objectFile))
    return fail(llvm::toString(std::move(error)));
  return true;
}

/// `shownIn`: where the files of `folder` will be.
static bool generate(Spec &spec, const BuildOptions &options, const sigma::launch::Launch &launch,
                     const std::string &folder, const std::string &shownIn) {
  std::string linkFlags;
  llvm::SmallString<256> shown(shownIn);
  fs::make_absolute(shown);
  if (!readFlags("link.flags", linkFlags))
    return false;
  llvm::SmallVector<std::string> objects;
  for (const Program &program : programsOf(spec.job())) {
    std::string file = join(folder, program.rank);
    bool isPrimary = objects.empty();
    objects.push_back(file + ".o");
    if (!writePrograms(spec.module(), program.precision, file))
      return false;
    auto module = lower(spec, file, join(shown, program.rank), isPrimary);
    if (!module)
      return false;
    if (!(options.emitsCpp()
              ? emitCpp(*module, program, join(folder, program.cpp), shown, objects.back())
              : emitObject(*module, options, objects.back())))
      return false;
  }
  if (llvm::Error error = mlir::sigma::linkProgram(objects, linkFlags, join(folder, "train")))
    return fail(llvm::toString(std::move(error)));
  std::string script = join(folder, "launch/mpirun.sh");
  return writeText(script, sigma::launch::mpirunScript(launch)) &&
         !fs::setPermissions(script, fs::perms(0755));
}

namespace {
/// What was built.
struct Built {
  std::string folder; // in the output
  int64_t ranks;
  std::string summary;
  llvm::SmallVector<llvm::StringRef> files;
};
} // namespace

static void report(const BuildOptions &options, llvm::ArrayRef<Built> all) {
  if (!options.json) {
    for (const Built &built : all) {
      llvm::outs() << built.summary << "\nwrote " << join(options.output, built.folder) << "/{";
      llvm::interleaveComma(built.files, llvm::outs());
      llvm::outs() << "}\n";
    }
    return;
  }
  llvm::json::OStream json(llvm::outs(), 2);
  const auto program = [&](const Built &built) {
    const std::string folder = join(options.output, built.folder);
    json.attribute("output", built.folder.empty() ? options.output : folder);
    json.attribute("ranks", built.ranks);
    json.attribute("train", join(folder, "train"));
    json.attribute("launch", join(folder, "launch/mpirun.sh"));
  };
  json.object([&] {
    program(all.front());
    if (all.size() > 1)
      json.attributeArray("fallbacks", [&] {
        for (const Built &built : all.drop_front())
          json.object([&] { program(built); });
      });
  });
  llvm::outs() << "\n";
}

static bool refuse(mlir::Location loc, const llvm::Twine &what, llvm::StringRef instead) {
  mlir::emitError(loc) << what << ", which sigma plan plans but sigma build cannot run yet; "
                       << instead;
  return false;
}

/// What sigma plan plans and no program does yet.
static bool requireRunnable(mlir::sigma::JobOp job) {
  using mlir::sigma::Precision;
  if (job.getPrecision() == Precision::FP8)
    return refuse(job.getLoc(), "'precision' is fp8", "use bf16 or f32");
  if (auto moments = job.getOptimizer().getMoments(); moments == Precision::BF16)
    return refuse(job.getOptimizer().getLoc(), "'moments' are " + stringifyPrecision(*moments),
                  "leave them out");
  const Precision state = job.getPrecision() == Precision::F64 ? Precision::F64 : Precision::F32;
  if (auto reduce = job.getReduce(); reduce && *reduce != state)
    return refuse(job.getLoc(), "'reduce' is " + stringifyPrecision(*reduce), "leave it out");
  if (job.getDispatch() != mlir::sigma::Dispatch::PerChoice)
    return refuse(job.getLoc(), "'dispatch' is " + stringifyDispatch(job.getDispatch()),
                  "leave it out");
  if (job.getScratchGradients())
    return refuse(job.getLoc(), "'scratch_gradients'", "leave it out");
  if (job.getF32Logits())
    return refuse(job.getLoc(), "'f32_logits'", "leave it out");
  if (job.getEagerExperts())
    return refuse(job.getLoc(), "'eager_experts'", "leave it out");
  return true;
}

/// The same of the plan that was chosen.
static bool requireRunnable(mlir::sigma::JobOp job, const planner::Layout &layout) {
  mlir::sigma::OverlapAttr overlap = job.getOverlapAttr();
  if (overlap && overlap.getExpertPpm() > 0 && layout.schedule == planner::Schedule::DualPipeV &&
      layout.ep > 1)
    return refuse(job.getLoc(), "'overlap' of expert_ppm with dualpipev",
                  "leave it out, or pin another schedule");
  return true;
}

/// Plans and generates one program; `name`: its folder in the output.
static int buildOne(const BuildOptions &options, const std::string &name, Staging &staging,
                    Built &built) {
  Spec spec;
  if (!spec.load(options.spec) || !requireRunnable(spec.job()))
    return kUserError;
  auto task = spec.createTask();
  if (mlir::failed(task))
    return kUserError;
  planner::Answer answer;
  if (int status = choosePlan(spec, options.plan, options.timeLimitS, *task, answer))
    return status;
  if (!requireRunnable(spec.job(), answer.plan.layout))
    return kUserError;
  keepOnly(spec, answer);
  built = {name, answer.plan.layout.numRanks(), planner::summarize(task->problem, answer.plan),
           outputsOf(options, programsOf(spec.job()))};
  const std::string folder = staging.folder(name);
  const std::string json = planner::toJson(task->problem, answer);
  const bool done = staging.add(name, built.files) && writeText(join(folder, "plan.json"), json) &&
                    generate(spec, options, launchOf(planner::fromJson(json)), folder,
                             join(options.output, name));
  return done ? kDone : kUserError;
}

/// The same job on fewer devices.
static int buildFallback(const BuildOptions &options, int64_t devices, Staging &staging,
                         Built &built) {
  BuildOptions smaller = options;
  smaller.spec.fallback = devices;
  smaller.plan.clear();
  const std::string name = sigma::launch::fallbackName(devices);
  if (int status = buildOne(smaller, name, staging, built))
    return fail("there is no fallback for " + std::to_string(devices) +
                " devices; leave it out of --fallback"),
           status;
  return kDone;
}

/// Each is smaller than the one before.
static bool requireSmaller(const Built &built, const Built &before) {
  return built.ranks < before.ranks ||
         fail("--fallback: a plan of " + std::to_string(built.ranks) +
              " ranks is not smaller than " + std::to_string(before.ranks));
}

int sigma::driver::runBuild(const BuildOptions &options) {
  Staging staging(options.output);
  llvm::SmallVector<Built> all(1);
  if (int status = buildOne(options, "", staging, all.front()))
    return status;
  std::vector<int64_t> fallbacks = options.fallbacks;
  llvm::sort(fallbacks, std::greater<>());
  for (int64_t devices : fallbacks) {
    all.emplace_back();
    if (int status = buildFallback(options, devices, staging, all.back()))
      return status;
    if (!requireSmaller(all.back(), all[all.size() - 2]))
      return kUserError;
  }
  if (!staging.publish())
    return kUserError;
  report(options, all);
  return kDone;
}
