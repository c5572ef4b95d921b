# Compiler settings for all of this project's own code.

# Rebuilds of an unchanged file take no time, in this clone and in others of the same user.
find_program(SIGMA_CCACHE ccache)
if(SIGMA_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(launcher ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${PROJECT_SOURCE_DIR} CCACHE_NOHASHDIR=1 ${SIGMA_CCACHE})
  set(CMAKE_C_COMPILER_LAUNCHER ${launcher})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${launcher})
endif()

# -Wno-unused-parameter: tablegen's output, and LLVM's own habit.
add_compile_options(-Wall -Wextra -Wno-unused-parameter)
# g++ 12 takes std::optional's empty state for uninitialized memory; LLVM turns this off as well.
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  add_compile_options($<$<COMPILE_LANGUAGE:CXX>:-Wno-maybe-uninitialized>)
endif()
if(SIGMA_WERROR)
  add_compile_options(-Werror)
endif()

# CMake's optimized build types define NDEBUG. Debian's LLVM is built without assertions, and mixing
# is safe except for pass statistics, which this project does not use.
if(SIGMA_ASSERTIONS)
  add_compile_options(-UNDEBUG)
endif()

if(SIGMA_SANITIZE)
  add_compile_options(-fsanitize=address,undefined -fno-sanitize-recover=undefined
    -fno-omit-frame-pointer)
  add_link_options(-fsanitize=address,undefined)
endif()
