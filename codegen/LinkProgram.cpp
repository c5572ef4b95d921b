//===- LinkProgram.cpp - objects and the runtime to one binary ------------===//

#include "codegen/Codegen.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Program.h"

using namespace mlir;

llvm::Error sigma::linkProgram(llvm::ArrayRef<std::string> objects, llvm::StringRef linkFlags,
                               llvm::StringRef output) {
  // The compiler driver knows the C++ run time; MPI and HDF5 come with the runtime's own flags.
  auto driver = llvm::sys::findProgramByName("c++");
  if (!driver)
    return llvm::createStringError(
        "no C++ compiler driver 'c++' in PATH; sigma build needs one to link");
  llvm::SmallVector<llvm::StringRef> arguments{*driver, "-o", output};
  arguments.append(objects.begin(), objects.end());
  llvm::SmallVector<llvm::StringRef> flags;
  llvm::SplitString(linkFlags, flags);
  arguments.append(flags.begin(), flags.end());

  llvm::SmallString<128> log;
  if (std::error_code error = llvm::sys::fs::createTemporaryFile("sigma-link", "log", log))
    return llvm::createStringError(error, "cannot create a temporary file");
  std::optional<llvm::StringRef> redirects[] = {std::nullopt, log.str(), log.str()};
  std::string message;
  int status =
      llvm::sys::ExecuteAndWait(*driver, arguments, std::nullopt, redirects, 0, 0, &message);
  if (auto text = llvm::MemoryBuffer::getFile(log); status != 0 && text)
    message += (*text)->getBuffer();
  llvm::sys::fs::remove(log);
  if (status != 0)
    return llvm::createStringError("linking failed: " + message);
  return llvm::Error::success();
}
