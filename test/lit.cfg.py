# -*- Python -*-

import os
import shutil
import subprocess

import lit.formats
from lit.llvm import llvm_config
from lit.llvm.subst import ToolSubst

config.name = "sigma"
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".mlir", ".test"]
config.excludes = ["Inputs", "regressions", "unit"]
config.test_source_root = os.path.dirname(__file__)
config.test_exec_root = os.path.join(config.sigma_obj_root, "test")

# No test may hang, whatever its ranks wait for. Needs python3-psutil.
lit_config.maxIndividualTestTime = int(os.environ.get("SIGMA_TEST_TIMEOUT", "600"))

llvm_config.with_environment("PATH", config.llvm_tools_dir, append_path=True)
llvm_config.with_environment("PATH", config.sigma_tools_dir, append_path=True)
config.environment["FILECHECK_OPTS"] = "-enable-var-scope -allow-unused-prefixes=false"

# Ranks of one test share this machine with everything else, whoever runs the tests.
config.environment["OMPI_ALLOW_RUN_AS_ROOT"] = "1"
config.environment["OMPI_ALLOW_RUN_AS_ROOT_CONFIRM"] = "1"
config.environment["OMPI_MCA_rmaps_base_oversubscribe"] = "1"
config.environment["OMPI_MCA_mpi_yield_when_idle"] = "1"
config.environment["OMPI_MCA_hwloc_base_binding_policy"] = "none"
config.environment["OPENBLAS_NUM_THREADS"] = "1"
config.environment["OMP_NUM_THREADS"] = "1"
for name in ("HOME", "TMPDIR", "ASAN_OPTIONS", "LSAN_OPTIONS", "UBSAN_OPTIONS"):
    if name in os.environ:
        config.environment[name] = os.environ[name]

if config.sigma_sanitize.upper() in ("ON", "1", "TRUE", "YES"):
    config.available_features.add("asan")
if shutil.which("mpirun"):
    config.available_features.add("mpi")

# Several hosts on this one: host names and networks of their own.
def has_namespaces(*kinds):
    return os.geteuid() == 0 and subprocess.run(["unshare", *kinds, "true"], capture_output=True).returncode == 0


if all(map(shutil.which, ("slurmctld", "slurmd", "munged", "sbatch"))) and has_namespaces("--mount", "--uts"):
    config.available_features.add("slurm")
if all(map(shutil.which, ("ip", "tc"))) and has_namespaces("--net", "--mount", "--uts"):
    config.available_features.add("namespaces")
if shutil.which("gdb"):
    config.available_features.add("gdb")

# As an argument of a script; where a line calls sigma itself, its name alone will do.
config.substitutions.append(("%sigma", os.path.join(config.sigma_tools_dir, "sigma")))
config.substitutions.append(("%inputs", os.path.join(config.test_source_root, "Inputs")))
# Runs of a program, which must end: %mpirun 4 DIR/train …, %alone DIR/train …; Open MPI keeps memory until the end.
no_leaks = "env ASAN_OPTIONS=" + ":".join(filter(None, [os.environ.get("ASAN_OPTIONS"), "detect_leaks=0"]))
config.substitutions.append(("%mpirun", f"{no_leaks} timeout -k 5 120 mpirun --oversubscribe -n"))
config.substitutions.append(("%alone", f"{no_leaks} timeout -k 5 120"))
config.substitutions.append(("%src_root", config.sigma_src_root))
config.substitutions.append(("%obj_root", config.sigma_obj_root))
config.substitutions.append(("%python", f'"{config.python_executable}"'))
config.substitutions.append(("%host_cxx", config.host_cxx))

llvm_config.use_default_substitutions()

# SIGMA_VERIFY_ROUNDTRIP=1: every run of sigma-opt also prints, parses and compares its input.
roundtrip = os.environ.get("SIGMA_VERIFY_ROUNDTRIP", "0") not in ("", "0")
opt_args = ["--verify-roundtrip"] if roundtrip else []
llvm_config.add_tool_substitutions(
    [
        ToolSubst("sigma-opt", extra_args=opt_args, unresolved="fatal"),
        ToolSubst("sigma", unresolved="ignore"),
        ToolSubst("sigma-lsp-server", unresolved="ignore"),
        ToolSubst("replay-import", unresolved="ignore"),
        ToolSubst("replay-front-end", unresolved="ignore"),
        ToolSubst("sigma-reduce", unresolved="ignore"),
        ToolSubst("sigma-translate", unresolved="ignore"),
        "mlir-opt",
        "mlir-translate",
        "llc",
    ],
    [config.sigma_tools_dir, config.llvm_tools_dir],
)
