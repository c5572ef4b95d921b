//===- LinkProgram.cpp - what a C++ compiler does for a program -----------===//

#include "codegen/Codegen.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Process.h"
#include "llvm/Support/Program.h"

using namespace mlir;

/// Runs the C++ compiler with words before and `flags`, a line, after what it is to work on.
static llvm::Error runCompiler(llvm::StringRef what, llvm::ArrayRef<llvm::StringRef> inputs,
                               llvm::StringRef flags, llvm::StringRef output) {
  std::string command = llvm::sys::Process::GetEnv("CXX").value_or("");
  llvm::SmallVector<llvm::StringRef> arguments;
  llvm::SplitString(command, arguments); // it may be two words, as in "ccache g++"
  if (arguments.empty())
    arguments.push_back(command = "c++");
  auto driver = llvm::sys::findProgramByName(arguments.front());
  if (!driver)
    return llvm::createStringError("no C++ compiler '" + command +
                                   "' in PATH; sigma build needs one, $CXX or c++, " + what);
  arguments.append({"-o", output});
  arguments.append(inputs.begin(), inputs.end());
  llvm::SplitString(flags, arguments);

  llvm::SmallString<128> log;
  if (std::error_code error = llvm::sys::fs::createTemporaryFile("sigma-build", "log", log))
    return llvm::createStringError(error, "cannot create a temporary file");
  std::optional<llvm::StringRef> redirects[] = {std::nullopt, log.str(), log.str()};
  std::string message;
  int status =
      llvm::sys::ExecuteAndWait(*driver, arguments, std::nullopt, redirects, 0, 0, &message);
  if (auto text = llvm::MemoryBuffer::getFile(log); status != 0 && text)
    message += (*text)->getBuffer();
  llvm::sys::fs::remove(log);
  if (status != 0)
    return llvm::createStringError("'" + command + "' failed " + what + ": " + message);
  return llvm::Error::success();
}

llvm::Error sigma::compileProgram(llvm::StringRef source, llvm::StringRef shownIn,
                                  llvm::StringRef flags, llvm::StringRef object) {
  std::string shown =
      ("-ffile-prefix-map=" + llvm::sys::path::parent_path(source) + "=" + shownIn).str();
  return runCompiler(("to compile " + llvm::sys::path::filename(source)).str(),
                     {"-c", source, shown}, flags, object);
}

llvm::Error sigma::linkProgram(llvm::ArrayRef<std::string> objects, llvm::StringRef flags,
                               llvm::StringRef output) {
  // It knows the C++ run time; MPI and HDF5 come with the runtime's own flags.
  return runCompiler("to link", llvm::to_vector_of<llvm::StringRef>(objects), flags, output);
}
