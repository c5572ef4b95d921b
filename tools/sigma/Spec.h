//===- Spec.h - the specification that a command works on ---------*- C++ -*-===//

#ifndef TOOLS_SIGMA_SPEC_H
#define TOOLS_SIGMA_SPEC_H

#include "dialects/Sigma/SigmaOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/OwningOpRef.h"
#include "passes/PlannerBridge.h"
#include "planner/Planner.h"
#include "planner/profile/Profile.h"
#include "tools/sigma/Commands.h"
#include "llvm/Support/SourceMgr.h"
#include <memory>
#include <optional>

namespace sigma::driver {

/// A parsed and verified specification with one chosen job. Diagnostics go to standard error.
class Spec {
public:
  Spec();
  ~Spec();

  /// False after an error has been printed.
  bool load(const SpecOptions &options);

  mlir::MLIRContext &context() { return *mlirContext; }
  mlir::ModuleOp module() { return *parsed; }
  mlir::sigma::JobOp job() { return chosen; }
  /// The job as the planner sees it, with what a profile has measured. Fails after an error has
  /// been printed.
  mlir::FailureOr<mlir::sigma::PlanningTask> createTask();

private:
  bool chooseJob(const std::string &name);
  bool applyPins(const std::string &pins);
  bool applyPin(llvm::StringRef key, llvm::StringRef value);
  bool resizeCluster(int64_t devices);
  bool becomeFallback(int64_t devices);
  bool readProfile(const std::string &path);

  std::unique_ptr<mlir::MLIRContext> mlirContext;
  llvm::SourceMgr sources;
  std::unique_ptr<mlir::SourceMgrDiagnosticHandler> handler;
  mlir::OwningOpRef<mlir::ModuleOp> parsed;
  mlir::sigma::JobOp chosen;
  std::optional<sigma::planner::Profile> profile;
  std::string profilePath;
};

/// Prints "error: ..." and returns false.
bool fail(const llvm::Twine &message);

/// What messages call a file.
inline std::string shownPath(const std::string &path) { return path == "-" ? "<stdin>" : path; }

/// Opens a specification; prints an error if that cannot be.
bool openSpec(llvm::StringRef path, llvm::SourceMgr &sources);

/// Whole text of a file, or of standard input for "-"; prints an error if it cannot be read.
bool readText(llvm::StringRef path, std::string &text);

/// Writes a file that appears whole or not at all, or to standard output for "-"; prints an error
/// if it cannot.
bool writeText(llvm::StringRef path, llvm::StringRef text);

/// Searches for the job's best plan; Ctrl-C ends the search with the best plan so far. A terminal
/// shows how far it is.
planner::Answer search(mlir::sigma::PlanningTask &task, planner::SearchOptions options);

} // namespace sigma::driver

#endif
